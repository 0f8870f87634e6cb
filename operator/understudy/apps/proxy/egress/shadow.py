"""Mirrored turns: what stable's model was asked, asked of the canary's as well, and the answer thrown away.

A mirror begins when stable's first clause has been passed on, or stable has failed: by then the caller has what he
waited for. It has a pool, a budget and a place of its own, and is the first thing to go when there is too little of
anything. Tools that it asks for are carried out by nobody, because nobody reads the answer.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.chat_ask import Asked, several
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.shadow_call import CallShadow, Pair
from understudy.apps.proxy.egress.shadow_metrics import (
    BUSY,
    CANCELLED,
    ENDED,
    LIMITED,
    MIRRORED,
    MirrorMetrics,
    ShadowMetrics,
)
from understudy.apps.proxy.egress.shadow_mirror import Mirror, MirrorEgress, mirrored
from understudy.apps.proxy.egress.shadow_pools import MirrorPools, MirrorRoute
from understudy.domain.calls.observation import CallObservation, CallPart
from understudy.domain.routing.arm import effective_shadow, is_mirrored
from understudy.domain.routing.document import Arm, RoutingDocument

MOST_AT_ONCE = 16
"""Mirrors under way in a process: an answer takes some two seconds in a turn of ten, so these are eighty calls
that are mirrored at once; they cost what sixteen answers to callers do."""

BREATH_S = 0.01
"""Seconds between stable's first clause and the mirror: the clause is on its way by then."""

LATE_S = 0.05
"""How much later than asked for the loop may be: a frame of a caller's audio comes every 20 ms, and one that is two
late has none to spare."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One turn that is to be mirrored."""

    asked: Asked
    assistant: Assistant
    held: CallShadow
    earlier: tuple[str, ...]


class Shadow:
    """The process's mirrors.

    Args:
        egress: the surroundings.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._metrics = ShadowMetrics(egress.context.metrics.registry)
        self._mirrors = MirrorEgress(egress.context, MirrorMetrics(egress.metrics.models), tasks=egress.tasks)
        self._pools = MirrorPools(egress.context.pools)
        self._calls: dict[Call, CallShadow | None] = {}
        """Stable's calls since mirroring began; None: one that is not mirrored."""
        self._live: set[asyncio.Task[None]] = set()

    def turn(self, asked: Asked) -> Pair | None:
        """A request of an agent that is about to be served; None when it is not mirrored."""
        assistant = self._egress.context.registry.assistants.get(asked.call.assistant)
        document = assistant.document if assistant is not None else None
        if assistant is None or document is None or not document.shadow_percent:
            return None
        held = self._chosen(asked.call, document)
        ledger = asked.call.ledger
        if held is None or held.full or ledger.greeting or several(asked.body) or not self._wanted(assistant, held):
            return None
        order = _Order(asked, assistant, held, ledger.answers)
        pair = Pair(ledger.turn_opened, partial(self._soon, order))
        held.pairs.append(pair)
        return pair

    def finish(self, call: Call, observation: CallObservation) -> Coroutine[Any, Any, CallObservation] | None:
        """What the mirrored turns of an ended call add to what it left (`finishing.Finisher`)."""
        held = self._calls.pop(call, None)
        if observation.part is CallPart.TURNS and held is not None:
            self._calls[call] = None  # judged: no more
        return self._finish(call, held, observation) if held is not None and held.pairs else None

    async def _finish(self, call: Call, held: CallShadow, observation: CallObservation) -> CallObservation:
        await held.settle()
        assistant = self._egress.context.registry.assistants[call.assistant]
        canary = assistant.document.canary if assistant.document else None
        if canary is None or canary.name != held.canary:
            return observation  # of a canary that is not judged any more
        return observation.model_copy(update={"shadow": held.turns(call.ledger)})

    def _chosen(self, call: Call, document: RoutingDocument) -> CallShadow | None:
        """What is kept of a call; chosen once, before its first turn: of older calls nothing is judged."""
        if call.detached or call.token.arm != Arm.STABLE.value or document.canary is None or document.stable is None:
            return None
        if call not in self._calls:
            new = not call.ledger.turns and call.served_by == document.stable.name
            mirror = new and is_mirrored(document, call.id, self._egress.context.clock.now())
            self._calls[call] = CallShadow(document.canary.name) if mirror else None
        return self._calls[call]

    def _wanted(self, assistant: Assistant, held: CallShadow) -> bool:
        """Whether the canary is still mirrored to: not after a rollback, nor when the lease is over."""
        document = assistant.document
        if document is None or document.canary is None or document.canary.name != held.canary:
            return False
        return held.canary in assistant.snapshots and effective_shadow(document, self._egress.context.clock.now()) > 0

    def _soon(self, order: _Order, pair: Pair) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(BREATH_S, self._start, order, pair, loop.time() + BREATH_S)

    def _start(self, order: _Order, pair: Pair, due: float) -> None:
        """Fire the mirror, if this is a good time for it."""
        late = asyncio.get_running_loop().time() - due > LATE_S
        refused = CANCELLED if pair.over else self._refused(order, late=late)
        route = None if refused else self._route(order)
        if route is None:
            pair.drop()
            self._metrics.turn(order.assistant.key, refused or LIMITED)
            return
        snapshot = order.assistant.snapshots[order.held.canary]
        asked = mirrored(order.asked, order.assistant, order.held.canary, snapshot, self._egress.now())
        pair.mirror = Mirror(self._mirrors, asked, route.route, order.earlier, self._metrics)
        pair.task = asyncio.get_running_loop().create_task(pair.mirror.run())
        self._live.add(pair.task)
        pair.task.add_done_callback(partial(self._ended, order, pair))

    def _refused(self, order: _Order, *, late: bool) -> str:
        """Why there is no mirror; empty: nothing speaks against it."""
        if order.asked.call not in self._calls or not self._wanted(order.assistant, order.held):
            return ENDED
        return BUSY if late or len(self._live) >= MOST_AT_ONCE else ""

    def _route(self, order: _Order) -> MirrorRoute | None:
        """The canary's pool for mirrors; None when its accounts have nothing to spare."""
        route = self._pools.of(order.assistant, order.held.canary, order.asked)
        return route if route is not None and route.spare(order.asked.ask.tokens, self._egress.now()) else None

    def _ended(self, order: _Order, pair: Pair, task: asyncio.Task[None]) -> None:
        self._live.discard(task)
        outcome = CANCELLED if pair.over else MIRRORED
        if pair.mirror is not None and pair.mirror.limited:
            outcome = LIMITED
        self._metrics.turn(order.assistant.key, outcome)
