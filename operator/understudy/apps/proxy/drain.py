"""Leaving without hanging up on anybody."""

import asyncio
from collections.abc import Callable

from understudy.apps.proxy.assistants import Assistant
from understudy.base.clock import Clock

LOOK_EVERY_S = 0.2
"""Seconds between looks whether the last call has ended: nobody waits for this."""

OPERATOR_READ_S = 15.0
"""Longest wait for the operator to read the last calls' observations: its polls return at once with them, so this is
for one that is just being restarted. Within the pod's grace, which is a minute longer than the longest call."""

READER_S = 90.0
"""An operator that has not asked for so long reads nothing now (no rollout is under way): do not wait for it."""

FINISH_S = 20.0
"""Longest wait for what is still to be learned of calls that have ended, such as their scores."""

CALL_MARGIN_S = 15.0
"""Added to the longest call: closing takes a moment."""


class Drain:
    """Whether new calls are refused, and when the process may go."""

    def __init__(self, assistants: Callable[[], list[Assistant]], clock: Clock) -> None:
        self.draining = False
        self._assistants = assistants
        self._clock = clock

    async def run(self) -> None:
        """Refuse new calls from now on; returns when the live ones have ended and were reported."""
        self.draining = True
        longest = max((self._longest_s(assistant) for assistant in self._assistants()), default=0.0)
        await self._until(lambda: not any(assistant.live for assistant in self._assistants()), longest + CALL_MARGIN_S)
        await self._until(lambda: not any(assistant.finishing for assistant in self._assistants()), FINISH_S)
        await self._until(lambda: not any(map(self._awaited, self._assistants())), OPERATOR_READ_S)

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while not done() and self._clock.monotonic() < deadline:  # noqa: ASYNC110 - many causes, no hurry
            await asyncio.sleep(LOOK_EVERY_S)

    def _awaited(self, assistant: Assistant) -> bool:
        """Whether an operator that follows this assistant has yet to read something."""
        followed = assistant.polled_at is not None and self._clock.monotonic() - assistant.polled_at < READER_S
        return followed and assistant.finished.unread > 0

    @staticmethod
    def _longest_s(assistant: Assistant) -> float:
        held = [call.snapshot().max_call_duration_ms for call in assistant.live.values()]
        return max(held, default=0) / 1000
