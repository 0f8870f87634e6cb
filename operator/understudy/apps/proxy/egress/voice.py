"""One context of speech, spoken by the first voice that can; shared by both faces.

Before the first audio another voice says the whole text. After it another voice goes on with the first sentence that
was not begun, where it is known how far the first one came; otherwise the context ends with an error.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

import orjson
from aiohttp import ClientError, ClientResponse

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import AgentGone, Egress, account_of
from understudy.apps.proxy.egress.voice_link import VoiceLink, VoiceLinks
from understudy.apps.proxy.egress.voice_slack import key_of, voices_for
from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.attempts import Attempts
from understudy.domain.routing.providers import openai_url
from understudy.domain.routing.slack import filler_of
from understudy.domain.speech import cartesia, openai_speech
from understudy.domain.speech.audio import Converter
from understudy.domain.speech.utterance import Units, Utterance
from understudy.domain.speech.voice_codec import Audio, Done, Refused, VoiceEvent, Words

PART = "voice"

FIRST_AUDIO_S = 2.0
"""Longest wait for the first audio of a text: voices take 50 to 500 ms; a caller takes 2 s for a dead line."""

STALL_S = 5.0
"""Longest silence of a voice that still owes audio: what it made before has been played by then."""


class Sink(Protocol):
    """Where the speech goes."""

    async def audio(self, data: bytes) -> None:
        """The next audio, in the utterance's format."""
        ...

    async def words(self, words: Words) -> None:
        """When words of it are heard."""
        ...


class Speech:
    """Speaks one utterance.

    Args:
        egress: the surroundings.
        call: the call it belongs to.
        utterance: what to say; may grow through `add`.
        sink: where the speech goes.
        links: the agent's sockets to Cartesia.
        rehearsal: nobody hears it: by the first voice alone, and no part of the call's account.
    """

    def __init__(
        self,
        egress: Egress,
        call: Call,
        utterance: Utterance,
        sink: Sink,
        links: VoiceLinks,
        *,
        rehearsal: bool = False,
    ) -> None:
        self.utterance = utterance
        self._egress = egress
        self._call = call
        self._sink = sink
        self._links = links
        self._rehearsal = rehearsal
        self._snapshot = call.snapshot()
        self._changed = asyncio.Event()
        self._speaking: Account | None = None
        """Account of the present voice; None for what is kept."""
        self._heard = False
        """Whether the present voice has produced audio."""
        self._sent = 0
        """Messages that the present voice was given."""
        self._whole = False
        """Whether no message was to come when the present voice began."""

    def add(self, message: dict[str, Any]) -> None:
        """More text, or its end."""
        had_text = self.utterance.has_text
        self.utterance.add(message)
        if self.utterance.has_text and not had_text and not self._rehearsal:
            self._call.ledger.voice_request(self._egress.now())
        self._changed.set()

    async def run(self) -> None:
        """Speak to the end.

        Raises:
            AllFailed: no voice could, or none could go on.
        """
        await self._wait_for_text()
        attempts = Attempts(PART, self._voices())
        if not self.utterance.has_text:
            return
        await self._play_filler()
        for _, voice in attempts:
            text = self.utterance.remaining()
            if text is None:
                break
            if self.utterance.complete and not text.strip():
                return
            try:
                await self._speak(voice, text)
            except ProviderError as cause:
                account = self._snapshot.accounts.get(voice.account)
                unknown = Account(name=voice.account, provider=voice.provider, base_url="")
                self._egress.failed(PART, self._call, account or unknown, cause)
                attempts.failed(cause)
            else:
                self._won(attempts, voice)
                return
        raise attempts.all_failed()

    def _voices(self) -> tuple[Voice, ...]:
        return self._snapshot.voices[:1] if self._rehearsal else voices_for(self._call, self._snapshot)

    async def _play_filler(self) -> None:
        """Say the revision's filler from what is kept of it, if the text begins with it; then wait for the rest."""
        filler = filler_of(self._snapshot.model)
        if not filler or self._rehearsal or not self.utterance.text.lstrip().startswith(filler):
            return
        key = (
            key_of(self._call, self._snapshot.voices[0], self.utterance.format, filler) if self._snapshot.voices else ()
        )
        audio = self._egress.fillers.get(key)
        if audio is None:
            return
        self.utterance.begin(self.utterance.text)
        await self._audio(audio)
        await self._words(openai_speech.spread(filler, 0.0, self.utterance.seconds))
        while not self.utterance.complete and not (self.utterance.remaining() or "").strip():
            await self._next_change()

    def _won(self, attempts: Attempts[Voice], voice: Voice) -> None:
        self._egress.metrics.attempts.labels(PART, voice.account, "ok").inc()
        self._egress.available(PART, self._call)
        if attempts.failed_over:
            self._egress.took_over(PART, self._call, self._snapshot.accounts[voice.account])

    async def _wait_for_text(self) -> None:
        while not (self.utterance.has_text or self.utterance.complete):
            await self._next_change()

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _speak(self, voice: Voice, text: str) -> None:
        account = account_of(self._snapshot, voice.account)
        self._speaking = account
        self._heard = False
        self.utterance.begin(text)
        self._sent, self._whole = len(self.utterance.messages), self.utterance.complete
        with upstream.told_as(account.name):
            match voice.provider:
                case "cartesia":
                    await self._by_cartesia(voice, account, text)
                case "openai":
                    await self._by_openai(voice, account, text)
                case other:
                    raise ProviderRefused(account.name, f"voice provider {other!r} is not built")

    async def _audio(self, data: bytes) -> None:
        if not data:
            return
        if not self.utterance.audio_bytes and not self._rehearsal:
            self._egress.voice_began(self._call, self._speaking)
        self._heard = True
        self.utterance.audio_bytes += len(data)
        try:
            await self._sink.audio(data)
        except ConnectionError as error:
            raise AgentGone("the agent closed its socket") from error

    async def _words(self, words: Words) -> None:
        self.utterance.timed(words)
        if not self.utterance.wants_times:
            return
        try:
            await self._sink.words(words)
        except ConnectionError as error:
            raise AgentGone("the agent closed its socket") from error

    async def _by_cartesia(self, voice: Voice, account: Account, text: str) -> None:
        link = await self._links.get(voice, account)
        inbox: asyncio.Queue[VoiceEvent | None] = asyncio.Queue()
        link.join(self.utterance.context_id, inbox.put_nowait)
        finished = False
        try:
            async with asyncio.timeout(None) as limit:
                sender = asyncio.create_task(self._send_texts(link, voice, text, limit))
                try:
                    await self._receive(inbox, account, limit)
                finally:
                    sender.cancel()
                    await asyncio.gather(sender, return_exceptions=True)
            finished = True
        finally:
            link.leave(self.utterance.context_id)
            if not finished and link.open:
                with contextlib.suppress(ConnectionError):
                    await link.send({"context_id": self.utterance.context_id, "cancel": True})

    async def _receive(
        self, inbox: "asyncio.Queue[VoiceEvent | None]", account: Account, limit: asyncio.Timeout
    ) -> None:
        offset = self.utterance.seconds
        while True:
            match await inbox.get():
                case None:
                    raise ProviderBroke(account.name, "closed the socket")
                case Refused(status):
                    raise ProviderRefused(account.name, f"refused to speak ({status})", status)
                case Audio(data):
                    await self._audio(data)
                case Words() as words:
                    await self._words(words.later(offset))
                case Done():
                    if not self._heard:
                        raise ProviderBroke(account.name, "finished without audio")
                    return
                case _:
                    pass
            self._renew(limit)

    async def _send_texts(self, link: VoiceLink, voice: Voice, text: str, limit: asyncio.Timeout) -> None:
        """The text so far as one message, then whatever the agent adds."""
        template = {**self.utterance.messages[0], "add_timestamps": True}
        messages = [{**template, "transcript": text, "continue": not self._whole}]
        with contextlib.suppress(ConnectionError):  # the receiving side is told as well
            while messages:
                for message in messages:
                    await link.send(cartesia.request({**message, "add_timestamps": True}, voice))
                self._renew(limit)
                messages = await self._more()

    async def _more(self) -> list[dict[str, Any]]:
        """Messages that the present voice was not given, as soon as there are any; none after the last."""
        while self._sent == len(self.utterance.messages):
            if self.utterance.complete:
                return []
            await self._next_change()
        messages = self.utterance.messages[self._sent :]
        self._sent = len(self.utterance.messages)
        return messages

    def _renew(self, limit: asyncio.Timeout) -> None:
        """Move the deadline: until audio comes it may only come nearer, then it holds while audio is owed."""
        now = asyncio.get_running_loop().time()
        complete = self.utterance.complete
        if self._heard:
            limit.reschedule(now + STALL_S if complete else None)
            return
        wanted = now + FIRST_AUDIO_S + (0.0 if complete else self.utterance.buffer_ms / 1000)
        limit.reschedule(wanted if (at := limit.when()) is None else min(at, wanted))

    async def _by_openai(self, voice: Voice, account: Account, text: str) -> None:
        converter = Converter(openai_speech.PCM_RATE, self.utterance.format)
        async for unit in self._units(text):
            start = self.utterance.seconds
            try:
                await self._unit(voice, account, unit, converter)
            except (ProviderError, ClientError, OSError):
                self.utterance.timed(openai_speech.spread(unit.split()[0], start, 0.0))  # begun, if there was audio
                raise
            await self._words(openai_speech.spread(unit, start, self.utterance.seconds - start))
        await self._audio(converter.convert(b"", last=True))

    async def _units(self, text: str) -> AsyncIterator[str]:
        units = Units(self.utterance)
        for unit in units.feed(text, end=self._whole):
            yield unit
        while messages := await self._more():
            for message in messages:
                end = not message.get("continue", False) or bool(message.get("flush"))
                for unit in units.feed(str(message.get("transcript") or ""), end=end):
                    yield unit

    async def _unit(self, voice: Voice, account: Account, text: str, converter: Converter) -> None:
        """Speak one text.

        Raises:
            ProviderError: refused, broken, late, or without any audio.
        """
        loop = asyncio.get_running_loop()
        body = orjson.dumps(openai_speech.request(text, voice))
        some = False
        async with asyncio.timeout(FIRST_AUDIO_S) as limit:
            async with await ask_openai(self._egress, self._call, account, body) as response:
                async for data in response.content.iter_any():
                    some = True
                    limit.reschedule(None)
                    await self._audio(converter.convert(data))
                    limit.reschedule(loop.time() + STALL_S)
        if not some:
            raise ProviderBroke(account.name, "finished without audio")


async def ask_openai(egress: Egress, call: Call, account: Account, body: bytes) -> ClientResponse:
    """OpenAI's answer to a speech request, once its headers say success.

    Raises:
        ProviderRefused: they do not.
    """
    key = egress.key(call, account)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = await upstream.post(egress.session, openai_url(account.base_url, "audio/speech"), body, headers)
    try:
        await upstream.refuse_errors(account.name, response)
    except BaseException:
        response.close()
        raise
    return response
