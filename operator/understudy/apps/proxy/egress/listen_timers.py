"""The deadlines of one listening socket: unanswered `Finalize`s, held finals, connections that say nothing."""

import asyncio
from collections.abc import Callable

from understudy.domain.speech.listening import FINALIZE_WAIT_S, HOLD_S, Listening, ToAgent

MAX_WAITS = 3
"""Times the wait for a `Finalize` is renewed while no transcriber is connected: a replay answers it better than we."""


class ListenTimers:
    """Calls `listening` when something is overdue, and hands what it says to `tell`."""

    def __init__(self, listening: Listening, tell: Callable[[list[ToAgent]], None]) -> None:
        self._listening = listening
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._handles: set[asyncio.TimerHandle] = set()
        self._hold: asyncio.TimerHandle | None = None
        self._limit: asyncio.Timeout | None = None
        self._asked = 0

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` in `seconds` unless the socket is gone."""

        def fire() -> None:
            self._handles.discard(handle)
            action()

        handle = self._loop.call_later(seconds, fire)
        self._handles.add(handle)

    def finalize_asked(self) -> None:
        """The agent sent `Finalize`."""
        self._asked += 1
        self._await_answer(self._asked, MAX_WAITS)

    def heard(self) -> None:
        """Something came from the transcriber; a held final may wait for its `Finalize` for a while."""
        if self._hold:
            self._hold.cancel()
        self._hold = self._loop.call_later(HOLD_S, self._release) if self._listening.holding() else None

    def connected(self, limit: asyncio.Timeout) -> None:
        """A connection is there; `limit` ends it when it is dead."""
        self._limit = limit

    def disconnected(self) -> None:
        """The connection is gone."""
        self._limit = None

    def kill_connection(self) -> None:
        """End the present connection as timed out."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(self._loop.time())

    def settle(self) -> None:
        """Answer whatever is owed: nobody else will."""
        while self._listening.owed:
            self._tell(self._listening.finalize_overdue())
        self._release()

    def stop(self) -> None:
        """The agent's socket is gone."""
        for handle in (*self._handles, *((self._hold,) if self._hold else ())):
            handle.cancel()
        self._handles.clear()

    def _await_answer(self, number: int, waits: int) -> None:
        self.after(FINALIZE_WAIT_S, lambda: self._overdue(number, waits - 1))

    def _overdue(self, number: int, waits: int) -> None:
        if self._asked - self._listening.owed >= number:
            return
        if self._limit is None and waits > 0:
            self._await_answer(number, waits)
            return
        self._tell(self._listening.finalize_overdue())
        if self._listening.is_dead():
            self.kill_connection()

    def _release(self) -> None:
        self._tell(self._listening.release())
