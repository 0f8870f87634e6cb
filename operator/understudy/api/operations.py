"""Where tool calls go, how much is admitted, what is allowed: `spec.server`, `spec.capacity`, `spec.compliance`."""

from typing import Annotated

from pydantic import Field

from understudy.api.accounts import Zone
from understudy.api.base import ApiModel, DurationText, HttpUrl, LocalRef, duration_between
from understudy.api.markers import NotBuilt

MAX_ZONES = 16
"""Data zones of one assistant; every account is held against each."""


class Server(ApiModel):
    """Your webhook: tool calls are sent to it."""

    url: HttpUrl
    """Where they are POSTed."""
    secret_ref: LocalRef | None = None
    """Secret whose apiKey signs the requests. Absent: they are not signed."""
    timeout: Annotated[DurationText, duration_between("100ms", "60s", "5s")] = "5s"
    """Longest wait for the answer to one request."""


class Capacity(ApiModel):
    """How many calls, and how long."""

    calls_per_agent: Annotated[int, Field(ge=1, le=50)] = 10
    """Calls an agent pod takes at once. Measured: 12 to 15 keep the turn fast on one core, twenty saturate it."""
    max_call_duration: Annotated[DurationText, duration_between("1m", "4h", "30m")] = "30m"
    """Longest call; then it is ended. Pods that go away wait this long for their calls."""
    max_concurrent_calls: Annotated[
        int | None,
        Field(ge=1, le=100_000),
        NotBuilt("limit calls at the carrier, or with agent.replicas.min times callsPerAgent"),
    ] = None
    """Calls of the assistant at once."""
    daily_call_cap: Annotated[int | None, Field(ge=1, le=100_000_000), NotBuilt("set the cap at the carrier")] = None
    """Calls a day."""
    alert_at_percent: Annotated[int | None, Field(ge=1, le=100), NotBuilt("alert on the proxies' metrics")] = None
    """Percent of a limit at which it alerts."""


class Compliance(ApiModel):
    """What the providers must be allowed to hear."""

    hipaa: bool = False
    """Health data: only deepgram and azure may be fallback transcribers, automatic ones included, wherever they are
    listed. The first transcriber and everything else is yours to choose, and to have an agreement for."""
    pci: bool = False
    """Card data: as hipaa."""
    data_zones: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=MAX_ZONES)] | None = None
    """Zones, or regions, that the caller's data may go to, such as eu. Accounts whose region is not known to be in one
    are refused where they are named, and left out where they would follow by themselves. Absent: anywhere."""
