"""What people do without us: one deployment, a poll, live latencies. None of them cuts; all retry what failed."""

import math
import random
from collections.abc import Callable, Mapping

from tests.bench.routing.policy import Factory, Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from understudy.domain.routing.pool.step import Failure, Shot, Step, Why

POLL_S = 600.0
"""Ten minutes, as in the story."""

EWMA = 0.1
"""Weight of the latest latency in `live`: of 0.05 to 1 the one with which both live policies do best."""

EXPLORE = 0.05
"""Share of requests that `live_explore` sends anywhere."""


class Ordered:
    """A turn that tries `order()` one by one until one answers; learns how long it took."""

    def __init__(self, order: Callable[[], list[int]], learn: Callable[[int, float], None], failed_s: float) -> None:
        self._order = order
        self._learn = learn
        self._failed_s = failed_s
        self._left: list[int] | None = None
        self._shots: list[Shot] = []

    def start(self, now: float) -> Step:
        self._left = self._order()
        return self._next(Why.FASTEST, now)

    def clause(self, shot: int, now: float) -> Step:
        won = self._shots[shot]
        self._learn(won.target, now - won.at)
        return Step()

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:  # noqa: ARG002
        """A failure counts as the longest hang: an average that forgot it would return there at once."""
        self._learn(self._shots[shot].target, self._failed_s)
        return self._next(Why.RETRY, now)

    def tick(self, now: float) -> Step:  # noqa: ARG002
        return Step()

    def _next(self, why: Why, now: float) -> Step:
        if not self._left:
            return Step(over=True)
        shot = Shot(len(self._shots), self._left.pop(0), why, exploring=False, at=now, cut_at=math.inf)
        self._shots.append(shot)
        return Step(fire=(shot,))


class Fixed:
    """`single`: the one that is fastest when the choice is made, once; the others in order when it fails."""

    probes = 0

    def __init__(self, providers: Providers) -> None:
        deployments = providers.world.deployments
        chosen = min(range(len(deployments)), key=lambda index: deployments[index].at(0.0).median_s)
        self._order = [chosen, *(index for index in range(len(deployments)) if index != chosen)]

    def turn(self, request: Request, now: float) -> Ordered:  # noqa: ARG002
        return Ordered(self._order.copy, lambda _index, _seconds: None, 0.0)

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...


class Poll:
    """`poll`: every ten minutes a request of one token to each; all traffic to the one that answered first."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._next_at = 0.0
        self._order: list[int] = []
        self.probes = 0

    def turn(self, request: Request, now: float) -> Ordered:  # noqa: ARG002
        if now >= self._next_at:
            self._poll(now)
        return Ordered(self._order.copy, lambda _index, _seconds: None, 0.0)

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...

    def _poll(self, now: float) -> None:
        number = int(now / POLL_S)
        self._next_at = (number + 1) * POLL_S
        taken = [self._providers.probe(index, number, now) for index in range(len(self._providers.world.deployments))]
        self._order = sorted(range(len(taken)), key=lambda index: taken[index] or math.inf)
        self.probes += len(taken)


class Live:
    """`live`: all to the lowest average of latest latencies; whoever was never asked is asked first."""

    probes = 0

    def __init__(self, providers: Providers, explore: float, seed: int) -> None:
        self._mean: list[float] = [0.0] * len(providers.world.deployments)
        self._hang_s = providers.world.hang_s
        self._explore = explore
        self._draw = random.Random(seed)

    def turn(self, request: Request, now: float) -> Ordered:  # noqa: ARG002
        return Ordered(self._order, self._learn, self._hang_s)

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...

    def _order(self) -> list[int]:
        order = sorted(range(len(self._mean)), key=self._mean.__getitem__)
        if self._explore and self._draw.random() < self._explore:
            order.insert(0, order.pop(self._draw.randrange(len(order))))
        return order

    def _learn(self, index: int, seconds: float) -> None:
        mean = self._mean[index]
        self._mean[index] = seconds if not mean else mean + EWMA * (seconds - mean)


def _copies(make: Callable[[Providers, int], Policy]) -> Factory:
    def factory(providers: Providers, seed: int) -> list[Policy]:
        return [make(providers, seed * 1000 + copy) for copy in range(providers.world.replicas)]

    return factory


BASELINES: dict[str, Factory] = {
    "single": _copies(lambda providers, _: Fixed(providers)),
    "poll": _copies(lambda providers, _: Poll(providers)),
    "live": _copies(lambda providers, seed: Live(providers, 0.0, seed)),
    "live_explore": _copies(lambda providers, seed: Live(providers, EXPLORE, seed)),
}
