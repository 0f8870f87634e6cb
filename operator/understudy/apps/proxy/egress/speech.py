"""`POST /v1/audio/speech`: OpenAI's protocol towards the agent, the revision's voices in order behind it.

`pcm` and `wav` any voice can give; the compressed formats only the voices that make them, since we do not encode.
"""

import asyncio
from typing import Any

import orjson
from aiohttp import ClientResponse, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.auth import authenticate, bad_request, error_body, json_object
from understudy.apps.proxy.egress.parts import AgentGone, Egress, account_of, ends_with
from understudy.apps.proxy.egress.rehearsal import rehearse
from understudy.apps.proxy.egress.voice import FIRST_AUDIO_S, PART, STALL_S, Speech
from understudy.apps.proxy.egress.voice_link import VoiceLinks
from understudy.apps.proxy.egress.voice_slack import voices_for
from understudy.base.errors import AllFailed, ProviderError, ProviderRefused
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.attempts import Attempts
from understudy.domain.routing.providers import openai_url
from understudy.domain.speech import openai_speech
from understudy.domain.speech.audio import wav_header
from understudy.domain.speech.utterance import Utterance
from understudy.domain.speech.voice_codec import Words

CONTENT_TYPES = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
}
_RAW = ("pcm", "wav")
_NO_RETRY = {"x-should-retry": "false"}


class SpeechFace:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One text."""
        call = authenticate(request, self._egress.context.registry)
        body: dict[str, Any] = await json_object(request)
        text, kind = body.get("input"), body.get("response_format", "mp3")
        if not isinstance(text, str) or not text.strip():
            raise bad_request("`input` has to be a text")
        if kind not in CONTENT_TYPES:
            raise bad_request(f"`response_format` has to be one of {', '.join(CONTENT_TYPES)}")
        sink = BodySink(request, kind)
        with ends_with(call, request):
            try:
                await (self._raw(call, text, sink) if kind in _RAW else self._encoded(call, text, sink))
            except AllFailed as error:
                self._egress.unavailable(PART, call, error)
                return _failed(request, sink, error)
            except (AgentGone, ConnectionError):
                return sink.response
        await sink.response.write_eof()
        return sink.response

    async def _raw(self, call: Call, text: str, sink: "BodySink") -> None:
        output = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": openai_speech.PCM_RATE}
        message = {"transcript": text, "continue": False, "context_id": "speech", "output_format": output}
        links, utterance = VoiceLinks(self._egress, call), Utterance(message)
        rehearse(self._egress, call, utterance.format)
        try:
            speech = Speech(links, utterance, sink)
            speech.add(message)
            await speech.run()
        finally:
            await links.close()

    async def _encoded(self, call: Call, text: str, sink: "BodySink") -> None:
        snapshot = call.snapshot()
        attempts = Attempts(PART, voices_for(call, snapshot))
        call.ledger.voice_request(self._egress.now())
        for _, voice in attempts:
            account = account_of(snapshot, voice.account)
            try:
                await self._pass(call, voice, account, text, sink)
            except ProviderError as cause:
                self._egress.failed(PART, call, account, cause)
                attempts.failed(cause)
                if sink.started:
                    break
            else:
                self._egress.metrics.attempts.labels(PART, account.name, "ok").inc()
                self._egress.available(PART, call)
                if attempts.failed_over:
                    self._egress.took_over(PART, call, account)
                return
        raise attempts.all_failed()

    async def _pass(self, call: Call, voice: Voice, account: Account, text: str, sink: "BodySink") -> None:
        if voice.provider != "openai":
            raise ProviderRefused(account.name, f"does not make {sink.kind}")
        body = orjson.dumps(openai_speech.request(text, voice, sink.kind))
        loop = asyncio.get_running_loop()
        with upstream.told_as(account.name):
            async with asyncio.timeout(FIRST_AUDIO_S) as limit:
                async with await ask_openai(self._egress, call, account, body) as response:
                    async for data in response.content.iter_any():
                        if not sink.started:
                            self._egress.voice_began(call, account)
                        limit.reschedule(loop.time() + STALL_S)
                        await sink.audio(data)


class BodySink:
    """Writes speech into the response's body, which begins with the first audio."""

    def __init__(self, request: web.Request, kind: str) -> None:
        self.kind = kind
        self.started = False
        self.response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPES[kind]})
        self._request = request

    async def audio(self, data: bytes) -> None:
        """The next audio."""
        if not self.started:
            self.started = True
            await self.response.prepare(self._request)
            if self.kind == "wav":
                await self.response.write(wav_header(openai_speech.PCM_RATE))
        await self.response.write(data)

    async def words(self, words: Words) -> None:
        """Times have no place in this protocol."""


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


def _failed(request: web.Request, sink: BodySink, error: AllFailed) -> web.StreamResponse:
    """An error where nothing was sent; otherwise a body that breaks off, so that nobody takes it for whole."""
    if sink.started:
        if request.transport is not None:
            request.transport.abort()
        return sink.response
    causes = [{"account": c.provider, "status": c.status, "message": str(c)} for c in error.causes]
    body = error_body(str(error), "all_voices_failed", kind="upstream_error", causes=causes)
    return web.Response(status=502, body=body, content_type="application/json", headers=_NO_RETRY)
