"""Google's transcription: `BidiGenerateContent` of the Gemini Live API, with a transcription model.

Source: Google's "Live API: WebSockets API reference" and "Live transcription"; Pipecat's `GeminiSTTService`. What is
not documented is as others saw it on the live service: JSON comes in binary messages, the end of an activity is echoed
before or after its transcript, `generationComplete` follows each transcript, and silence gets the echo alone.
"""

import base64
import binascii
import json
from typing import Any

from aiohttp import WSMessage, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, served
from understudy.apps.simulator.transcriber.google_setup import (
    INVALID_ARGUMENT,
    Setup,
    Violation,
    read,
    setup,
    sound,
)
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

BIDI = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
"""Path of the Live API."""

LASTS_S = 600.0
"""How long a connection is served."""

NOTICE_S = 60.0
"""So long before that, `goAway` says so."""

ENDLESS_MS = 3_600_000
"""No silence ends an utterance when the client says where it ends."""

CLOSED = 1008
"""Close code when the time is over, or audio comes too fast."""

INTERNAL_ERROR = 1011
"""WebSocket close code of an error of the service's own (RFC 6455)."""

_STANDARD = str.maketrans("-_", "+/")
"""Google takes both alphabets of base64; its SDK sends the one for URLs."""

_PAYLOADS = ("audio", "activityStart", "activityEnd", "audioStreamEnd")


def refused(status: int, message: str) -> web.Response:
    """An error before the upgrade."""
    return web.json_response({"error": {"code": status, "message": message}}, status=status)


class GoogleTranscriber:
    """Serves the Gemini-like transcriber of every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One session, until the client closes it."""
        with deployment.exchange(None) as exchange:
            key = request.headers.get("x-goog-api-key") or request.query.get("key")
            wrong = None if deployment.accepts(key) else refused(403, "API key not valid. Please pass a valid API key.")
            failed = wrong or await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            socket = web.WebSocketResponse(compress=False)
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Session(self, request, socket, exchange, deployment).run()
            return socket


class _Session:
    """One WebSocket."""

    def __init__(
        self,
        handler: GoogleTranscriber,
        request: web.Request,
        socket: web.WebSocketResponse,
        exchange: Exchange,
        deployment: Deployment,
    ) -> None:
        self._handler = handler
        self._socket = socket
        self._exchange = exchange
        self._deployment = deployment
        self._trouble = Trouble(request, exchange, socket, self._error)
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._ends_at = handler.clock.monotonic() + LASTS_S
        self._warned = False
        self._setup: Setup | None = None
        self._stream: AudioStream | None = None
        self._active = False

    async def run(self) -> None:
        """Serve until the socket closes.

        Raises:
            ConnectionResetError: the client vanished without closing.
        """
        try:
            await served(self._socket, self._trouble, self._take)
        finally:
            if self._stream:
                await self._stream.close()

    async def _take(self, message: WSMessage) -> None:
        try:
            await self._understand(read(message.data))
            await self._look_at_the_time()
        except Violation as violation:
            await self._socket.close(code=violation.code, message=violation.reason.encode()[:120])

    async def _understand(self, said: dict[str, Any]) -> None:
        if self._setup is None:
            await self._begin(said)
        elif "realtimeInput" in said:
            await self._input(said["realtimeInput"], self._setup)
        else:
            raise Violation(INVALID_ARGUMENT, "this model takes realtimeInput only")

    async def _begin(self, said: dict[str, Any]) -> None:
        if "setup" not in said:
            raise Violation(INVALID_ARGUMENT, "setup must be the first message")
        self._setup = setup(said["setup"])
        self._deployment.asked.append({"setup": said["setup"]})
        self._active = not self._setup.manual
        await self._say({"setupComplete": {}})

    async def _input(self, said: dict[str, Any], how: Setup) -> None:
        if len(said) != 1 or not said.keys() <= set(_PAYLOADS):
            raise Violation(INVALID_ARGUMENT, f"realtimeInput holds exactly one of {', '.join(_PAYLOADS)}")
        kind = next(iter(said))
        if kind.startswith("activity") and not how.manual:
            raise Violation(
                INVALID_ARGUMENT,
                "Explicit activity control is not supported when automatic activity detection is enabled.",
            )
        if (kind == "activityStart" and self._active) or (kind == "activityEnd" and not self._active):
            raise Violation(INVALID_ARGUMENT, "activities begin and end in turn")
        await self._carry_out(kind, said[kind])

    async def _carry_out(self, kind: str, value: Any) -> None:
        match kind:
            case "audio":
                await self._audio(value)
            case "activityStart":
                self._active = True
                await self._echo("ACTIVITY_START")
            case "activityEnd":
                self._active = False
                await self._end()
            case "audioStreamEnd":
                await self._flush()

    async def _audio(self, value: dict[str, Any]) -> None:
        what = sound(value)
        try:
            data = base64.b64decode(str(value.get("data", "")).translate(_STANDARD), validate=True)
        except binascii.Error as cause:
            raise Violation(INVALID_ARGUMENT, "audio is not base64") from cause
        if not self._pace.takes(what.seconds(data)):
            raise Violation(CLOSED, "audio comes too fast")
        if not self._active:
            return
        if self._stream is None:
            manual = self._setup is not None and self._setup.manual
            self._stream = AudioStream(self._exchange, self._handler.pool, what, ENDLESS_MS if manual else None)
        async for result in self._stream.feed(data, self._trouble):
            await self._told(result)

    async def _told(self, result: Result) -> None:
        words = result.recognised.text
        if not words:
            return
        if not result.final:
            await self._say({"serverContent": {"interimInputTranscription": {"text": words}}})
            return
        language = {"languageCode": self._setup.language} if self._setup and self._setup.language else {}
        await self._say({"serverContent": {"inputTranscription": {"text": words, **language}}})
        await self._say({"serverContent": {"generationComplete": True}})

    async def _end(self) -> None:
        """The client ended the activity; the echo comes before the transcript or after it, by chance."""
        result = await self._stream.finish() if self._stream else None
        echo_first = self._exchange.draw.random() < 0.5  # noqa: PLR2004 - as likely as not
        if echo_first:
            await self._echo("ACTIVITY_END")
        if result:
            await self._told(result)
        if not echo_first:
            await self._echo("ACTIVITY_END")

    async def _flush(self) -> None:
        if self._setup is not None and self._setup.manual:
            raise Violation(INVALID_ARGUMENT, "audioStreamEnd is for automatic activity detection")
        if self._stream:
            await self._told(await self._stream.finish())

    async def _echo(self, kind: str) -> None:
        at = self._stream.seconds if self._stream else 0.0
        await self._say({"serverContent": {}, "voiceActivity": {"type": kind, "audioOffset": f"{at:g}s"}})

    async def _look_at_the_time(self) -> None:
        left_s = self._ends_at - self._handler.clock.monotonic()
        if left_s <= 0:
            raise Violation(CLOSED, "the connection has lasted as long as connections do")
        if left_s <= NOTICE_S and not self._warned:
            self._warned = True
            await self._say({"goAway": {"timeLeft": f"{left_s:.3f}s"}})

    async def _error(self) -> None:
        await self._socket.close(code=INTERNAL_ERROR, message=b"Internal error encountered.")

    async def _say(self, message: dict[str, Any]) -> None:
        if not self._trouble.deaf:
            await self._socket.send_bytes(json.dumps(message).encode())
