"""What a policy is: the contract of the production `Turn`, so that the driver is the same for all."""

from collections.abc import Callable, Mapping
from typing import Protocol

from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from understudy.domain.routing.pool.step import Failure, Step


class Turn(Protocol):
    """One request on its way; the part of the production `Turn` that time to the first clause depends on."""

    def start(self, now: float) -> Step:
        """Fire the first request."""
        ...

    def clause(self, shot: int, now: float) -> Step:
        """The first clause came."""
        ...

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:
        """A request failed."""
        ...

    def tick(self, now: float) -> Step:
        """The time asked for has come."""
        ...


class Policy(Protocol):
    """One copy of a policy. `probes` counts requests of a single token that it sent beside the traffic."""

    probes: int

    def turn(self, request: Request, now: float) -> Turn:
        """A request arrives."""
        ...

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None:
        """An answer of an account with a limit came."""
        ...


Factory = Callable[[Providers, int], list[Policy]]
"""From the providers of a run and a seed to `world.replicas` copies of a policy."""
