"""Calls that have ended are reported once all is known of them."""

import asyncio
from typing import cast

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.finishing import Finisher, Finishing
from understudy.base.clock import ManualClock
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.routing.document import Arm

CALL = cast("Call", object())
LEFT = CallObservation(
    seq=0,
    call_id="CA1",
    revision="aaaaaaaa",
    arm=Arm.STABLE,
    started_at=0.0,
    ended_at=60.0,
    recorded_at=0.0,
    end=CallEnd.CALLER_HUNG_UP,
)


def nothing(_call: Call, _observation: CallObservation) -> None:
    """A finisher that has nothing to add."""


class Gate:
    """A finisher that adds a score when it is told to."""

    def __init__(self, score: float, *, fails: bool = False) -> None:
        self.open = asyncio.Event()
        self.given: CallObservation | None = None
        self._score = score
        self._fails = fails

    async def __call__(self, _call: Call, observation: CallObservation) -> CallObservation:
        self.given = observation
        await self.open.wait()
        if self._fails:
            raise RuntimeError("no score")
        return observation.model_copy(update={"judge_score": self._score})


class Failovers(Gate):
    """Adds something else."""

    async def __call__(self, call: Call, observation: CallObservation) -> CallObservation:
        await super().__call__(call, observation)
        return observation.model_copy(update={"voice_failovers": 1})


def finishing(*finishers: Finisher) -> tuple[Assistant, Finishing]:
    return Assistant("demo", "front-desk"), Finishing(finishers, ManualClock())


async def recorded(assistant: Assistant) -> CallObservation:
    assert await assistant.changed.until(lambda: assistant.finished.has_more(0), 5)
    return assistant.finished.since(0)[0]


async def test_a_call_with_nothing_to_learn_is_reported_at_once() -> None:
    """No task, no wait: as most calls."""
    assistant, parts = finishing(nothing, nothing)
    parts.record(assistant, CALL, LEFT)
    assert (assistant.finished.last, assistant.finishing) == (1, 0)


async def test_a_call_is_reported_when_all_is_known() -> None:
    """One finisher after the other, each with what the one before it added; the drain can see that one is awaited."""
    first, second = Gate(0.7), Failovers(0.0)
    assistant, parts = finishing(first, nothing, second)
    parts.record(assistant, CALL, LEFT)
    assert (assistant.finishing, assistant.finished.last) == (1, 0)
    first.open.set()
    second.open.set()
    kept = await recorded(assistant)
    assert (kept.judge_score, kept.voice_failovers, kept.seq) == (0.7, 1, 1)
    assert second.given is not None
    assert second.given.judge_score == 0.7
    assert assistant.finishing == 0


async def test_a_failing_addition_does_not_lose_the_call() -> None:
    """It is reported without."""
    gate = Gate(0.7, fails=True)
    assistant, parts = finishing(gate)
    parts.record(assistant, CALL, LEFT)
    gate.open.set()
    assert (await recorded(assistant)).judge_score is None


async def test_what_is_awaited_at_the_end_of_the_process_is_reported_as_it_is() -> None:
    """The operator may still read it."""
    assistant, parts = finishing(Gate(0.7))
    parts.record(assistant, CALL, LEFT)
    await parts.close()
    assert (await recorded(assistant)).call_id == "CA1"
