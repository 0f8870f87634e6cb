"""One transcriber listening to one call, from its connection to its end."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from understudy.apps.proxy.egress.listen_feeder import Feeder
from understudy.apps.proxy.egress.listen_link import Link
from understudy.base.errors import ProviderBroke, ProviderError
from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.codec import AudioFormat, Leaving
from understudy.domain.speech.failure_watch import DEAF, EMPTY, Habits
from understudy.domain.speech.listen_failure import FailureKind, TranscriberSilent, kind_of
from understudy.domain.speech.listening import Listening

LEAD_S = 15.0
"""A connection that the provider will close is left this long before, at the first silence."""

LAST_S = 2.0
"""This long before, it is left even while the caller speaks."""

SETTLED_S = 1.0
"""How long a provider that was told that no more audio comes, and owes nothing, is given to close the connection."""

KINDS = {DEAF: FailureKind.DEAF, EMPTY: FailureKind.EMPTY}
"""Of verdicts on a transcriber; the others are unanswered requests."""


class End(Enum):
    """How a transcriber's time ended without a failure."""

    FINISHED = auto()
    """The agent sends no more, and all was said."""
    REVISION = auto()
    """The call is served by another revision, with other transcribers."""
    HANDOVER = auto()
    """The provider is about to close the connection."""


class Line:
    """One transcriber on the line.

    Args:
        link: open.
        audio: what the agent sends.
        tell: takes what the agent is told.
        changed: whether the call is served by other transcribers now.
        begun, caught_up: see `Feeder`.
        habits: what is known of the provider's timing.
    """

    def __init__(
        self,
        listening: Listening,
        *,
        link: Link,
        audio: AudioFormat,
        tell: Callable[[list[ToAgent]], None],
        changed: Callable[[], bool],
        begun: Callable[[], None],
        caught_up: Callable[[], None],
        habits: Habits,
    ) -> None:
        self._listening = listening
        self._link = link
        self._tell = tell
        self._changed = changed
        self._clock = asyncio.get_running_loop().time
        self.feed = listening.connect(link.codec.traits, self._clock(), habits)
        self.feeder = Feeder(listening, link, self.feed, audio, begun=begun, caught_up=caught_up)
        lasts = link.codec.traits.lasts_s
        self._leaves_at = self._clock() + lasts if lasts else None
        self._heard_at = self._clock()
        self._over: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    async def run(self) -> End:
        """Until its end.

        Raises:
            ProviderError: it failed.
        """
        sending = asyncio.create_task(self.feeder.run())
        hearing = asyncio.create_task(self._hear())
        try:
            await asyncio.wait((hearing, self._over), return_when=asyncio.FIRST_COMPLETED)
            return self._over.result() if self._over.done() else await hearing
        finally:
            self._over.cancel()
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    def end(self, how: End) -> None:
        """It is not wanted any more."""
        if not self._over.done():
            self._over.set_result(how)

    def look(self, now: float) -> None:
        """See whether it still works; called every now and then."""
        if self._over.done():
            return
        self.feeder.look(now)
        wrong = self.feed.watch.verdict(now)
        if wrong:
            self._fail(KINDS.get(wrong, FailureKind.UNANSWERED), wrong)
        elif self._link.stalled(now):
            self._fail(FailureKind.STALLED, "takes no more audio")
        elif self._leaves_at is not None and self._due(self._leaves_at - now):
            self.end(End.HANDOVER)
        elif self.feeder.finished and self._said_all(now):
            self.end(End.FINISHED)

    def _said_all(self, now: float) -> bool:
        """Whether nothing more is to be expected of a provider that does not close by itself, or not soon."""
        if self._listening.waiting:
            return False
        if self._listening.left_out:
            self._fail(FailureKind.EMPTY, EMPTY)
            return False
        return not self.feeder.closes or now - self._heard_at >= SETTLED_S

    def _due(self, left: float) -> bool:
        return left <= LAST_S or (left <= LEAD_S and self._listening.quiet)

    def _fail(self, kind: FailureKind, reason: str) -> None:
        self._over.set_exception(TranscriberSilent(self._link.account.name, kind, reason))

    async def _hear(self) -> End:
        async for events in self._link.events():
            self._heard_at = self._clock()
            told: list[ToAgent] = []
            for event in events:
                if isinstance(event, Leaving):
                    self._leaves_at = self._clock() + event.seconds
                told += self._listening.received(event, self._clock())
            self._tell(told)
            if any(item.finalized for item in told) and self._changed():
                return End.REVISION
        if self.feeder.finished and self._listening.left_out:
            raise TranscriberSilent(self._link.account.name, FailureKind.EMPTY, EMPTY)
        if self.feeder.finished:
            return End.FINISHED
        raise ProviderBroke(self._link.account.name, f"closed the socket ({self._link.close_code})")


def why(end: End | ProviderError) -> str:
    """A word for the audit log."""
    return end.name.lower() if isinstance(end, End) else str(kind_of(end))
