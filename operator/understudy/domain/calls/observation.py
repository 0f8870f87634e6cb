"""What a finished call tells the operator, and what a proxy reports about itself.

Served by every proxy on `GET /v1/state?assistant=NS/NAME&after=SEQ&generation=G&wait=SECONDS` (admin port): returns at
once when there is an observation past SEQ or the applied generation differs from G, otherwise after `wait` seconds.
"""

from enum import StrEnum

from pydantic import Field

from understudy.domain.revision.snapshot import Document
from understudy.domain.routing.document import Arm

MAX_TURNS = 200
"""Turns kept per call: an hour of brisk talk; later turns are counted by nobody and change no verdict."""

JUDGED_TURNS = 40
"""Turns after which a call is judged though it goes on: about ten minutes of talk, five times the length of a usual
call. Evidence is then late by so much at most, and not by `maxCallDuration`."""

MAX_BUFFERED = 5000
"""Finished calls a proxy keeps for the operator: an hour of an outage at one call a second on one replica."""


class CallEnd(StrEnum):
    """How a call ended."""

    CALLER_HUNG_UP = "CallerHungUp"
    ASSISTANT_ENDED = "AssistantEnded"
    MAX_DURATION = "MaxDuration"
    DROPPED = "Dropped"
    """Ended by a failure of ours or of a provider: what the dropped-call rate counts."""


class CallPart(StrEnum):
    """What of a call an observation tells. Each signal of a call is told once, by `Whole` or by one of the others."""

    WHOLE = "Whole"
    TURNS = "Turns"
    """The first `JUDGED_TURNS` turns of a call that goes on: everything but how it ended."""
    END = "End"
    """How such a call ended, and nothing else."""


class Defect(StrEnum):
    """What was wrong with the assistant's answer, as far as the proxy can tell by itself."""

    EMPTY = "Empty"
    REPEATED = "Repeated"
    REPROMPT = "Reprompt"


class TurnRecord(Document):
    """One turn: the caller spoke, the assistant answered. Milliseconds; absent means not measured, never zero."""

    total_ms: float | None = None
    """Caller's last audible frame → first audible frame to the caller."""
    transcriber_ms: float | None = None
    """Caller's last audible frame → model request."""
    model_ms: float | None = None
    """Model request → first speakable clause."""
    voice_ms: float | None = None
    """First text to the voice → first audio from it."""
    rescued: bool = False
    """Served by stable although the call's arm was the canary: no evidence about the canary."""
    defects: tuple[Defect, ...] = ()
    answered: bool = True
    """False when no answer became audible before the caller went on or hung up."""


class ShadowTurn(Document):
    """A turn of a stable call that the canary's model was asked as well. Its answer was discarded."""

    stable_ms: float | None = None
    """Model request → first speakable clause; None: there was none."""
    canary_ms: float | None = None
    stable_defects: tuple[Defect, ...] = ()
    canary_defects: tuple[Defect, ...] = ()
    other_ms: float = 0.0
    """What the turn took besides the model, the same for both."""


class CallObservation(Document):
    """One finished call."""

    seq: int
    """Grows by one per observation of one assistant on one proxy (`ProxyReport.boot_id`)."""
    call_id: str
    revision: str
    """Short digest of the revision the call started on."""
    arm: Arm
    started_at: float
    ended_at: float
    recorded_at: float
    """Seconds since the epoch."""
    part: CallPart = CallPart.WHOLE
    """Of a call that is told in two observations, each with a `seq` of its own."""
    end: CallEnd
    """Without a meaning in `CallPart.TURNS`."""
    cause: str = ""
    """Why it was dropped; no personal data."""
    rescued: bool = False
    first_response_ms: float | None = None
    """Call accepted → first audible frame to the caller."""
    turns: tuple[TurnRecord, ...] = ()
    tool_calls: int = 0
    tool_failures: int = 0
    webhook_calls: int = 0
    webhook_errors: int = 0
    failovers: int = 0
    connected: bool = True
    """False: no agent took the call."""
    transcriber_failovers: int = 0
    voice_failovers: int = 0
    interruptions: int = 0
    """Answers that the caller talked over."""
    judge_score: float | None = None
    """Of `quality.judge`, 0 to 1; None: not scored."""
    webhook_score: float | None = None
    """Of `quality.webhook`, 0 to 1; None: not scored."""
    shadow: tuple[ShadowTurn, ...] = ()
    """Mirrored turns."""
    completed: bool | None = None
    """True: a goodbye was said. False: the caller gave up. None: cannot tell."""


class CredentialProblem(Document):
    """A Secret that is missing, incomplete or not allowed for the account's host."""

    account: str
    secret: str
    reason: str
    """MissingSecret, MissingKey, HostNotAllowed, TokenRefused or TokenUnavailable (by Microsoft Entra), or Refused (by
    the provider)."""
    message: str
    revisions: tuple[str, ...] = ()
    """Short digests of the revisions that need it."""


class GoldenResult(Document):
    """One golden call after it was played."""

    name: str
    """Its key in the ConfigMap."""
    failures: tuple[str, ...] = ()
    """Expectations that were not met, each with the turn's number and what came instead; empty: passed."""


class ReplayReport(Document):
    """A replay that this proxy was told to play (`RoutingDocument.replay`)."""

    id: str
    done: bool = False
    results: tuple[GoldenResult, ...] = ()
    """Of the calls that are over."""
    error: str = ""
    """Why it could not be played at all."""


class Stopped(Document):
    """A canary that this proxy sends no new calls to any more, because it is beyond a ceiling."""

    revision: str
    slo: str
    value_percent: float
    """As the user wrote the SLO."""
    ceiling_percent: float
    calls: int
    """The canary's on this proxy."""
    at: float
    """Seconds since the epoch."""


class ProxyReport(Document):
    """Answer of `/v1/state` for one assistant."""

    pod: str
    boot_id: str
    """New at each start of the process; observation sequence numbers are per boot."""
    generation: int
    """The routing document in force: the acknowledgement."""
    applied_at: float = 0.0
    """When it came into force, seconds since the epoch."""
    draining: bool = False
    key_id: str = ""
    public_key: str = ""
    live_calls: dict[str, int] = Field(default_factory=dict)
    """Calls in progress per revision."""
    rescued_calls: int = 0
    """Calls rescued since the process started."""
    problems: tuple[CredentialProblem, ...] = ()
    replay: ReplayReport | None = None
    stopped: Stopped | None = None
    observations: tuple[CallObservation, ...] = ()
    """Those past `after`, oldest first, at most 500."""
    lost_before: int = 0
    """Observations up to this number were discarded unread (buffer full)."""
