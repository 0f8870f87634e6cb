"""`WS /v1/listen` and `/v2/listen`: Deepgram's protocols towards the agent, the revision's transcribers behind them.

The agent's socket never drops while one transcriber works: a connection that fails is replaced, and audio that no
final covers is sent again. Messages to the agent pass one queue, so that their order is the order of decisions.
"""

import asyncio
import datetime as dt
import logging
import uuid
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.auth import authenticate, bad_request
from understudy.apps.proxy.egress.farewell import prepare_farewell
from understudy.apps.proxy.egress.listen_route import PART, Route, Surroundings
from understudy.apps.proxy.egress.parts import Egress, ends_with
from understudy.base.errors import AllFailed
from understudy.domain.speech.agent_face import AgentFace, face_v1, face_v2
from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.codec import AudioFormat, audio_format
from understudy.domain.speech.deepgram import metadata
from understudy.domain.speech.listening import Listening

log = logging.getLogger(__name__)

LOOK_S = 0.05
"""Seconds between looks at what is due: a twentieth of the shortest wait that is looked after."""

FINISH_S = 5.0
"""Longest wait for the last results after the agent's `CloseStream`."""

MAX_REASON = 120
"""Bytes of a close reason: the protocol allows 123."""


class Listen:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._around = Surroundings(egress)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One agent's socket on `/v1/listen`, for the length of its call."""
        return await self._serve(request, face_v1)

    async def handle_turns(self, request: web.Request) -> web.WebSocketResponse:
        """One agent's socket on `/v2/listen`, where the provider decides the turns."""
        return await self._serve(request, face_v2)

    async def _serve(self, request: web.Request, make_face: Any) -> web.WebSocketResponse:
        call = authenticate(request, self._around.egress.context.registry)
        query = dict(request.query)
        try:
            audio, face = audio_format(query), make_face(query, str(uuid.uuid4()))
        except ValueError as error:
            raise bad_request(str(error)) from error
        agent = web.WebSocketResponse(compress=False, timeout=upstream.CLOSE_S)
        await agent.prepare(request)
        with ends_with(call, request):
            await ListenSocket(self._around, call, agent, audio, face).run()
        return agent


class ListenSocket:
    """One agent's socket, and whichever transcriber is listening."""

    def __init__(
        self, around: Surroundings, call: Call, agent: web.WebSocketResponse, audio: AudioFormat, face: AgentFace
    ) -> None:
        self._around = around
        self._egress = around.egress
        self._call = call
        self._agent = agent
        self._audio = audio
        self._face = face
        self._listening = Listening(audio, face.asked, face.request_id)
        self._route = Route(around, call, self._listening, audio=audio, query=face.query, tell=self._tell)
        self._outbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._reason = ""
        self._had_metadata = False
        self._finish_by: float | None = None

    async def run(self) -> None:
        """Serve until the agent goes, says that it is done, or nobody can listen any more."""
        self._put(self._face.greeting())
        serving = [asyncio.create_task(part) for part in (self._read_agent(), self._listen(), self._look())]
        writing = asyncio.create_task(self._write_agent())
        try:
            done, _ = await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            self._note(done)
            self._last_words()
            self._outbox.put_nowait(None)
            await asyncio.wait([writing], timeout=upstream.CLOSE_S)
        finally:
            for task in (*serving, writing):
                task.cancel()
            await asyncio.gather(*serving, writing, return_exceptions=True)
            code = WSCloseCode.INTERNAL_ERROR if self._reason else WSCloseCode.OK
            await self._agent.close(code=code, message=self._reason.encode()[:MAX_REASON])

    def _note(self, done: set[asyncio.Task[None]]) -> None:
        """An error nobody expected ends the socket like any failure: visibly."""
        for error in filter(None, (task.exception() for task in done)):
            log.error("listening ended by an error of ours", exc_info=error)
            self._reason = self._reason or "an error of the proxy"

    async def _read_agent(self) -> None:
        async for message in self._agent:
            if message.type is WSMsgType.BINARY and message.data:
                self._tell(self._listening.audio(message.data))
            elif message.type is WSMsgType.TEXT:
                self._control(message.data)
            if self._route.line:
                self._route.line.feeder.wake()

    def _control(self, text: str) -> None:
        message = _parsed(text)
        line = self._route.line
        match message.get("type"):
            case "Finalize" | "ForceEndTurn":
                self._tell(self._listening.finalize(self._loop.time()))
            case "CloseStream":
                self._tell(self._listening.closing())
                self._route.finish()
                self._finish_by = self._loop.time() + FINISH_S
            case "KeepAlive" if line:
                line.feeder.keep_alive()
            case _ if line:
                line.feeder.control(message)

    async def _write_agent(self) -> None:
        while (message := await self._outbox.get()) is not None:
            await self._agent.send_str(orjson.dumps(message).decode())

    def _tell(self, items: list[ToAgent]) -> None:
        for item in items:
            if item.final_text:
                self._call.ledger.caller_transcript(item.final_text, self._egress.now())
            self._had_metadata = self._had_metadata or item.message.get("type") == "Metadata"
            self._put(self._face.told(item))

    def _put(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            self._outbox.put_nowait(message)

    async def _listen(self) -> None:
        failed = await self._route.run()
        if failed is not None:
            self._tell(self._listening.settle())
            self._all_failed(failed)

    def _last_words(self) -> None:
        """What is owed, and the end of the stream."""
        self._tell(self._listening.settle())
        if not (self._reason or self._had_metadata):
            created = dt.datetime.fromtimestamp(self._egress.context.clock.now(), dt.UTC).isoformat()
            seconds = self._listening.log.heard / self._audio.sample_rate
            self._put(self._face.ending(metadata(self._face.request_id, created, seconds, self._audio.channels)))

    def _all_failed(self, causes: AllFailed) -> None:
        self._egress.unavailable(PART, self._call, causes)
        self._around.later(asyncio.create_task(prepare_farewell(self._egress, self._call)))
        self._put(self._face.error("AllTranscribersFailed", str(causes)))
        self._reason = str(causes)

    async def _look(self) -> None:
        """See to everything that is due."""
        while self._finish_by is None or self._loop.time() < self._finish_by:
            await asyncio.sleep(LOOK_S)
            now = self._loop.time()
            self._tell(self._listening.tick(now))
            self._route.look(now)


def _parsed(text: str) -> dict[str, Any]:
    try:
        message: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}
