"""One request at one deployment, from the first byte sent to the last byte read."""

import asyncio
from typing import TYPE_CHECKING

from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import AgentGone, account_of
from understudy.apps.proxy.egress.reader import Reader
from understudy.apps.proxy.http.transport import Answer
from understudy.base.errors import ProviderError
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.headroom import retry_after
from understudy.domain.routing.pool.step import Shot
from understudy.domain.routing.reading import Reading
from understudy.domain.routing.whole import MAX_WHOLE_BYTES

if TYPE_CHECKING:
    from understudy.apps.proxy.egress.chat_turn import Race

DRAIN_S = 0.2
"""Longest wait for the end of a body after its last event, so that the connection can be used again."""


class Attempt:
    """A shot of the pool's.

    Args:
        race: the turn that fired it.
        shot: what the pool said.
        target: where it goes.
        reader: reads the answer.
        beginning: what it is to go on from; empty when it is to answer.

    Attributes:
        won: whether its answer is passed on.
        useful_at: when the first useful byte came; None while it has not.
        heard_at: when the latest bytes came, on the ledger's clock.
        writing_since: since when the agent has not taken what it was sent; None while it does.
        retry_after_s: what the provider asked for, seconds.
    """

    def __init__(self, race: "Race", shot: Shot, target: ModelTarget, reader: Reader, beginning: str) -> None:
        self.shot = shot
        self.target = target
        self.reader = reader
        self.won = False
        self.useful_at: float | None = None
        self.heard_at = shot.at
        self.writing_since: float | None = None
        self.retry_after_s: float | None = None
        self._race = race
        self._beginning = beginning
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    def start(self) -> None:
        """Send it."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._race.egress.tasks.add(self._task)
        self._task.add_done_callback(self._stopped)

    def cancel(self) -> None:
        """Give it up: its connection is closed, so that the provider stops."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            account = account_of(self._race.asked.snapshot, self.target.account)
            with upstream.told_as(account.name):
                answer = await self._ask(account)
                try:
                    await self._take(account, answer)
                finally:
                    answer.close()
        except ProviderError as cause:
            self._race.failed(self, cause)
        except AgentGone:
            self._race.gone()

    async def _ask(self, account: Account) -> Answer:
        race = self._race
        body = race.asked.request(self.target, account, self._beginning, simpler=race.late(self.shot))
        headers = await race.egress.headers(race.asked.call, account)
        sent = {"Content-Type": "application/json", **headers}
        url = race.asked.dialect.url(account, self.target)
        return await race.egress.transport.post(url, body, sent, connect_timeout_s=upstream.CONNECT_TIMEOUT_S)

    async def _take(self, account: Account, answer: Answer) -> None:
        self._race.headers(self, answer.headers)
        self.retry_after_s = retry_after(answer.headers)
        await upstream.refuse_error_answers(account.name, answer)
        await self._read(answer)
        await self._race.finished(self)
        answer.leave(DRAIN_S)

    async def _read(self, answer: Answer) -> None:
        """Read to the end.

        Raises:
            ConnectionError, ValueError: it broke, or is not what it should be.
        """
        reader = self.reader
        if isinstance(reader, Reading) and answer.headers.get("content-type", "").startswith("application/json"):
            await self._read_whole(reader, answer)
            return
        over = False
        while not reader.ended and not over:
            over = await answer.each(self._came)
            if over and not reader.ended and reader.error is None:
                self.heard_at = self._race.now()
                reader.finish()
                self._progress()
            await self._written()
            if reader.error is not None:
                raise reader.error

    async def _read_whole(self, reader: Reading, answer: Answer) -> None:
        """Of a server that does not stream."""
        reader.whole(await answer.body(MAX_WHOLE_BYTES))
        reader.finish()
        self.heard_at = self._race.now()
        self._progress()
        await self._written()
        if reader.error is not None:
            raise reader.error

    def _came(self, data: bytes) -> bool:
        """More of the answer: whether the next piece may be given here as well."""
        if self._cancelled:
            return False  # the task is about to learn of it
        reader = self.reader
        self.heard_at = self._race.now()
        reader.feed(data)
        if reader.ended:
            reader.finish()
        return self._progress() and reader.error is None and not reader.ended

    def _progress(self) -> bool:
        """Tell what the latest bytes brought, and pass on what may be; whether the agent takes more."""
        reader = self.reader
        if self.useful_at is None and reader.useful:
            self.useful_at = self.heard_at
            self._race.useful(self)
        if self.won:
            self._race.chunk(self)
        elif reader.speakable:
            self.won = self._race.won(self)
        return not self.won or self._race.outlet.forward(reader, self.target.name)

    async def _written(self) -> None:
        """Wait while the agent reads too slowly."""
        if self.won:
            self.writing_since = self.heard_at
            await self._race.outlet.drained()
            self.writing_since = None

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self._race.egress.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._race.crashed(error)
        # The race knows its winner, so this would be a cycle, and garbage until the collector stops everything.
        self._task = None
        del self._race
