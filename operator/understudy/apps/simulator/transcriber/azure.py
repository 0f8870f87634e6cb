"""Azure's recognition over a WebSocket: turns of audio, each with a request id of its own.

Source: Microsoft's "Speech Service WebSocket protocol"; what Microsoft's JavaScript and Python SDKs send.
"""

import json
from typing import Any

from aiohttp import WSMessage, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.azure_speech import (
    INVALID_PAYLOAD,
    PROTOCOL_ERROR,
    SUBPROTOCOL,
    Violation,
    checked,
    complaint,
    refused,
)
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import azure_messages
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound, served
from understudy.apps.simulator.transcriber.azure_context import Asked, asked, context, sound
from understudy.apps.simulator.transcriber.azure_messages import Message
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock
from understudy.domain.speech import azure

MAX_AUDIO = 8192
"""Bytes of audio that one message may hold."""

RATE, BURST_S = 2.0, 5.5
"""Audio is taken twice as fast as real time, after five seconds and a little: as fast as Microsoft's SDKs send it."""

TOO_FAST_CODE = 1008
"""Close code for audio that runs too far ahead; how Azure says it is not documented."""


class AzureTranscriber:
    """Serves the Azure-like transcriber of every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection, until the client closes it."""
        with deployment.exchange(None) as exchange:
            wrong = complaint(request, deployment)
            failed = wrong or await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            socket = web.WebSocketResponse(compress=False, protocols=(SUBPROTOCOL,))
            await socket.prepare(request)
            async with faults.dropping(request, exchange):
                await _Connection(self, request, socket, exchange, deployment).run()
            return socket


class _Turn:
    """One request: a stream of audio whose times begin at zero."""

    def __init__(self, request_id: str, wanted: Asked, sound: Sound, stream: AudioStream) -> None:
        self.id = request_id
        self.sound = sound
        self.stream = stream
        self._wanted = wanted
        self._began: float | None = None

    def told(self, result: Result) -> list[Message]:
        """What the client is told of a result."""
        if result.started:
            self._began = result.start
            return [azure_messages.start_detected(result.start)]
        if not result.final:
            return [azure_messages.hypothesis(result)]
        self._began = None
        return [azure_messages.phrase(result, self._wanted.output)] if result.duration else []

    @property
    def overdue(self) -> bool:
        """Whether the phrase in progress is as long as phrases may be."""
        return self._began is not None and (self.stream.seconds - self._began) * 1000 >= self._wanted.maximum_ms


class _Connection:
    """One WebSocket."""

    def __init__(
        self,
        handler: AzureTranscriber,
        request: web.Request,
        socket: web.WebSocketResponse,
        exchange: Exchange,
        deployment: Deployment,
    ) -> None:
        self._handler = handler
        self._query = dict(request.query)
        self._socket = socket
        self._exchange = exchange
        self._deployment = deployment
        self._trouble = Trouble(request, exchange, socket, self._error, malformed="no headers")
        self._pace = Pace(handler.clock, exchange.settings.transcriber, RATE, BURST_S)
        self._configured = False
        self._contexts: dict[str, dict[str, Any]] = {}
        self._over: set[str] = set()
        self._turn: _Turn | None = None

    async def run(self) -> None:
        """Serve until the socket closes.

        Raises:
            ConnectionResetError: the client vanished without closing.
        """
        try:
            await served(self._socket, self._trouble, self._take)
        finally:
            if self._turn:
                await self._turn.stream.close()

    async def _take(self, message: WSMessage) -> None:
        try:
            await self._understand(checked(message))
        except Violation as violation:
            await self._socket.close(code=violation.code, message=violation.reason.encode()[:120])

    async def _understand(self, said: azure.Message) -> None:
        match said.path:
            case "speech.config":
                self._configured = True
            case "speech.context":
                self._contexts = {said.request_id: context(said.body)}
            case "audio":
                await self._audio(said)
            case "telemetry":
                pass
            case _:
                raise Violation(PROTOCOL_ERROR, "unknown path")

    async def _audio(self, said: azure.Message) -> None:
        if not self._configured:
            raise Violation(PROTOCOL_ERROR, "speech.config must come before audio")
        if said.request_id in self._over:
            raise Violation(PROTOCOL_ERROR, "Invalid request. Reuse of request identifiers is not allowed.")
        if len(said.body) > MAX_AUDIO:
            raise Violation(INVALID_PAYLOAD, "an audio message holds at most 8192 bytes")
        if self._turn is None or self._turn.id != said.request_id:
            await self._begin(said)
        elif said.body:
            await self._hear(self._turn, said.body)
        elif not self._trouble.deaf:
            await self._end(self._turn)

    async def _begin(self, said: azure.Message) -> None:
        """A new request: what was not yet said of the one before is dropped."""
        if self._turn:
            self._over.add(self._turn.id)
            await self._turn.stream.close()
        what, given = sound(said.body), self._contexts.get(said.request_id, {})
        wanted = asked(self._query, given)
        self._deployment.asked.append({"query": self._query, "context": given, "sound": vars(what)})
        stream = AudioStream(self._exchange, self._handler.pool, what, wanted.silence_ms)
        self._turn = _Turn(said.request_id, wanted, what, stream)
        await self._say(self._turn, [azure_messages.turn_start()])

    async def _hear(self, turn: _Turn, body: bytes) -> None:
        if not self._pace.takes(turn.sound.seconds(body)):
            raise Violation(TOO_FAST_CODE, "audio comes too fast")
        async for result in turn.stream.feed(body, self._trouble):
            await self._say(turn, turn.told(result))
        if turn.overdue:
            await self._say(turn, turn.told(await turn.stream.finish()))

    async def _end(self, turn: _Turn) -> None:
        last = turn.told(await turn.stream.finish())
        at = turn.stream.seconds
        ends = [azure_messages.status("EndOfDictation", at), azure_messages.turn_end()]
        await self._say(turn, [azure_messages.end_detected(at), *last, *ends])
        self._over.add(turn.id)
        self._turn = None

    async def _error(self) -> None:
        if self._turn:
            failed = azure_messages.status("Error", self._turn.stream.seconds)
            await self._send(self._turn, [failed, azure_messages.turn_end()])

    async def _say(self, turn: _Turn, messages: list[Message]) -> None:
        if not self._trouble.deaf:
            await self._send(turn, messages)

    async def _send(self, turn: _Turn, messages: list[Message]) -> None:
        for path, body in messages:
            text = azure.text(path, turn.id, json.dumps(body), self._handler.clock.now())
            await self._socket.send_str(text)
