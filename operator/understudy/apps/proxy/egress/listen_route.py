"""Which transcriber listens to a call, one after the other, and the record of where its audio went."""

import asyncio
import logging
from collections.abc import Callable

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.listen_line import End, Line, why
from understudy.apps.proxy.egress.listen_link import Link, make_link
from understudy.apps.proxy.egress.listen_metrics import ListenMetrics
from understudy.apps.proxy.egress.listen_standby import Standby
from understudy.apps.proxy.egress.parts import Egress, account_of
from understudy.base.errors import AllFailed, ProviderError
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.failure_watch import Habits
from understudy.domain.speech.listen_failure import HEARS_NOTHING, FailureKind, TranscriberFailed, kind_of
from understudy.domain.speech.listening import Listening
from understudy.domain.speech.provider_health import Key, ProviderHealth, preferred
from understudy.domain.speech.succession import Succession

log = logging.getLogger(__name__)
audit = logging.getLogger("understudy.audit.audio")
"""Where the audio of calls went: one line for each stretch, no personal data, no keys."""

PART = "transcriber"

OPEN_TIMEOUT_S = 3.0
"""Longest handshake with a transcriber: past it the caller's first words would be answered too late."""

LEAST_OPEN_S = 0.5
"""Shortest time that an attempt with the provider that just failed is given, whatever is left of the turn's budget."""


class Surroundings:
    """What the listening sockets of a process share."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self.metrics = ListenMetrics(egress.context.metrics.registry)
        self.health = ProviderHealth()
        self.habits: dict[Key, Habits] = {}

    def later(self, work: "asyncio.Task[None]") -> None:
        """Let `work` end by itself."""
        self.egress.tasks.add(work)
        work.add_done_callback(self.egress.tasks.discard)


class Route:
    """The transcribers of one agent's socket.

    Args:
        tell: takes what the agent is told.
    """

    def __init__(
        self,
        around: Surroundings,
        call: Call,
        listening: Listening,
        *,
        audio: AudioFormat,
        query: dict[str, str],
        tell: Callable[[list[ToAgent]], None],
    ) -> None:
        self._around = around
        self._egress = around.egress
        self._call = call
        self._listening = listening
        self._audio = audio
        self._query = query
        self._tell = tell
        self._now = asyncio.get_running_loop().time
        self._standby: Standby | None = None
        self._failed_at: float | None = None
        self._suspected: list[Key] = []
        self._lost = self._doubtful = 0
        self._transcribers: tuple[Transcriber, ...] = ()
        self._succession = Succession((), 0.0)
        self.line: Line | None = None
        self.finishing = False

    async def run(self) -> AllFailed | None:
        """Keep one transcriber listening until the agent is done (None) or all have failed."""
        try:
            while await self._serve_revision():
                pass
        finally:
            if self._standby:
                self._around.later(asyncio.create_task(self._standby.close()))
        return None if self._succession.current is not None or self.finishing else self._succession.all_failed()

    def finish(self) -> None:
        """The agent sends no more audio."""
        self.finishing = True
        if self.line:
            self.line.feeder.finish()

    def look(self, now: float) -> None:
        """See whether what listens still works; called every now and then."""
        if self.line:
            self.line.look(now)
        self._count()

    async def _serve_revision(self) -> bool:
        """Serve with the transcribers of the present revision; whether there is another now."""
        snapshot = self._call.snapshot()
        self._transcribers = snapshot.transcribers
        keys = [self._key(transcriber) for transcriber in self._transcribers]
        order = preferred(keys, self._around.health, self._now())
        self._succession = Succession(order, snapshot.turn_budget_ms / 1000)
        self._probe(keys)
        while (index := self._succession.current) is not None:
            if self._changed():  # also where some may not hear the caller any more
                return True
            if self.finishing and not self._listening.waiting and not self._listening.uncovered_speech:
                return False
            end = await self._attempt(self._transcribers[index])
            if end is End.FINISHED:
                return False
            if end is End.REVISION:
                return True
        return False

    async def _attempt(self, transcriber: Transcriber) -> End | None:
        """Let `transcriber` listen; None when it failed, and the next was chosen."""
        worked = False
        link: Link | None = None
        try:
            link = await self._link(transcriber)
            end = await self._listen(link, transcriber)
        except ProviderError as cause:
            worked = self.line is not None and self.line.feed.said_text
            if kind_of(cause) in HEARS_NOTHING:
                self._listening.hear_again()
            self._failed(transcriber, cause, worked=worked)
            return None
        else:
            self._listening.trust()
            return end
        finally:
            self.line = None
            self._listening.disconnect()
            if link is not None:
                self._around.later(asyncio.create_task(link.close()))

    async def _link(self, transcriber: Transcriber) -> Link:
        """An open connection: that on standby, or a new one."""
        standby = self._standby
        if standby is not None and (standby.transcriber == transcriber or not self._succession.retrying):
            self._standby = None
            link = await standby.take() if standby.transcriber == transcriber else None
            if link is not None:
                return link
            self._around.later(asyncio.create_task(standby.close()))
        self._stand_by()
        return await self._open(transcriber)

    async def _open(self, transcriber: Transcriber) -> Link:
        """A new connection.

        Raises:
            ProviderError: there is none to be had.
        """
        with upstream.told_as(transcriber.account):
            link = make_link(
                transcriber, account_of(self._call.snapshot(), transcriber.account), self._audio, self._query
            )
            left = self._succession.budget_left(self._now()) if self._succession.retrying else OPEN_TIMEOUT_S
            try:
                async with asyncio.timeout(min(OPEN_TIMEOUT_S, max(left, LEAST_OPEN_S))):
                    await link.open(self._egress, self._call)
            except BaseException:
                self._around.later(asyncio.create_task(link.close()))
                raise
            return link

    async def _listen(self, link: Link, transcriber: Transcriber) -> End:
        self.line = line = Line(
            self._listening,
            link=link,
            audio=self._audio,
            tell=self._told,
            changed=self._changed,
            begun=self._begun,
            caught_up=self._caught_up,
            habits=self._around.habits.setdefault(self._key(transcriber), Habits()),
        )
        line.feed.watch.armed = not self._succession.noise
        self._listening.settings(transcriber.settings)
        if self._failed_at is not None:
            self._around.metrics.replayed.labels(link.account.name).inc(self._listening.behind_s)
        if self.finishing:
            line.feeder.finish()
        else:
            self._stand_by()
        end: End | ProviderError = TranscriberFailed(link.account.name, FailureKind.CLOSED, "the call ended")
        try:
            end = await line.run()
        except ProviderError as cause:
            end = cause
            raise
        finally:
            self._audit(line, link.account, end)
        return end

    def _told(self, items: list[ToAgent]) -> None:
        line = self.line
        if line and line.feed.spoke and not line.feed.counted:
            line.feed.counted = True
            self._won()
        if line and line.feed.said_text and any(item.final_text for item in items):
            self._works()
        self._tell(items)

    def _won(self) -> None:
        """The first word of a connection."""
        index = self._succession.current or 0
        account = self._account(self._transcribers[index])
        self._egress.metrics.attempts.labels(PART, account.name, "ok").inc()
        self._egress.available(PART, self._call)
        if self._succession.failed_over:
            self._egress.took_over(PART, self._call, account)
        elif index:
            self._call.ledger.failover(PART)  # those before it are known not to work

    def _works(self) -> None:
        index = self._succession.current or 0
        self._succession.works()
        if self._standby is not None and self._call.snapshot().standby != "Connected":
            standby, self._standby = self._standby, None
            self._around.later(asyncio.create_task(standby.close()))
        while self._suspected:  # another heard words where these heard none
            self._around.health.failed(self._suspected.pop(), self._now())
        self._around.health.works(self._key(self._transcribers[index]))

    def _stand_by(self, *, anyway: bool = False) -> None:
        """Connect the next transcriber ahead, where that is wanted."""
        upcoming = self._succession.upcoming
        wanted = anyway or self._call.snapshot().standby == "Connected"
        if self._standby is None and upcoming is not None and wanted:
            self._standby = Standby(self._transcribers[upcoming], self._open, self._standby_failed)

    def _failed(self, transcriber: Transcriber, cause: ProviderError, *, worked: bool) -> None:
        now = self._now()
        self._failed_at = now
        account = self._account(transcriber)
        log.info("a transcriber of %s failed: %s", self._call.assistant, cause)
        before = self._succession.current
        self._egress.failed(PART, self._call, account, cause)
        self._around.metrics.failures.labels(account.name, str(kind_of(cause))).inc()
        ready = self._standby is not None and self._standby.ready
        if self._succession.failed(cause, now, worked=worked, ready=ready) == before:
            self._stand_by(anyway=True)  # beside the second try, so that no time is lost if that fails as well
            return
        if kind_of(cause) is FailureKind.EMPTY:
            self._suspected.append(self._key(transcriber))
        else:
            self._around.health.failed(self._key(transcriber), now)

    def _standby_failed(self, transcriber: Transcriber, cause: ProviderError) -> None:
        self._around.health.failed(self._key(transcriber), self._now())
        self._around.metrics.failures.labels(transcriber.account, str(kind_of(cause))).inc()

    def _begun(self) -> None:
        if self._failed_at is not None:
            self._around.metrics.resumed.observe(self._now() - self._failed_at)

    def _caught_up(self) -> None:
        if self._failed_at is not None:
            self._around.metrics.caught_up.observe(self._now() - self._failed_at)
            self._failed_at = None

    def _changed(self) -> bool:
        return self._call.snapshot().transcribers != self._transcribers

    def _probe(self, keys: list[Key]) -> None:
        """Look, beside the call, whether a provider that failed before is back."""
        for key, transcriber in zip(keys, self._transcribers, strict=True):
            if self._around.health.wants_probe(key, self._now()):
                self._around.later(asyncio.create_task(self._probe_one(key, transcriber)))

    async def _probe_one(self, key: Key, transcriber: Transcriber) -> None:
        try:
            link = await self._open(transcriber)
        except ProviderError:
            self._around.health.failed(key, self._now())
            return
        self._around.health.probed(key)
        await link.close()

    def _key(self, transcriber: Transcriber) -> Key:
        return (self._call.namespace, transcriber.account, transcriber.provider)

    def _account(self, transcriber: Transcriber) -> Account:
        known = self._call.snapshot().accounts.get(transcriber.account)
        return known or Account(name=transcriber.account, provider=transcriber.provider, base_url="")

    def _count(self) -> None:
        lost, doubtful = self._listening.log.lost, self._listening.doubtful
        if lost > self._lost:
            self._around.metrics.lost.inc((lost - self._lost) / self._audio.sample_rate)
        if doubtful > self._doubtful and self.line:
            index = self._succession.current or 0
            self._around.metrics.doubtful.labels(self._transcribers[index].account).inc(doubtful - self._doubtful)
            log.info("%d doubtful words of call %s were left out", doubtful - self._doubtful, self._call.id)
        self._lost, self._doubtful = lost, doubtful

    def _audit(self, line: Line, account: Account, end: End | ProviderError) -> None:
        rate = self._audio.sample_rate
        audit.info(
            "audio of call %s of %s went to account %s (provider %s, region %s) from %.2f s to %.2f s: %s",
            self._call.id,
            self._call.assistant,
            account.name,
            account.provider,
            account.region or "unspecified",
            line.feed.start / rate,
            line.feed.cursor / rate,
            why(end),
        )
