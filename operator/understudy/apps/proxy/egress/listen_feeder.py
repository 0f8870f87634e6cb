"""Sends the caller's audio to one transcriber: what is kept first, as fast as it allows, then the rest live."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from understudy.apps.proxy.egress.listen_link import Link
from understudy.domain.speech.codec import AudioFormat, Frame
from understudy.domain.speech.feed import Feed, Piece
from understudy.domain.speech.listening import Listening
from understudy.domain.speech.marks import Mark
from understudy.domain.speech.pacing import LEAST_S, PIECE_S, Pacing
from understudy.domain.speech.packing import Packing

IDLE_SHARE = 0.4
"""Share of a provider's idle time after which it is told that we are still there: two may be lost."""

QUIET_S = 0.5
"""Time without audio from the agent after which a provider may be given silence: longer than a network's jitter, so
that none gets between two halves of a word."""


class Feeder:
    """One connection's sender.

    Args:
        listening: what is to be sent.
        link: open.
        feed: the connection, as `listening` knows it.
        audio: what the agent sends.
        begun: called when the first audio was sent.
        caught_up: called when for the first time there was nothing more to send.
    """

    def __init__(
        self,
        listening: Listening,
        link: Link,
        feed: Feed,
        audio: AudioFormat,
        *,
        begun: Callable[[], None],
        caught_up: Callable[[], None],
    ) -> None:
        self._listening = listening
        self._link = link
        self._feed = feed
        self._rate = audio.sample_rate
        self._clock = asyncio.get_running_loop().time
        traits = link.codec.traits
        self._pacing = Pacing(traits.replay_rate, self._clock(), traits.replay_burst_s)
        self._packing = Packing(traits, audio, link.takes)
        self._wake = asyncio.Event()
        self._first, self._caught_up = begun, caught_up
        self._audio_at = self._silent_at = self._clock()
        self._extra: list[Frame] = []
        self._alive_asked = False
        self._finishing = False
        self.finished = False
        """Whether the provider has all audio there was, and was told that no more comes."""
        self.closes = False
        """Whether it closes the connection once it has said everything."""

    def wake(self) -> None:
        """There is more to send."""
        self._wake.set()

    def keep_alive(self) -> None:
        """Tell the provider that we are still there, once the caller's audio does not tell it.

        To some of them this is a piece of silence, which must not get between two halves of a word.
        """
        self._alive_asked = True

    def control(self, message: dict[str, Any]) -> None:
        """Pass on a message of the agent's, where the provider has the like of it."""
        self._extra += self._link.codec.control(message)
        self._wake.set()

    def finish(self) -> None:
        """No more audio comes."""
        self._finishing = True
        self._wake.set()

    def look(self, now: float) -> None:
        """Keep a connection alive on which nothing happens; called every now and then."""
        traits = self._link.codec.traits
        if traits.idle_s is not None and now - self._link.sent_at >= traits.idle_s * IDLE_SHARE:
            self.keep_alive()
        if (traits.needs_silence or self._alive_asked) and self._is_quiet(now):
            self._wake.set()

    def _is_quiet(self, now: float) -> bool:
        return now - self._audio_at >= QUIET_S

    async def run(self) -> None:
        """Send until cancelled, or until the connection is gone: the receiving side tells why."""
        with contextlib.suppress(ConnectionError):
            while True:
                self._wake.clear()
                await self._send_all()
                await self._wake.wait()

    async def _send_all(self) -> None:
        while True:
            now = self._clock()
            allowed = self._pacing.allows(now)
            item = self._listening.next(round(allowed * self._rate), now)
            if isinstance(item, Piece):
                await self._audio(item, now)
            elif isinstance(item, Mark):
                await self._finalize()
            elif self._feed.cursor < self._listening.log.heard:
                await asyncio.sleep(self._pacing.wait_s)
            else:
                await self._rest(now)
                return

    async def _audio(self, piece: Piece, now: float) -> None:
        self._audio_at = now
        self._alive_asked = False
        self._pacing.sent(piece.samples / self._rate)
        for packed in self._packing.pack(piece.audio):
            await self._link.send(self._link.codec.send(packed))
        if self._first is not _nothing:
            self._first()
            self._first = _nothing

    async def _finalize(self) -> None:
        packed, padding = self._packing.flush(finalize=True)
        await self._send_packed(packed, padding)
        self._pacing.sent(self._link.codec.traits.finalize_sends_s)
        await self._link.send(self._link.codec.finalize())

    async def _rest(self, now: float) -> None:
        """Everything was sent that there is: what is left to say."""
        self._caught_up()
        self._caught_up = _nothing
        if self._extra:
            extra, self._extra = self._extra, []
            await self._link.send(extra)
        if self._alive_asked and self._is_quiet(now):
            self._alive_asked = False
            await self._link.send(self._link.codec.keep_alive())
        if self._finishing and not self.finished:
            await self._finish()
        elif self._link.codec.traits.needs_silence and self._is_quiet(now):
            await self._silence(now)

    async def _finish(self) -> None:
        await self._send_packed(*self._packing.flush(finalize=False))
        frames = self._link.codec.finish()
        self.closes, self.finished = bool(frames), True
        await self._link.send(frames)

    async def _silence(self, now: float) -> None:
        """As much as the time that went by since the last, so that the stream runs on evenly."""
        seconds = min(now - max(self._silent_at, self._audio_at), PIECE_S)
        if seconds < max(LEAST_S, self._link.codec.traits.chunk_min_s):
            return
        self._silent_at = now
        await self._send_packed(*self._packing.flush(finalize=False))
        await self._send_packed(self._packing.silence(seconds), seconds)

    async def _send_packed(self, packed: list[bytes], padding: float) -> None:
        if padding:
            self._feed.time.silence(padding)
        for audio in packed:
            await self._link.send(self._link.codec.send(audio))


def _nothing() -> None:
    """Called in place of what is called once."""
