"""One voice at work: takes texts, gives audio and word times in their order. Over HTTP and over WebSockets."""

import asyncio
import contextlib
from functools import partial
from typing import Protocol, cast
from uuid import uuid4

from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.voice_lineup import Begun, Lineup, More, Part
from understudy.apps.proxy.egress.voice_link import Speaker, VoiceLink, VoiceLinks
from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused
from understudy.domain.revision.snapshot import Account
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voice_codec import Done, HttpVoiceCodec, Refused, Resume, VoiceEvent
from understudy.domain.speech.voices.registry import on_socket

AHEAD = 2
"""Texts that a voice is given at a time, where it can speak several at once: the next one's first audio is there when
the present one ends."""


class Stage(Protocol):
    """A voice, for the length of one take.

    Attributes:
        audio: the format of what it says.
        pieces: it takes pieces of one text; otherwise each is spoken by itself.
        reports: it says when which word is heard.
        lineup: what it says.
    """

    audio: SpeechFormat
    pieces: bool
    reports: bool
    lineup: Lineup

    async def say(self, text: str, begin: int, end: int, *, last: bool) -> None:
        """Give it characters `begin` to `end` of the text; `last`: no more come. Returns when it may have the next."""
        ...

    async def finish(self) -> None:
        """No more text comes, though the last one said otherwise."""
        ...

    async def leave(self, *, failed: bool) -> None:
        """Nobody wants to hear what it still says; `failed`: it is not to be trusted any more."""
        ...


async def stage_of(links: VoiceLinks, speaker: Speaker, wanted: SpeechFormat, *, hurried: bool) -> Stage:
    """The voice, ready to speak; `hurried`: another could.

    Raises:
        ProviderError: it is not.
    """
    if on_socket(speaker.codec()):
        return SocketStage(links, await links.get(speaker, wanted, hurried=hurried), speaker.account)
    return HttpStage(links.egress, speaker, wanted, links.egress.key(links.call, speaker.account))


class SocketStage:
    """See `Stage`: contexts on a WebSocket."""

    def __init__(self, links: VoiceLinks, link: VoiceLink, account: Account) -> None:
        self.audio = link.audio
        self.lineup = Lineup()
        self._links, self._link, self._account = links, link, account
        self._codec = link.codec
        self._open: dict[str, Part] = {}
        self._fed = ""
        """The context that takes more text."""
        traits = link.codec.traits
        self.pieces, self.reports = traits.pieces, traits.resume is Resume.WORD
        self._room = asyncio.Semaphore(AHEAD if traits.shared else 1)

    async def say(self, text: str, begin: int, end: int, *, last: bool) -> None:
        """See `Stage.say`."""
        text = f"{text} " if self.pieces else text
        if self._fed:
            self.lineup.put(self._open[self._fed], More(end, _now()))
            await self._send(self._codec.speak(self._fed, text, first=False, last=last))
        else:
            await self._room.acquire()
            context_id = str(uuid4())
            part = self.lineup.open(Begun(begin, end, _now()))
            self._open[context_id] = part
            self._link.join(context_id, partial(self._heard, context_id))
            self._fed = context_id if self.pieces else ""
            await self._send(self._codec.speak(context_id, text, first=True, last=last or not self.pieces))
        if last:
            self._fed = ""

    async def finish(self) -> None:
        """See `Stage.finish`."""
        if self._fed:
            await self._send(self._codec.speak(self._fed, "", first=False, last=True))
            self._fed = ""

    async def leave(self, *, failed: bool) -> None:
        """See `Stage.leave`."""
        owed, self._open = list(self._open), {}
        for context_id in owed:
            self._link.leave(context_id)
            if self._link.open and not failed:
                with contextlib.suppress(ConnectionError):
                    await self._link.send(self._codec.cancel(context_id))
        if failed:
            await self._links.drop(self._link)

    async def _send(self, frames: list[str | bytes]) -> None:
        try:
            await self._link.send(frames)
        except ConnectionError:
            self.lineup.fail(ProviderBroke(self._account.name, "closed the socket"))

    def _heard(self, context_id: str, event: VoiceEvent | None) -> None:
        part = self._open.get(context_id)
        if part is None:
            return
        if isinstance(event, Done):
            self._ended(context_id)
        self.lineup.put(part, _checked(self._account, event))

    def _ended(self, context_id: str) -> None:
        self._link.leave(context_id)
        self._open.pop(context_id, None)
        self._fed = "" if self._fed == context_id else self._fed
        self._room.release()


class HttpStage:
    """See `Stage`: a request a text."""

    pieces = False
    reports = False

    def __init__(self, egress: Egress, speaker: Speaker, wanted: SpeechFormat, key: str | None) -> None:
        self.lineup = Lineup()
        self._egress, self._speaker, self._account, self._key = egress, speaker, speaker.account, key
        self.audio = self._codec().makes(SpeechFormat("pcm_s16le", wanted.sample_rate))
        self._room = asyncio.Semaphore(AHEAD)
        self._tasks: set[asyncio.Task[None]] = set()

    def _codec(self) -> HttpVoiceCodec:
        codec = self._speaker.codec()
        if on_socket(codec):
            raise TypeError("a provider speaks one protocol")
        return cast("HttpVoiceCodec", codec)

    async def say(self, text: str, begin: int, end: int, *, last: bool) -> None:  # noqa: ARG002
        """See `Stage.say`."""
        await self._room.acquire()
        part = self.lineup.open(Begun(begin, end, _now()))
        task = asyncio.create_task(self._request(part, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Nothing: every text is complete."""

    async def leave(self, *, failed: bool) -> None:  # noqa: ARG002 (the connection goes with the request)
        """See `Stage.leave`."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _request(self, part: Part, text: str) -> None:
        codec = self._codec()
        try:
            with upstream.told_as(self._account.name):
                await self._read(part, codec, text)
        except ProviderError as error:
            self.lineup.put(part, error)
        else:
            self.lineup.put(part, Done())
        finally:
            self._room.release()

    async def _read(self, part: Part, codec: HttpVoiceCodec, text: str) -> None:
        post = codec.request(text, self.audio, self._key)
        async with await upstream.post(self._egress.session, post.url, post.body, post.headers) as response:
            await upstream.refuse_errors(self._account.name, response)
            async for data in response.content.iter_any():
                for event in codec.receive(data):
                    self.lineup.put(part, _checked(self._account, event))
        for event in codec.receive(b"", last=True):
            self.lineup.put(part, _checked(self._account, event))


def _checked(account: Account, event: VoiceEvent | None) -> VoiceEvent | ProviderError:
    if event is None:
        return ProviderBroke(account.name, "closed the socket")
    if isinstance(event, Refused):
        status = f" ({event.status})" if event.status else ""
        return ProviderRefused(account.name, f"{event.reason}{status}", event.status)
    return event


def _now() -> float:
    return asyncio.get_running_loop().time()
