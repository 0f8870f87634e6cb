"""`WS /v2/listen`, as Deepgram's Flux speaks it: a state machine of turns.

The end of a turn is found by silence, the longer the surer the client wants it to be. Words are heard a little after
they came, and `ForceEndTurn` ends a turn on what was heard by then: what was said after that belongs to the next turn.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound
from understudy.apps.simulator.transcriber.ears import Recognised
from understudy.apps.simulator.transcriber.flux_query import Turns, complaint, configured, turns
from understudy.apps.simulator.transcriber.handler import REQUEST_ID, listed, refused
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

UPDATE_S = 0.25
"""Audio between `Update`s."""

BEHIND_S = 0.08
"""Audio that came and is not heard yet: one step of Flux, which recommends chunks of that length."""

ERROR_CODE, TOO_FAST_CODE = 1011, 1008
"""Close codes."""

SILENT = Result(Recognised(), 0.0, 0.0, final=False)
"""Nothing was heard of the turn."""

UNAUTHORIZED, BAD_REQUEST = 401, 400


class FluxHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One audio stream, until the client closes it."""
        with deployment.exchange(request.query.get("model")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            if not deployment.accepts(_key(request)):
                return refused(UNAUTHORIZED, "Invalid credentials.")
            if (wrong := complaint(request.query)) is not None:
                return refused(BAD_REQUEST, wrong)
            deployment.asked.append(listed(request, ("keyterm", "language_hint", "tag")))
            socket = web.WebSocketResponse(compress=False)
            socket.headers[REQUEST_ID] = str(uuid.uuid4())
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Stream(self, request, socket, exchange).run()
            return socket


def _key(request: web.Request) -> str | None:
    """`Token` goes with keys, `Bearer` with short-lived tokens."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() in {"token", "bearer"} else None


class _Stream:
    """One connection."""

    def __init__(
        self, handler: FluxHandler, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange
    ) -> None:
        query: Mapping[str, str] = request.query
        self._socket = socket
        self._settings = exchange.settings.transcriber
        self._turns = turns(query)
        self._sound = Sound(query["encoding"], int(query["sample_rate"]))
        self._stream = AudioStream(exchange, handler.pool, self._sound, self._silence_ms())
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._messages = 0
        self._waiting = b""
        self._behind = round(BEHIND_S * self._sound.rate) * self._sound.sample_bytes
        self._index = 0
        self._heard = SILENT
        self._turn_began = 0.0
        self._updated = 0.0

    async def run(self) -> None:
        """Serve until the stream ends."""
        try:
            if not self._trouble.deaf:
                await self._send("Connected")
            await audio_stream.served(self._socket, self._trouble, self._take)
        finally:
            await self._stream.close()

    def _silence_ms(self) -> float:
        return self._turns.silence_ms(self._settings.endpointing_ms)

    async def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            await self._audio(message.data)
        elif message.type is WSMsgType.TEXT:
            await self._control(message.data)

    async def _audio(self, data: bytes) -> None:
        if not self._pace.takes(self._sound.seconds(data)):
            await self._socket.close(code=TOO_FAST_CODE, message=b"DATA-0000")
            return
        self._waiting += data
        await self._hear(max(0, len(self._waiting) - self._behind))

    async def _hear(self, size: int) -> None:
        """Transcribe so many bytes more."""
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        async for result in self._stream.feed(data, self._trouble):
            await self._result(result)
        if not self._trouble.deaf and self._stream.seconds - self._updated >= UPDATE_S:
            await self._info("Update")

    async def _result(self, result: Result) -> None:
        """What was heard, as the state machine has it: a turn starts with its first word, and none ends without one."""
        if not result.recognised.text:
            return
        started = not self._heard.recognised.text
        self._heard = result
        if started:
            await self._info("StartOfTurn")
        if result.final:
            await self._end("model")

    async def _end(self, trigger: str) -> None:
        if self._turns.eager and trigger == "model":
            await self._info("EagerEndOfTurn")
        await self._info("EndOfTurn", trigger=trigger)
        self._index += 1
        self._turn_began = self._stream.seconds
        self._heard = SILENT

    async def _control(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        match said.get("type") if isinstance(said, dict) else None:
            case "ForceEndTurn":
                await self._force("manual")
            case "Configure":
                await self._configure(said)
            case "CloseStream":
                await self._hear(len(self._waiting))
                await self._force("model")
                await self._socket.close()
            case _:
                await self._error("UNPARSABLE_CLIENT_MESSAGE")

    async def _force(self, trigger: str) -> None:
        """End the turn now; outside a turn there is nothing to end."""
        self._heard = await self._stream.finish()
        if self._heard.recognised.text:
            await self._end(trigger)

    async def _configure(self, said: dict[str, Any]) -> None:
        changed = configured(self._turns, said)
        if not isinstance(changed, Turns):
            await self._send("ConfigureFailure", code="INVALID_CONFIGURATION", description=changed)
            return
        self._turns = changed
        self._stream.wait(self._silence_ms())
        await self._send("ConfigureSuccess", thresholds=changed.thresholds(), keyterms=said.get("keyterms") or [])

    async def _fail(self) -> None:
        await self._error("INTERNAL_SERVER_ERROR")

    async def _error(self, code: str) -> None:
        await self._send("Error", code=code, description="by the simulator")
        await self._socket.close(code=ERROR_CODE)

    async def _info(self, event: str, **more: Any) -> None:
        self._updated = self._stream.seconds
        heard = self._heard.recognised
        words = [
            {
                "word": word.text,
                "confidence": heard.confidence,
                "start": round(word.start, 3),
                "end": round(word.end, 3),
            }
            for word in audio_stream.words(self._heard)
        ]
        await self._send(
            "TurnInfo",
            event=event,
            turn_index=self._index,
            audio_window_start=round(self._turn_began, 3),
            audio_window_end=round(self._stream.seconds, 3),
            transcript=heard.text,
            words=words,
            end_of_turn_confidence=self._turns.confidence(event),
            **more,
        )

    async def _send(self, kind: str, **fields: Any) -> None:
        identity = {"type": kind, "request_id": self._socket.headers[REQUEST_ID], "sequence_id": self._messages}
        self._messages += 1
        await self._socket.send_json(identity | fields)
