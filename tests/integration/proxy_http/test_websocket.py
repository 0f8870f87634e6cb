"""Our end of a WebSocket, against other people's clients and servers, and against peers that break the protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError, web

from understudy.apps.proxy.http import frames
from understudy.apps.proxy.http.errors import Disconnected, NotHttp
from understudy.apps.proxy.http.frames import encode
from understudy.apps.proxy.http.handshake import Refused, connect
from understudy.apps.proxy.http.listener import Listener
from understudy.apps.proxy.http.routes import HotSocket
from understudy.apps.proxy.http.websocket import WebSocket

LONGEST = 70_000
HANDSHAKE = (
    b"GET /echo/x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HALF = b"%c\xfe\xff\xffabcd" + b"x" * 65_535
"""More than half of the longest message."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def end(*, client: bool = False, heartbeat_s: float = 60, write_high: int = 8192) -> WebSocket:
    return WebSocket(client=client, longest=LONGEST, heartbeat_s=heartbeat_s, write_high=write_high)


class Echo:
    """Gives every message back, as it came or written again."""

    def __init__(self, socket: WebSocket) -> None:
        self.over = asyncio.Event()
        self._socket = socket

    def message(self, payload: bytes, raw: bytes) -> None:
        assert payload in raw or raw[1] & frames.MASKED
        self._socket.text(payload)

    def full(self, *, full: bool) -> None:
        """Read no more while the peer does not."""
        (self._socket.hold if full else self._socket.go_on)()

    def closed(self) -> None:
        self.over.set()


class Server:
    """A listener with an echo.

    Attributes:
        ended: close codes, in order.
    """

    def __init__(self) -> None:
        self.ended: asyncio.Queue[int | None] = asyncio.Queue()
        self.status = 0
        self.heartbeat_s = 60.0
        route = HotSocket("/echo/{name}", self._admit, lambda: end(heartbeat_s=self.heartbeat_s), self._carry)
        self.listener = Listener([route, web.get("/", self._page)])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    async def raw(self, *sent: bytes) -> Streams:
        """A connection that the test plays, after the handshake, which `sent` follows in the same packet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        writer.write(HANDSHAKE + b"".join(sent))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"101" in head
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        return reader, writer

    def _admit(self, parameters: Mapping[str, str]) -> int:
        assert parameters == {"name": "x"}
        return self.status

    async def _carry(self, socket: WebSocket, _: Mapping[str, str]) -> None:
        echo = Echo(socket)
        socket.listen(echo)
        await echo.over.wait()
        self.ended.put_nowait(socket.close_code)
        await socket.close()

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="page")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    await served.listener.start("127.0.0.1", 0)
    yield served
    await served.listener.close()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
async def test_messages_of_every_length(server: Server, session: ClientSession, size: int) -> None:
    async with session.ws_connect(f"{server.url}/echo/x?y=1", max_msg_size=0) as socket:
        await socket.send_str("x" * size)
        assert (await socket.receive(5)).data == "x" * size
        await socket.close(code=1001)
        assert await server.ended.get() == 1001


async def test_frames_with_the_handshake_torn_and_in_pieces(server: Server) -> None:
    """No boundary of reads matters, nor does the ping between two pieces."""
    key = b"abcd"

    def piece(first: int, text: bytes) -> bytes:
        return bytes((first, frames.MASKED | len(text))) + key + frames.masked(text, key)

    pieces = [
        piece(0x81, b"one"), piece(0x01, b"tw"), piece(0x89, b"?"), piece(0x00, b""), piece(0x80, b"o"),
        piece(0x82, b"no"), piece(0x81, b"three"),
    ]  # fmt: skip
    reader, writer = await server.raw(*pieces[:2])
    for byte in b"".join(pieces[2:]):
        writer.write(bytes((byte,)))
        await writer.drain()
    wanted = encode(1, b"one", mask=False) + encode(10, b"?", mask=False) + encode(1, b"two", mask=False)
    assert await reader.readexactly(len(wanted)) == wanted
    assert await reader.readexactly(7) == encode(1, b"three", mask=False)
    writer.close()
    assert await server.ended.get() == frames.ABNORMAL


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (encode(1, b"x", mask=False), 1002),
        (bytes((0xC1, 0x80)) + b"abcd", 1002),
        (bytes((0x83, 0x80)) + b"abcd", 1002),
        (bytes((0x80, 0x80)) + b"abcd", 1002),
        (bytes((0x01, 0x80)) + b"abcd" + bytes((0x81, 0x80)) + b"abcd", 1002),
        (bytes((0x09, 0x80)) + b"abcd", 1002),
        (bytes((0x89, 0xFE, 0, 126)) + b"abcd" + b"x" * 126, 1002),
        (bytes((0x81, 0xFF)) + (LONGEST + 1).to_bytes(8, "big"), 1009),
        (HALF % 0x01 + HALF % 0x80, 1009),
    ],
)  # fmt: skip
async def test_who_breaks_the_protocol_is_told_how_and_left(server: Server, sent: bytes, code: int) -> None:
    reader, writer = await server.raw(sent)
    goodbye = await reader.read()
    assert goodbye[0] == 0x88
    assert int.from_bytes(goodbye[2:4], "big") == code
    assert await server.ended.get() == code
    writer.close()


async def test_a_handshake_may_be_refused(server: Server, session: ClientSession) -> None:
    server.status = 503
    with pytest.raises(WSServerHandshakeError) as caught:
        await session.ws_connect(f"{server.url}/echo/x")
    assert caught.value.status == 503


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/echo/x", {}, 426),
        ("/echo/x", {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "12"}, 426),
        ("/echo/x/y", {"Upgrade": "websocket", "Connection": "Upgrade"}, 404),
        ("/", {}, 200),
    ],
)
async def test_everything_else_is_answered_by_the_other_server(
    server: Server, session: ClientSession, path: str, headers: dict[str, str], status: int
) -> None:
    async with session.get(server.url + path, headers=headers) as reply:
        assert reply.status == status


async def test_a_silent_peer_is_let_go(server: Server) -> None:
    """One that answers pings is not."""
    server.heartbeat_s = 0.05
    reader, writer = await server.raw()
    for _ in range(3):
        assert await reader.readexactly(2) == encode(frames.PING, b"", mask=False)
        writer.write(encode(frames.PONG, b"", mask=True))
    await writer.drain()
    assert await server.ended.get() == frames.ABNORMAL
    writer.close()


async def test_a_peer_that_takes_nothing_is_not_sent_for_ever(server: Server) -> None:
    """What is held for it is bounded, because the other side is held back."""
    reader, writer = await server.raw()
    message = encode(1, b"x" * 60_000, mask=True)
    sent = 0

    async def send() -> None:
        nonlocal sent
        while True:
            writer.write(message)
            sent += 1
            await writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(send(), 1)
    assert sent * 60_000 < 64 * 2**20
    for _ in range(sent):
        assert (await reader.readexactly(60_004))[:2] == bytes((0x81, 126))
    writer.close()


# ---- our end as the client


async def dial(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], use: Callable[[WebSocket], Awaitable[None]]) -> None:  # fmt: skip  # noqa: E501
    app = web.Application()
    app.add_routes([web.get("/media", handler)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        socket = end(client=True)
        await connect(f"127.0.0.1:{runner.addresses[0][1]}", "/media", socket)
        await use(socket)
    finally:
        await runner.cleanup()


async def test_a_server_of_other_people() -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("welcome")
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            await socket.send_str(message.data + "!")
            await socket.close(code=1000)
        return socket

    async def use(socket: WebSocket) -> None:
        assert await socket.receive() == b"welcome"
        assert socket.text("hé".encode())
        assert await socket.receive() == "hé!".encode()
        assert await socket.receive() is None
        assert socket.close_code == 1000
        await socket.close()
        assert not socket.text(b"late")

    await dial(serve, use)


async def test_a_server_that_refuses() -> None:
    async def serve(_: web.Request) -> web.StreamResponse:
        raise web.HTTPServiceUnavailable

    async def use(_: WebSocket) -> None:
        raise AssertionError

    with pytest.raises(Refused, match="503"):
        await dial(serve, use)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"nonsense\r\n\r\n", NotHttp),
        (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other\r\n\r\n", NotHttp),
        (b"HTTP/1.1 101", Disconnected),
        (b"", Disconnected),
    ],
)
async def test_a_server_that_is_none(answer: bytes, error: type[Exception]) -> None:
    over = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(play, "127.0.0.1", 0) as listening:
        with pytest.raises(error):
            await connect(f"127.0.0.1:{listening.sockets[0].getsockname()[1]}", "/media", end(client=True))
        await over.wait()
