"""The mirrored turns of one call."""

import asyncio
from collections.abc import Callable

from understudy.apps.proxy.egress.shadow_mirror import Mirror
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.observation import JUDGED_TURNS, Defect, ShadowTurn
from understudy.domain.calls.shadowing import Heard, shadow_turn

MOST_PAIRS = JUDGED_TURNS
"""Requests of one call that are mirrored: the call is judged by no more turns."""

LAST_S = 3.0
"""Longest wait for a mirror after its call has ended: what has no clause by then misses any turn budget."""


class Pair:
    """One request to stable's model, and the same to the canary's.

    Args:
        opened: names the turn within its call (`Ledger.turn_opened`).
        fire: called once when stable has answered its first clause, or has failed: the time for the mirror.

    Attributes:
        mirror: None while it was not fired, and for good when it is not to be.
        over: whether nothing is to be compared any more.
    """

    def __init__(self, opened: float, fire: Callable[["Pair"], None]) -> None:
        self.opened = opened
        self.mirror: Mirror | None = None
        self.task: asyncio.Task[None] | None = None
        self.over = False
        self._fire: Callable[[Pair], None] | None = fire
        self._stable: Heard | None = None
        self._first_ms: float | None = None

    def clause(self, seconds: float) -> None:
        """Stable's first clause was passed on, so long after it was asked for."""
        self._first_ms = round(seconds * 1000, 1)
        self._go()

    def answered(self, defects: tuple[Defect, ...]) -> None:
        """Stable's answer is complete; None of it may have come: then `clause` was not called."""
        self._stable = Heard(self._first_ms, defects)
        self._go()

    def drop(self) -> None:
        """The agent has given up its request, or the mirror is not to be: there is nothing to compare."""
        self.over = True
        self._fire = None
        if self.task is not None:
            self.task.cancel()

    def told(self, ledger: Ledger) -> ShadowTurn | None:
        """The pair as evidence; None where one side of it is missing, or nobody waited for the answer."""
        turn = ledger.record_of(self.opened)
        if self.over or turn is None or self._stable is None or self.mirror is None:
            return None
        if self.mirror.heard is None or self.mirror.limited:
            return None
        return shadow_turn(self._stable, self.mirror.heard, turn)

    def _go(self) -> None:
        fire, self._fire = self._fire, None
        if fire is not None:
            fire(self)


class CallShadow:
    """What one call of stable's leaves for the judgement of `canary`."""

    def __init__(self, canary: str) -> None:
        self.canary = canary
        self.pairs: list[Pair] = []

    @property
    def full(self) -> bool:
        """Whether no more are wanted."""
        return len(self.pairs) >= MOST_PAIRS

    async def settle(self) -> None:
        """Wait for mirrors that are under way, but not for long."""
        running = [pair.task for pair in self.pairs if pair.task is not None and not pair.task.done()]
        if running:
            await asyncio.wait(running, timeout=LAST_S)
        for pair in self.pairs:
            if pair.task is not None and not pair.task.done() and pair.mirror is not None:
                pair.mirror.give_up()
                pair.task.cancel()

    def turns(self, ledger: Ledger) -> tuple[ShadowTurn, ...]:
        """What can be compared."""
        return tuple(turn for pair in self.pairs if (turn := pair.told(ledger)) is not None)
