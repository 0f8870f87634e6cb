"""`WS /v1/listen`, as Deepgram speaks it."""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import messages
from understudy.apps.simulator.transcriber.hearing import Hearing, Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

IDLE_S = 10.0
"""Deepgram closes a stream that sent neither audio nor KeepAlive for so long (NET-0001)."""

IDLE_CLOSE_CODE = 1011
"""WebSocket close code that Deepgram sends with it."""

REQUEST_ID = "dg-request-id"
"""Header in which Deepgram tells the stream's id."""

ERROR_CODE = 1011
"""Close code after an internal error."""

TOO_FAST_CODE = 1008
"""Close code for audio that runs too far ahead of real time."""

DEFAULT_RATE = 16_000
"""What a client that names no rate is taken to send."""
ENCODINGS = ("linear16", "mulaw")
RATES = range(8000, 48_001)

TERMS = ("keywords", "keyterm", "search", "replace", "redact", "tag", "extra")
"""Parameters that may come several times."""


def refused(status: int, message: str) -> web.Response:
    """An error in Deepgram's shape."""
    document = {"err_code": "SIMULATED", "err_msg": message, "request_id": str(uuid.uuid4())}
    return web.json_response(document, status=status, headers={"dg-error": message})


class ListenHandler:
    """Serves the transcriber of every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One audio stream, until the client closes it."""
        with deployment.exchange(request.query.get("model")) as exchange:
            failed = await faults.before_answer(request, exchange, refused) or _complaint(request.query)
            if failed is not None:
                return failed
            deployment.asked.append(listed(request, TERMS))
            socket = web.WebSocketResponse(compress=False)
            socket.headers[REQUEST_ID] = str(uuid.uuid4())
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Stream(self, request, socket, exchange).run()
            return socket


def listed(request: web.Request, several: Iterable[str]) -> dict[str, Any]:
    """The parameters; those that may come several times as lists."""
    query = request.query
    return {**query} | {name: query.getall(name) for name in several if name in query}


def _complaint(query: Mapping[str, str]) -> web.Response | None:
    """The answer to parameters that cannot be served."""
    if (wrong := _wrong_model(query)) is not None:
        return refused(400, wrong)
    rate = query.get("sample_rate", str(DEFAULT_RATE))
    if query.get("encoding", "linear16") not in ENCODINGS:
        return refused(400, "encoding must be linear16 or mulaw")
    if not rate.isdigit() or int(rate) not in RATES:
        return refused(400, "sample_rate must be between 8000 and 48000")
    return refused(400, "one channel only") if query.get("channels", "1") != "1" else None


def _wrong_model(query: Mapping[str, str]) -> str | None:
    """What does not go with the model."""
    model = query.get("model", "nova-3")
    if model.startswith("flux-"):
        return "Flux models are served at /v2/listen"
    if "keywords" in query and model.startswith("nova-3"):
        return "keywords are not supported for nova-3: use keyterm"
    if "keyterm" in query and not model.startswith("nova-3"):
        return "keyterm is supported for nova-3 only"
    return None


class _Stream:
    """One connection."""

    def __init__(
        self, handler: ListenHandler, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange
    ) -> None:
        query = request.query
        self._socket = socket
        self._request_id = socket.headers[REQUEST_ID]
        self._clock = handler.clock
        self._trouble = Trouble(request, exchange, socket, self._error)
        self._settings = exchange.settings.transcriber
        self._pace = Pace(self._clock, self._settings)
        self._mulaw = query.get("encoding") == "mulaw"
        self._interim = query.get("interim_results") == "true"
        self._vad_events = query.get("vad_events") == "true"
        self._utterance_end = "utterance_end_ms" in query
        asked = query.get("endpointing", "")
        endpointing_ms = max(self._settings.endpointing_ms, int(asked) if asked.isdigit() else 0)
        self._rate = int(query.get("sample_rate", DEFAULT_RATE))
        listener = handler.pool.listener(self._settings)
        self._hearing = Hearing(listener, self._settings, self._rate, endpointing_ms)

    async def run(self) -> None:
        """Serve until the stream ends.

        Raises:
            ConnectionResetError: the client vanished without closing.
        """
        try:
            await self._serve()
        finally:
            await self._hearing.finish()
        if self._socket.close_code is None or self._socket.close_code == 1006:  # noqa: PLR2004 — RFC 6455
            raise ConnectionResetError("the client vanished")

    async def _serve(self) -> None:
        while not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=IDLE_S)
            except TimeoutError:
                await self._socket.close(code=IDLE_CLOSE_CODE, message=b"NET-0001")
                return
            if message.type is WSMsgType.BINARY:
                await self._audio(mulaw.decode(message.data) if self._mulaw else message.data)
            elif message.type is WSMsgType.TEXT and not self._trouble.deaf:
                await self._control(message.data)

    async def _audio(self, sound: bytes) -> None:
        if not self._pace.takes(len(sound) / pcm.BYTES_PER_SAMPLE / self._rate):
            await self._socket.close(code=TOO_FAST_CODE, message=b"DATA-0000")
            return
        async for result in self._hearing.feed(await self._trouble.hear(sound, self._rate)):
            if result.final:
                await self._final(result)
            elif result.started:
                await self._started(result)
            elif self._interim:
                await self._socket.send_json(messages.results(result, self._request_id))

    async def _error(self) -> None:
        await self._socket.send_json(messages.error("an internal error, by the script"))
        await self._socket.close(code=ERROR_CODE, message=b"NET-0000")

    async def _control(self, text: str) -> None:
        kind = _kind(text)
        if kind == "Finalize":
            await self._final(await self._hearing.finish(), from_finalize=True)
        elif kind == "CloseStream":
            result = await self._hearing.finish()
            if result.recognised.text:
                await self._final(result)
            created = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC).isoformat()
            await self._socket.send_json(messages.metadata(self._request_id, self._hearing.seconds, created))
            await self._socket.close()
        elif kind != "KeepAlive":
            await self._socket.send_json(messages.schema_error(text))

    async def _started(self, result: Result) -> None:
        if self._vad_events:
            await self._socket.send_json(messages.speech_started(result.start))

    async def _final(self, result: Result, *, from_finalize: bool = False) -> None:
        await faults.pause(self._settings.latency_ms)
        document = messages.results(result, self._request_id, from_finalize=from_finalize)
        await self._socket.send_json(document)
        if self._utterance_end and result.recognised.text:
            await self._socket.send_json(messages.utterance_end(_last_word_end(document)))


def _last_word_end(document: dict[str, Any]) -> float:
    words = document["channel"]["alternatives"][0]["words"]
    return float(words[-1]["end"]) if words else 0.0


def _kind(text: str) -> str | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document.get("type") if isinstance(document, dict) else None
