"""`clairvoyant`: what is best when every deployment's true distribution is known at every moment.

In a world without limits and caches it follows the solution of `limit.py`, which no policy that has at most one request
of a turn in flight can beat but by luck. With limits it takes the best that has room, with caches it also weighs where
the call's prompt is; it looks at one turn at a time then, so that it is a strong reference rather than a bound.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping

from tests.bench.routing.limit import Limit
from tests.bench.routing.policy import Factory, Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from tests.bench.routing.solve import CUTS, options
from understudy.domain.routing.pool.step import Failure, Shot, Step, Why

Option = tuple[float, int, float]
"""(expected price, deployment, seconds to the cut)."""


class Oracle:
    """Answers where to fire and how long to wait, by the state at a moment and the time that a turn has lost."""

    def __init__(self, found: Limit, providers: Providers) -> None:
        self.found = found
        self.providers = providers
        self._solved = found.solved
        self._steps = found.solved.best.shape[1]
        self._ranked: dict[tuple[int, int, bool], list[Option]] = {}

    def choose(self, request: Request, lost_s: float) -> tuple[int, float]:
        """(deployment, seconds to the cut) for `request` after `lost_s`."""
        state = max(0, bisect_right(self.found.states.starts, request.at) - 1)
        lost = math.ceil(lost_s / self._solved.step - 1e-6)
        # Past the last deadline nothing can be lost any more: begin again as if it were new.
        lost = lost if lost < self._steps else 0
        if self.providers.world.plain:
            return self._best(state, lost)
        return self._allowed(state, lost, request, request.at + lost_s)

    def _best(self, state: int, lost: int) -> tuple[int, float]:
        row = self.found.rows[state]
        column = int(self._solved.best[row, lost])
        deployment = int(self.found.chosen[state, column // len(CUTS)])
        return deployment, float(self._solved.cuts[row, column] * self._solved.step)

    def _allowed(self, state: int, lost: int, request: Request, now: float) -> tuple[int, float]:
        room = self.providers.room
        cold = next((each for each in self._ranking(state, lost, warm=False) if room(each[1], now)), None)
        warm = [
            each
            for each in (self._ranking(state, lost, warm=True) if self.providers.world.cache else ())
            if self.providers.warm(each[1], request.call) and room(each[1], now)
        ]
        _, deployment, cut_s = min([*([cold] if cold else self._ranking(state, lost, warm=False)[:1]), *warm[:1]])
        return deployment, cut_s

    def _ranking(self, state: int, lost: int, *, warm: bool) -> list[Option]:
        key = (state, lost, warm)
        if key not in self._ranked:
            self._ranked[key] = self._rank(state, lost, warm=warm)
        return self._ranked[key]

    def _rank(self, state: int, lost: int, *, warm: bool) -> list[Option]:
        """Every deployment with its best cut, best first, given what the solution expects of the rest."""
        each = self.found.states.deployments(state, 1.0 - self.providers.world.cache if warm else 1.0)
        price, cut_s = options(
            each, self._solved.price[self.found.rows[state]], self.found.goal, self._solved.step, lost
        )
        return sorted(zip(price.tolist(), range(len(price)), cut_s.tolist(), strict=True))


class CutAt:
    """One turn: fire, cut, fire again, as the oracle says."""

    def __init__(self, oracle: Oracle, request: Request) -> None:
        self._oracle = oracle
        self._request = request
        self._shots: list[Shot] = []

    def start(self, now: float) -> Step:
        return self._fire(Why.FASTEST, now)

    def clause(self, shot: int, now: float) -> Step:  # noqa: ARG002
        return Step()

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:  # noqa: ARG002
        return self._fire(Why.RETRY, now)

    def tick(self, now: float) -> Step:
        fired = self._fire(Why.CUT, now)
        return Step(fired.fire, (len(self._shots) - 2,), fired.wake_at)

    def _fire(self, why: Why, now: float) -> Step:
        target, cut_s = self._oracle.choose(self._request, now - self._request.at)
        shot = Shot(len(self._shots), target, why, exploring=False, at=now, cut_at=now + cut_s)
        self._shots.append(shot)
        return Step(fire=(shot,), wake_at=shot.cut_at)


class Clairvoyant:
    """One replica; all ask the same oracle."""

    probes = 0

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle

    def turn(self, request: Request, now: float) -> CutAt:  # noqa: ARG002
        return CutAt(self._oracle, request)

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...


def clairvoyant(found: Limit) -> Factory:
    """As many replicas as the world says, all with the same solution."""

    def factory(providers: Providers, seed: int) -> list[Policy]:  # noqa: ARG001
        oracle = Oracle(found, providers)
        return [Clairvoyant(oracle) for _ in range(providers.world.replicas)]

    return factory
