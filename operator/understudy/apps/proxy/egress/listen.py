"""`WS /v1/listen`: Deepgram's protocol towards the agent, the revision's transcribers in order behind it.

The agent's socket never drops while one transcriber works: a connection that breaks is replaced, by the same provider
once and then by the others, and audio that was not yet final is sent again. Messages to the agent pass one queue, so
that their order is the order of decisions.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.auth import authenticate, bad_request
from understudy.apps.proxy.egress.listen_timers import ListenTimers
from understudy.apps.proxy.egress.parts import Egress, account_of, ends_with
from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.attempts import Attempts
from understudy.domain.speech.codec import AudioFormat, Failure, TranscriberCodec, audio_format
from understudy.domain.speech.deepgram import PROVIDER_TURNS
from understudy.domain.speech.listening import Listening, ToAgent
from understudy.domain.speech.transcribers.registry import CODECS

log = logging.getLogger(__name__)

PART = "transcriber"

OPEN_TIMEOUT_S = 3.0
"""Longest handshake with a transcriber: past it the caller's first words would be answered too late."""

FINISH_S = 5.0
"""Longest wait for the last results after the agent's `CloseStream`."""

MAX_DROPS = 3
"""Drops in a row without a final between them: one that accepts and drops for ever is not asked for ever."""

MAX_REASON = 120
"""Bytes of a close reason: the protocol allows 123."""


class Listen:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One agent's socket, for the length of its call."""
        call = authenticate(request, self._egress.context.registry)
        try:
            audio = audio_format(dict(request.query))
        except ValueError as error:
            raise bad_request(str(error)) from error
        agent = web.WebSocketResponse(compress=False, timeout=upstream.CLOSE_S)
        await agent.prepare(request)
        with ends_with(call, request):
            await ListenSocket(self._egress, call, agent, audio, dict(request.query)).run()
        return agent


class ListenSocket:
    """One agent's socket, and whichever transcriber is listening."""

    def __init__(
        self, egress: Egress, call: Call, agent: web.WebSocketResponse, audio: AudioFormat, query: dict[str, str]
    ) -> None:
        self._egress = egress
        self._call = call
        self._agent = agent
        self._audio = audio
        self._query = query
        self._listening = Listening(audio, agent_turns=not PROVIDER_TURNS & query.keys())
        self._outbox: asyncio.Queue[ToAgent | None] = asyncio.Queue()
        self._wake = asyncio.Event()
        self._finishing = False
        self._drops = 0
        self._reason = ""
        self._transcribers: tuple[Transcriber, ...] = ()
        self._connection: ClientWebSocketResponse[bool] | None = None
        self._timers = ListenTimers(self._listening, self._tell)

    async def run(self) -> None:
        """Serve until the agent goes, says that it is done, or nobody can listen any more."""
        serving = [asyncio.create_task(part) for part in (self._read_agent(), self._serve())]
        writing = asyncio.create_task(self._write_agent())
        try:
            done, _ = await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            self._note(done)
            self._outbox.put_nowait(None)
            await asyncio.wait([writing], timeout=upstream.CLOSE_S)
        finally:
            self._timers.stop()
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
                self._listening.audio(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._control(message.data)
            self._wake.set()

    async def _control(self, text: str) -> None:
        match _type_of(text):
            case "Finalize":
                self._listening.finalize()
                self._timers.finalize_asked()
            case "CloseStream":
                self._finishing = True
                self._tell(self._listening.closing())
                self._timers.after(FINISH_S, self._give_up_finishing)
            case _ if self._connection is not None:
                with contextlib.suppress(ConnectionError):
                    await self._connection.send_str(text)

    async def _write_agent(self) -> None:
        while (item := await self._outbox.get()) is not None:
            await self._agent.send_str(orjson.dumps(item.message).decode())

    def _tell(self, items: list[ToAgent]) -> None:
        for item in items:
            if item.final_text:
                self._call.ledger.caller_transcript(item.final_text, self._egress.now())
            self._outbox.put_nowait(item)

    async def _serve(self) -> None:
        """Keep one transcriber listening."""
        while True:
            self._transcribers = self._call.snapshot().transcribers
            finished = await self._chain(0)
            if finished:
                return

    async def _chain(self, first: int) -> bool:
        """Transcribers in order, from `first`; True when there is no more to do, False when the revision changed."""
        attempts = Attempts(PART, self._transcribers, first)
        for index, transcriber in attempts:
            try:
                return await self._connect(transcriber, attempts)
            except ProviderError as cause:
                self._failed(transcriber, cause)
                if self._finishing:
                    return True
                if self._listening.answered_something and self._drops < MAX_DROPS:
                    self._drops += 1
                    return await self._chain(index)
                attempts.failed(cause)
        self._all_failed(attempts)
        return True

    def _failed(self, transcriber: Transcriber, cause: ProviderError) -> None:
        account = self._call.snapshot().accounts.get(transcriber.account)
        fallback = Account(name=transcriber.account, provider=transcriber.provider, base_url="")
        self._egress.failed(PART, self._call, account or fallback, cause)

    def _all_failed(self, attempts: Attempts[Transcriber]) -> None:
        causes = attempts.all_failed()
        self._egress.unavailable(PART, self._call, causes)
        text = str(causes)
        self._timers.settle()
        self._tell([ToAgent({"type": "Error", "variant": "AllTranscribersFailed", "description": text})])
        self._reason = text

    async def _connect(self, transcriber: Transcriber, attempts: Attempts[Transcriber]) -> bool:
        """Let `transcriber` listen until it has finished (True) or the revision names others (False).

        Raises:
            ProviderError: it could not be reached, or broke.
        """
        self._listening.answered_something = False
        account = account_of(self._call.snapshot(), transcriber.account)
        codec = _codec(transcriber, account)
        with upstream.told_as(account.name):
            request = codec.open(self._audio, self._query, self._egress.key(self._call, account))
            async with asyncio.timeout(OPEN_TIMEOUT_S) as limit:
                socket = await upstream.open_socket(self._egress.session, request)
                limit.reschedule(None)
                self._timers.connected(limit)
                async with _closing(socket):
                    return await self._converse(socket, codec, attempts, account)

    async def _converse(
        self,
        socket: ClientWebSocketResponse[bool],
        codec: TranscriberCodec,
        attempts: Attempts[Transcriber],
        account: Account,
    ) -> bool:
        self._listening.connected()
        self._connection = socket
        sender = asyncio.create_task(self._send(socket, codec))
        try:
            async for message in socket:
                if self._take(codec, message.data, attempts, account) and self._revision_changed():
                    return False
        finally:
            self._connection = None
            self._timers.disconnected()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        if not self._finishing:
            raise ProviderBroke(account.name, f"closed the socket ({socket.close_code})")
        self._timers.settle()
        return True

    def _take(
        self, codec: TranscriberCodec, data: str | bytes, attempts: Attempts[Transcriber], account: Account
    ) -> bool:
        """One message of the provider; whether it ended an utterance."""
        first = not self._listening.answered_something
        told: list[ToAgent] = []
        for event in codec.receive(data):
            if isinstance(event, Failure):
                raise ProviderBroke(account.name, event.reason)
            told += self._listening.received(event)
        if first:
            self._won(attempts, account)
        if any(item.message.get("is_final") for item in told):
            self._drops = 0
        self._tell(told)
        self._timers.heard()
        return any(item.finalized for item in told)

    def _won(self, attempts: Attempts[Transcriber], account: Account) -> None:
        self._egress.metrics.attempts.labels(PART, account.name, "ok").inc()
        self._egress.available(PART, self._call)
        if attempts.failed_over:
            self._egress.took_over(PART, self._call, account)

    async def _send(self, socket: ClientWebSocketResponse[bool], codec: TranscriberCodec) -> None:
        """Audio and `Finalize`s in order, from the first that is not final; then whatever the agent adds."""
        finished = False
        with contextlib.suppress(ConnectionError):  # the receiving side sees the break and tells why
            while True:
                self._wake.clear()
                while (item := self._listening.next_to_send()) is not None:
                    for frame in codec.finalize() if item.is_finalize else codec.send(item.audio):
                        await _send_frame(socket, frame)
                if self._finishing and not finished:
                    finished = True
                    for frame in codec.finish():
                        await _send_frame(socket, frame)
                await self._wake.wait()

    def _revision_changed(self) -> bool:
        return self._call.snapshot().transcribers != self._transcribers

    def _give_up_finishing(self) -> None:
        self._timers.settle()
        self._timers.kill_connection()


def _codec(transcriber: Transcriber, account: Account) -> TranscriberCodec:
    make = CODECS.get(transcriber.provider)
    if make is None:
        raise ProviderRefused(account.name, f"transcriber provider {transcriber.provider!r} is not built")
    return make(transcriber, account)


def _type_of(text: str) -> str:
    try:
        message: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    return str(message.get("type")) if isinstance(message, dict) else ""


async def _send_frame(socket: ClientWebSocketResponse[bool], frame: str | bytes) -> None:
    await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))


@contextlib.asynccontextmanager
async def _closing(socket: ClientWebSocketResponse[bool]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await socket.close()
