"""What is still to be learned of a call that has ended, before the operator is told of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from understudy.apps.proxy.assistants import Assistant
from understudy.base.clock import Clock
from understudy.domain.calls.observation import CallObservation

if TYPE_CHECKING:
    from understudy.apps.proxy.calls import Call

log = logging.getLogger(__name__)

Finisher = Callable[["Call", CallObservation], Coroutine[Any, Any, CallObservation] | None]
"""Given a call that has ended and what it left: None when there is nothing to wait for, otherwise what to await for the
observation with its additions. Bounds its own time."""


class Finishing:
    """Records calls, at once where nobody has anything to add.

    Args:
        finishers: asked in order; each is given what the one before it gave back.
        clock: for the time at which a call is recorded.
    """

    def __init__(self, finishers: Sequence[Finisher], clock: Clock) -> None:
        self._finishers = finishers
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def record(self, assistant: Assistant, call: "Call", observation: CallObservation) -> None:
        """Keep what `call` left for the operator, as soon as all is known."""
        assistant.ended(observation, self._clock.now())
        asked = iter(self._finishers)
        for finisher in asked:
            if (work := finisher(call, observation)) is not None:
                self._later(assistant, self._finish(assistant, call, observation, work, asked))
                return
        assistant.record(observation, self._clock.now())

    async def close(self) -> None:
        """Record what is still waited for as it is."""
        await asyncio.sleep(0)  # one that has not begun could not say what it has
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _later(self, assistant: Assistant, work: Coroutine[Any, Any, None]) -> None:
        assistant.finishing += 1
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(
        self,
        assistant: Assistant,
        call: "Call",
        observation: CallObservation,
        work: Coroutine[Any, Any, CallObservation],
        others: Iterator[Finisher],
    ) -> None:
        try:
            observation = await _added(work, observation)
            for finisher in others:
                if (more := finisher(call, observation)) is not None:
                    observation = await _added(more, observation)
        finally:
            assistant.finishing -= 1
            assistant.record(observation, self._clock.now())


async def _added(work: Coroutine[Any, Any, CallObservation], observation: CallObservation) -> CallObservation:
    """The observation with what `work` adds; without it when that fails: a call is reported in any case."""
    try:
        return await work
    except Exception:
        log.exception("a call of revision %s is reported without what was to be added", observation.revision)
        return observation
