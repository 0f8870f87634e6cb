"""The door for agents: ordinary requests are served by us, all others by aiohttp, and no client can tell."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from understudy.apps.proxy.http.exchange import Exchange
from understudy.apps.proxy.http.listener import Listener
from understudy.apps.proxy.http.request import MAX_HEAD
from understudy.apps.proxy.http.routes import HotRoute
from understudy.apps.proxy.http.server import WRITE_HIGH

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """A listener whose hot route does what the request's body says, and notes who served it."""

    def __init__(self) -> None:
        self.listener = Listener([HotRoute("/hot", self._others, self._serve), web.post("/cold", self._others)])
        self.served: list[str] = []
        self.gone = asyncio.Event()
        self.written = 0
        self.go_on = asyncio.Event()

    async def connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.listener.port)

    async def _others(self, request: web.Request) -> web.StreamResponse:
        self.served.append("aiohttp")
        return web.json_response({"got": (await request.read()).decode()})

    async def _serve(self, exchange: Exchange) -> None:
        self.served.append("ours")
        body = (await exchange.body()).decode()
        does: dict[str, Callable[[Exchange], object]] = {
            "stream": self._stream, "flood": self._flood, "hang": self._hang, "fail": self._fail, "half": self._half,
            "nothing": self._nothing,
        }  # fmt: skip
        if body in does:
            await does[body](exchange)  # type: ignore[misc]
        else:
            got = json.dumps({"got": body}).encode()
            await exchange.answer(200, got, {"Content-Type": "application/json"})

    async def _stream(self, exchange: Exchange) -> None:
        exchange.begin({"Content-Type": "text/event-stream", "X-From": exchange.headers["x-from"]})
        await exchange.write(b"data: 1\n\n")
        await self.go_on.wait()
        await exchange.write(b"")
        await exchange.write(b"data: 2\n\n")
        await exchange.end()

    async def _flood(self, exchange: Exchange) -> None:
        exchange.begin({})
        for _ in range(1000):
            await exchange.write(b"x" * 2**16)
            self.written += 2**16
        await exchange.end()

    async def _hang(self, exchange: Exchange) -> None:
        gone = asyncio.Event()
        exchange.when_gone(gone.set)
        exchange.begin({})
        await exchange.write(b"begun")
        await gone.wait()
        with pytest.raises(ConnectionError):
            await exchange.write(b"more")
        self.gone.set()

    async def _fail(self, _: Exchange) -> None:
        raise RuntimeError("of ours")

    async def _half(self, exchange: Exchange) -> None:
        exchange.begin({})
        await exchange.write(b"half")
        raise RuntimeError("of ours")

    async def _nothing(self, _: Exchange) -> None:
        return


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    await served.listener.start("127.0.0.1", 0)
    yield served
    await served.listener.close()


def ask(body: str, *fields: str, path: str = "/hot", version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: h", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


async def reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """The next answer: status, headers, body."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
    status = int(lines[0].split()[1])
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return status, headers, body
    return status, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def test_requests_on_one_connection(server: Server) -> None:
    reader, writer = await server.connect()
    for text in ("one", "two"):
        writer.write(ask(text))
        status, headers, body = await reply(reader)
        assert (status, json.loads(body)) == (200, {"got": text})
        assert headers["content-type"] == "application/json"
    assert server.served == ["ours", "ours"]
    writer.close()


@pytest.mark.parametrize("torn", [False, True])
async def test_a_stream_leaves_piece_by_piece(server: Server, *, torn: bool) -> None:
    reader, writer = await server.connect()
    sent = ask("stream", "X-From: a")
    for part in [sent[n : n + 1] for n in range(len(sent))] if torn else [sent]:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    head = await reader.readuntil(b"data: 1\n\n\r\n")
    assert b"X-From: a\r\n" in head
    assert b"Content-Type: text/event-stream\r\n" in head
    server.go_on.set()
    assert await reader.readuntil(b"0\r\n\r\n") == b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"
    writer.close()


async def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    """Also one for the other server behind two for ours."""
    reader, writer = await server.connect()
    server.go_on.set()
    writer.write(ask("stream", "X-From: a") + ask("second") + ask("third", path="/cold") + ask("fourth"))
    assert (await reply(reader))[2] == b"data: 1\n\ndata: 2\n\n"
    for text in ("second", "third", "fourth"):
        assert json.loads((await reply(reader))[2]) == {"got": text}
    assert server.served == ["ours", "ours", "aiohttp", "aiohttp"]
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        ask("x", path="/cold"),
        ask("x", path="/hot?query=1"),
        ask("x", version="1.0"),
        ask("x", "Connection: close"),
        ask("x", "Connection: keep-alive, foo"),
        ask("x", "X-Long: " + "y" * 5000),
        b"POST /hot HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ],
)
async def test_what_is_extraordinary_is_served_by_aiohttp(server: Server, sent: bytes) -> None:
    reader, writer = await server.connect()
    writer.write(sent)
    status, _, body = await reply(reader)
    assert (status, json.loads(body)) == (200, {"got": "x"})
    assert server.served == (["ours"] if b"X-Long" in sent else ["aiohttp"])
    writer.close()


async def test_expect_continue(server: Server) -> None:
    """The client sends its body when it is told to."""
    reader, writer = await server.connect()
    writer.write(ask("x", "Expect: 100-continue")[:-1])
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"x")
    assert json.loads((await reply(reader))[2]) == {"got": "x"}
    writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01", 400),
        (b"POST /hot HTTP/1.1\r\nHost : h\r\nContent-Length: 1\r\n\r\nx", 400),
        (b"POST /hot HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (b"POST /hot HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /hot HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /hot HTTP/1.1\r\nHost: h\r\nX: " + b"y" * MAX_HEAD + b"\r\n\r\n", 400),
        (b"GET /hot HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 404),
        (ask("fail"), 500),
        (ask("nothing"), 503),
    ],
)
async def test_errors(server: Server, sent: bytes, status: int) -> None:
    reader, writer = await server.connect()
    writer.write(sent)
    assert (await reader.readline()).split()[1] == str(status).encode()
    writer.close()


async def test_a_body_too_large_is_refused(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(b"POST /hot HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 6_000_000)
    assert b"413" in await reader.readline()
    writer.transport.abort()


async def test_an_answer_that_breaks_off_ends_the_connection(server: Server) -> None:
    """Only that says that the rest is missing."""
    reader, writer = await server.connect()
    writer.write(ask("half"))
    assert (await reader.read()).endswith(b"4\r\nhalf\r\n")
    writer.close()


async def test_an_agent_that_leaves_is_noticed_at_once(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(ask("hang"))
    await reader.readuntil(b"begun")
    writer.close()
    async with asyncio.timeout(5):
        await server.gone.wait()


async def test_an_agent_that_reads_slowly_is_waited_for(server: Server) -> None:
    """What is held for it is bounded, and it gets all of it."""
    reader, writer = await server.connect()
    writer.write(ask("flood"))
    await reader.readuntil(b"\r\n\r\n")
    before = -1
    while before != server.written:
        before = server.written
        await asyncio.sleep(0.1)
    assert WRITE_HIGH < server.written < 1000 * 2**16 / 2
    got = 0
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
        got += size
    assert got == 1000 * 2**16
    writer.close()


async def test_closing_ends_what_is_left(server: Server) -> None:
    reader, writer = await server.connect()
    writer.write(ask("hang"))
    await reader.readuntil(b"begun")
    async with asyncio.timeout(5):
        await server.listener.close()
        await server.gone.wait()
        assert not (await reader.read()).endswith(b"0\r\n\r\n")
    writer.close()
