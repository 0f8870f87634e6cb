"""One turn once more, at the canary's model: the same driver as for callers, with nobody to answer."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.chat_ask import Asked
from understudy.apps.proxy.egress.chat_attempt import Attempt
from understudy.apps.proxy.egress.chat_failures import RATE_LIMITED
from understudy.apps.proxy.egress.chat_turn import Ended, Race
from understudy.apps.proxy.egress.parts import AgentGone, Egress
from understudy.apps.proxy.egress.reader import Reader
from understudy.apps.proxy.egress.shadow_metrics import ShadowMetrics
from understudy.apps.proxy.pools import Route
from understudy.base.errors import ProviderError
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.observation import Defect
from understudy.domain.calls.quality import defects_in, normal
from understudy.domain.calls.shadowing import Heard
from understudy.domain.revision.snapshot import Account, Snapshot
from understudy.domain.routing.completion import EmptyAnswer
from understudy.domain.routing.document import Arm
from understudy.domain.routing.reading import Hold
from understudy.domain.routing.tokens import estimated

log = logging.getLogger(__name__)

LONGEST_S = 20.0
"""Longest that a mirrored answer is read: a long one takes ten seconds, and no caller waits for a slower one."""

MOST_BYTES = 262_144
"""Bytes of an answer that are read: a thousand words as events of one word each, more than anybody says in a turn."""


class Mirror:
    """One mirrored turn.

    Args:
        egress: the surroundings, with metrics of their own.
        asked: what the canary is asked (`mirrored`).
        route: its pool for mirrors.
        earlier: answers of the call so far, normalised.
        metrics: where its tokens are counted.

    Attributes:
        heard: what came; None while nothing is known that could be compared.
        limited: whether a provider said that it is full, which is no evidence.
    """

    def __init__(
        self, egress: Egress, asked: Asked, route: Route, earlier: tuple[str, ...], metrics: ShadowMetrics
    ) -> None:
        self.heard: Heard | None = None
        self.limited = False
        self._asked = asked
        self._earlier = earlier
        self._outlet = Nowhere(egress.now)
        self._race = _MirrorRace(egress, asked, route, self._outlet, metrics)

    async def run(self) -> None:
        """Ask, read to the end, and keep what came of it."""
        try:
            async with asyncio.timeout(LONGEST_S):
                ended = await self._race.run()
        except (TimeoutError, AgentGone):
            ended = Ended.SHORT  # too long, in time or in bytes: what was heard of it counts
        except Exception:
            log.exception("a mirrored turn failed")
            return
        self._keep(ended)

    def give_up(self) -> None:
        """It was waited for long enough: without a clause by now it is as good as none."""
        self.heard = self.heard or self._so_far()

    def _so_far(self) -> Heard:
        began = self._outlet.began_at
        return Heard(None if began is None else round((began - self._asked.started) * 1000, 1))

    def _keep(self, ended: Ended) -> None:
        causes = self._race.causes
        self.limited = any(cause.status == RATE_LIMITED for cause in causes)
        heard = self._so_far()
        if ended in (Ended.DONE, Ended.UNCLOSED) and self._race.winner is not None:
            tools = self._race.winner.reader.completion.tool_calls
            self.heard = replace(heard, defects=defects_in(normal(self._outlet.said), tools, self._earlier))
        elif heard.ms is None and any(isinstance(cause.__cause__, EmptyAnswer) for cause in causes):
            self.heard = Heard(defects=(Defect.EMPTY,))
        else:
            self.heard = heard


@dataclass(frozen=True, slots=True)
class MirrorEgress(Egress):
    """The surroundings of mirrored turns."""

    def failed(self, part: str, call: Call, account: Account, cause: ProviderError) -> None:
        """Tell nobody: a key that is refused to a mirror is given up for callers by none but their own requests."""


class Nowhere:
    """Takes an answer and passes it on to nobody (`Outlet`).

    Args:
        now: the ledger's clock.

    Attributes:
        began_at: when the first clause came; None while none has.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.said = ""
        self.answered = False
        self.began_at: float | None = None
        self._now = now
        self._bytes = 0

    def forward(self, reader: Reader, target: str) -> bool:  # noqa: ARG002 - nobody is told whose it is
        """See `Outlet.forward`.

        Raises:
            AgentGone: there was enough.
        """
        if self.began_at is None:
            self.answered, self.began_at = True, self._now()
        data, text = reader.take()
        self._bytes += len(data)
        self.said += text
        if self._bytes > MOST_BYTES:
            raise AgentGone("the mirrored answer is too long")
        return True

    async def drained(self) -> None:
        """See `Outlet.drained`."""

    async def end(self) -> None:
        """See `Outlet.end`."""

    async def close(self) -> None:
        """See `Outlet.close`."""

    async def end_early(self) -> None:
        """See `Outlet.end_early`."""


class _MirrorRace(Race):
    """A turn whose tokens are counted as mirrored."""

    def __init__(self, egress: Egress, asked: Asked, route: Route, outlet: Nowhere, metrics: ShadowMetrics) -> None:
        super().__init__(egress, asked, route, outlet)
        self._metrics = metrics

    def _record(self, attempt: Attempt, outcome: str) -> None:
        super()._record(attempt, outcome)
        completion = attempt.reader.completion
        prompt = completion.usage.get("prompt_tokens", self.asked.ask.tokens)
        self._metrics.spent(
            attempt.target, prompt, completion.usage.get("completion_tokens", estimated(completion.characters))
        )


def mirrored(asked: Asked, assistant: Assistant, canary: str, snapshot: Snapshot, now: float) -> Asked:
    """What stable was `asked`, for the canary: its prompt, tools and limits, the same dialogue, a budget of its own.

    The call is a copy that nobody hears of: whatever the driver notes of it is thrown away.
    """
    call, ask = asked.call, asked.ask
    token = replace(call.token, arm=Arm.CANARY.value, revision=canary)
    ledger = Ledger(
        call_id=call.id, revision=canary, arm=Arm.CANARY, budget_ms=token.budget_ms, started_at=0.0, now=now
    )
    copy = Call(token, "", assistant, snapshot, ledger)
    prompt = estimated(len(snapshot.model.system_prompt)) - estimated(len(asked.snapshot.model.system_prompt))
    return asked._replace(
        call=copy,
        snapshot=snapshot,
        started=now,
        ask=ask._replace(tokens=max(0, ask.tokens + prompt)),
        hold=Hold(snapshot.model.pool.hold),
        filler="",
    )
