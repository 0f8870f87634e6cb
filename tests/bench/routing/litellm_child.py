"""`litellm`, in an interpreter that has it: its latency strategy, the library's own code, driven in virtual time.

The strategy is `litellm.router_strategy.lowest_latency.LowestLatencyLoggingHandler` with a cache on our clock. Around
it stands what its router does by default: three retries and then its fallback group, which is the same deployments
(docs, "Fallbacks"), each try through the strategy again; a deployment is cooled down for 5 s after a 429, or when more
than half of at least five requests of a minute failed. `stream_timeout` is half the budget, which leaves time for one
more; that is its own way to abort "hanging" providers (docs, "Timeouts").

Reads a pickled (world, routing arguments, seed) from standard input, writes a pickled tally to standard output.
"""

import asyncio
import pickle
import random
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import litellm
from litellm import ModelResponse, Usage
from litellm.caching.caching import DualCache
from litellm.caching.in_memory_cache import InMemoryCache
from litellm.constants import (
    DEFAULT_COOLDOWN_TIME_SECONDS,
    DEFAULT_FAILURE_THRESHOLD_MINIMUM_REQUESTS,
    DEFAULT_FAILURE_THRESHOLD_PERCENT,
)
from litellm.router_strategy import lowest_latency

from tests.bench.routing.engine import Engine
from tests.bench.routing.policy import Policy
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import Request
from tests.bench.routing.world import World
from understudy.domain.routing.pool.step import Failure, Shot, Step, Why

TRIES = 8
"""One and three retries, of the group and of its fallback."""

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = "desk"


class Clock(datetime):
    """What the strategy takes for `datetime`: stands where virtual time stands."""

    seconds = 0.0

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # noqa: ARG003
        return EPOCH + timedelta(seconds=cls.seconds)


class Router:
    """One replica: the strategy, and who is cooled down."""

    probes = 0

    def __init__(self, world: World, arguments: Mapping[str, Any]) -> None:
        cache = DualCache(in_memory_cache=InMemoryCache(clock=lambda: Clock.now().timestamp()))
        self.strategy = lowest_latency.LowestLatencyLoggingHandler(cache, dict(arguments))
        self.timeout_s = world.budget_s / 2
        self.models = [
            {
                "model_name": GROUP,
                "litellm_params": {"model": each.name, **({"rpm": each.rpm} if each.rpm else {})},
                "model_info": {"id": str(index)},
            }
            for index, each in enumerate(world.deployments)
        ]
        self._cooled: dict[int, float] = {}
        self._minute: dict[tuple[int, int], list[int]] = {}

    def turn(self, request: Request, now: float) -> "Turn":  # noqa: ARG002
        return Turn(self)

    def headers(self, deployment: int, headers: Mapping[str, str], now: float) -> None: ...

    def choose(self, now: float) -> int | None:
        Clock.seconds = now
        healthy = self.models
        if self._cooled:
            self._cooled = {index: until for index, until in self._cooled.items() if until > now}
            healthy = [each for index, each in enumerate(self.models) if index not in self._cooled] or self.models
        request = {"stream": True, "metadata": {}}
        found = self.strategy.get_available_deployments(GROUP, healthy, request_kwargs=request)
        return None if found is None else int(found["model_info"]["id"])

    def succeeded(self, shot: Shot, now: float) -> None:
        Clock.seconds = now
        first = EPOCH + timedelta(seconds=now)
        response = ModelResponse(usage=Usage(prompt_tokens=1500, completion_tokens=50, total_tokens=1550))
        start = EPOCH + timedelta(seconds=shot.at)
        self.strategy.log_success_event(self._of(shot, completion_start_time=first), response, start, first)
        self._count(shot.target, now, failed=False)

    def failed(self, shot: Shot, now: float, *, refused: bool, timeout: bool) -> None:
        Clock.seconds = now
        if timeout:
            error = litellm.Timeout("stream_timeout", model=GROUP, llm_provider="openai")
            kwargs = self._of(shot, exception=error)
            asyncio.run(self.strategy.async_log_failure_event(kwargs, None, EPOCH, EPOCH))
        bad, all_ = self._count(shot.target, now, failed=True)
        often = all_ >= DEFAULT_FAILURE_THRESHOLD_MINIMUM_REQUESTS and bad > DEFAULT_FAILURE_THRESHOLD_PERCENT * all_
        if refused or often:
            self._cooled[shot.target] = now + DEFAULT_COOLDOWN_TIME_SECONDS

    def _of(self, shot: Shot, **more: object) -> dict[str, Any]:
        parameters = {"metadata": {"model_group": GROUP}, "model_info": {"id": str(shot.target)}}
        return {"litellm_params": parameters, "stream": True, **more}

    def _count(self, target: int, now: float, *, failed: bool) -> list[int]:
        counted = self._minute.setdefault((target, int(now // 60)), [0, 0])
        counted[0] += failed
        counted[1] += 1
        return counted


class Turn:
    """One request: tries until one answers or the tries are used up."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._shots: list[Shot] = []

    def start(self, now: float) -> Step:
        return self._next(Why.FASTEST, now)

    def clause(self, shot: int, now: float) -> Step:
        self._router.succeeded(self._shots[shot], now)
        return Step()

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:  # noqa: ARG002
        self._router.failed(self._shots[shot], now, refused=failure is Failure.RATE_LIMITED, timeout=False)
        return self._next(Why.RETRY, now)

    def tick(self, now: float) -> Step:
        self._router.failed(self._shots[-1], now, refused=False, timeout=True)
        step = self._next(Why.CUT, now)
        return Step(step.fire, (len(self._shots) - 1 - len(step.fire),), step.wake_at, step.over)

    def _next(self, why: Why, now: float) -> Step:
        target = self._router.choose(now) if len(self._shots) < TRIES else None
        if target is None:
            return Step(over=True)
        shot = Shot(len(self._shots), target, why, exploring=False, at=now, cut_at=now + self._router.timeout_s)
        self._shots.append(shot)
        return Step(fire=(shot,), wake_at=shot.cut_at)


def main() -> None:
    """One run."""
    world, arguments, seed = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    random.seed(seed)
    lowest_latency.datetime = Clock

    def factory(providers: Providers, _seed: int) -> list[Policy]:
        return [Router(providers.world, arguments) for _ in range(providers.world.replicas)]

    pickle.dump(Engine(world, factory, seed).run(), sys.stdout.buffer)


if __name__ == "__main__":
    main()
