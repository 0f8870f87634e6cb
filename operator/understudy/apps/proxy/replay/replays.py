"""Plays the golden calls that routing documents order, and keeps the report of what came of them."""

import asyncio
import logging
from collections.abc import Callable

from prometheus_client import Counter

from understudy.apps.proxy.agents import Agents
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.replay.stage import Stage
from understudy.apps.proxy.replay.voice import CallerVoice
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.observation import GoldenResult, ReplayReport
from understudy.domain.routing.document import ReplayOrder

log = logging.getLogger(__name__)
audit = logging.getLogger("understudy.audit.replay")

TOGETHER = 4
"""Golden calls played at a time: fifty of half a minute take six minutes, and a canary's first agent pod, made for ten
calls, answers four as quickly as one."""

MOST_FAILURES = 10
"""Sentences kept of one golden call: whoever reads ten has enough to do, and all of them end up in a status."""

LOOK_AGAIN_S = 3600.0
"""Each new document wakes; this is only how long a wait has to have a bound."""

Part = tuple[str, str]
"""What is to be played: an order's id, and the canary's short digest (empty: there is none)."""


class Replays:
    """The orders of one process.

    Args:
        context: the process's parts.
        agents: finds agent pods.
        own_url: where an agent reaches this pod.
        pod: this pod's name; orders for others are left alone.
    """

    def __init__(self, context: ProxyContext, agents: Agents, own_url: Callable[[], str], pod: str) -> None:
        self._assistants = context.registry.assistants
        self._stage = Stage(context, agents, own_url, CallerVoice(context))
        self._pod = pod
        self._latest: dict[str, ReplayReport] = {}
        self._told: dict[str, ReplayReport | None] = {}
        self._played = Counter(
            "understudy_golden_calls",
            "Golden calls played, by outcome.",
            ("assistant", "outcome"),
            registry=context.metrics.registry,
        )

    def report(self, assistant: Assistant) -> ReplayReport | None:
        """What came of the order in force; None when there is none for this pod."""
        order, latest = self._order(assistant), self._latest.get(assistant.key)
        return latest if order and latest and latest.id == order.id else None

    def has_news(self, assistant: Assistant) -> bool:
        """Whether the operator does not know the report."""
        return self.report(assistant) != self._told.get(assistant.key)

    def told(self, assistant: Assistant) -> None:
        """The operator is given the report."""
        self._told[assistant.key] = self.report(assistant)

    async def run(self) -> None:
        """Follow every assistant's document until cancelled."""
        async with asyncio.TaskGroup() as group:
            for assistant in self._assistants.values():
                group.create_task(self._follow(assistant))

    async def _follow(self, assistant: Assistant) -> None:
        part: Part | None = None
        playing: asyncio.Task[None] | None = None
        try:
            while True:
                if (wanted := self._part(assistant)) != part:
                    await _stop(playing)
                    part, playing = wanted, self._begin(assistant, wanted)
                now = part
                await assistant.changed.until(lambda now=now: self._part(assistant) != now, LOOK_AGAIN_S)  # type: ignore[misc]
        finally:
            await _stop(playing)

    def _order(self, assistant: Assistant) -> ReplayOrder | None:
        order = assistant.document.replay if assistant.document else None
        return order if order and order.pod == self._pod else None

    def _part(self, assistant: Assistant) -> Part | None:
        order, canary = self._order(assistant), assistant.document.canary if assistant.document else None
        return (order.id, canary.name if canary else "") if order else None

    def _begin(self, assistant: Assistant, part: Part | None) -> asyncio.Task[None] | None:
        """Play the order in force, unless it was played: an id is played once."""
        order, latest = self._order(assistant), self._latest.get(assistant.key)
        if part is None or order is None:
            return None
        if latest and latest.id == order.id:
            if not latest.done:
                self._tell(assistant, latest, done=True, error="the order was withdrawn while it was played")
            return None
        report = ReplayReport(id=order.id)
        if part[1] not in assistant.snapshots:
            self._tell(assistant, report, done=True, error="the routing document names no canary to play against")
            return None
        self._tell(assistant, report)
        return asyncio.create_task(self._play(assistant, part[1], order))

    async def _play(self, assistant: Assistant, revision: str, order: ReplayOrder) -> None:
        audit.info("%d golden calls of %s on %s begin: %s", len(order.calls), assistant.key, revision, order.id)
        gate = asyncio.Semaphore(TOGETHER)
        async with asyncio.TaskGroup() as group:
            for number, golden in enumerate(order.calls, 1):
                call_id = f"golden-{order.id}-{number}"
                group.create_task(self._play_one(gate, assistant, revision, call_id, golden))
        self._tell(assistant, self._latest[assistant.key], done=True)

    async def _play_one(
        self, gate: asyncio.Semaphore, assistant: Assistant, revision: str, call_id: str, golden: GoldenCall
    ) -> None:
        async with gate:
            failures = await self._failures(assistant, revision, call_id, golden)
        outcome = "failed" if failures else "passed"
        self._played.labels(assistant.key, outcome).inc()
        audit.info(
            "golden call %s (%s) of %s on %s %s: %d expectations were not met",
            golden.name,
            call_id,
            assistant.key,
            revision,
            outcome,
            len(failures),
        )
        latest = self._latest[assistant.key]
        results = (*latest.results, GoldenResult(name=golden.name, failures=_few(failures)))
        self._tell(assistant, latest, results=tuple(sorted(results, key=lambda result: result.name)))

    async def _failures(self, assistant: Assistant, revision: str, call_id: str, golden: GoldenCall) -> list[str]:
        """A fault of ours is one golden call's, and says so."""
        try:
            return await self._stage.play(assistant, revision, call_id, golden)
        except Exception:
            log.exception("a golden call of %s could not be played", assistant.key)
            return ["the proxy failed to play it; its log says why"]

    def _tell(self, assistant: Assistant, report: ReplayReport, **changes: object) -> None:
        """Keep the report and wake the operator."""
        self._latest[assistant.key] = report.model_copy(update=changes)
        assistant.changed.fire()


def _few(failures: list[str]) -> tuple[str, ...]:
    more = len(failures) - MOST_FAILURES
    return (*failures[:MOST_FAILURES], f"and {more} more") if more > 0 else tuple(failures)


async def _stop(playing: asyncio.Task[None] | None) -> None:
    if playing is not None:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
