"""Answers in every framing, whatever the boundaries of the reads; what is no answer is refused."""

import asyncio

import pytest

from tests.integration.proxy_http.provider import Line, Provider, always, answer, once
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.errors import Disconnected, NotHttp
from understudy.apps.proxy.http.head import MAX_HEAD
from understudy.apps.proxy.http.transport import Answer

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
INFORMATIONAL = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
BOTH = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")


async def ask(transport: KeptTransport, provider: Provider, body: bytes = b"{}") -> Answer:
    return await transport.post(provider.url, body, {"Authorization": "Bearer k"}, connect_timeout_s=2)


@pytest.mark.parametrize(
    ("pieces", "body", "kept"),
    [
        ((answer(b"hello"),), b"hello", True),
        ((answer(b""),), b"", True),
        ((answer(b"hello", "Connection: close"),), b"hello", False),
        ((answer(b"hello").replace(b"1.1", b"1.0"),), b"hello", False),
        ((answer(b"hello", "Connection: keep-alive").replace(b"1.1", b"1.0"),), b"hello", True),
        ((CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",), b"hello", True),
        ((CHUNKED + b"2;ext=1\r\nhe\r\n3 \r\nllo\r\n0\r\nTrailer: x\r\n\r\n",), b"hello", True),
        ((*INFORMATIONAL, answer(b"hello")), b"hello", True),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b"", True),
        ((answer(b"hello", "Content-Length: 5"),), b"hello", True),
        ((BOTH + b"5\r\nhello\r\n0\r\n\r\n",), b"hello", False),
        ((b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",), b"ok", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("torn", [False, True])
async def test_bodies_are_read_to_their_end(
    transport: KeptTransport, pieces: tuple[bytes, ...], body: bytes, *, kept: bool, torn: bool
) -> None:
    """And the connection serves the next request exactly when the answer allows it."""

    async def play(line: Line) -> None:
        while True:
            await line.request()
            for piece in pieces:
                for part in [piece[n : n + 1] for n in range(len(piece))] if torn else [piece]:
                    await line.send(part)
                    await asyncio.sleep(0)

    async with Provider(play) as provider:
        for _ in range(2):
            reply = await ask(transport, provider)
            assert await reply.body(100) == body
            reply.close()
        assert len(provider.lines) == (1 if kept else 2)


async def test_a_body_without_framing_ends_with_the_connection(transport: KeptTransport) -> None:
    async with Provider(once(OPEN, b"hel", b"lo")) as provider:
        reply = await ask(transport, provider)
        assert await reply.body(100) == b"hello"


async def test_the_body_is_given_out_as_it_comes(transport: KeptTransport) -> None:
    """Every piece at once: nothing is waited for that is still to come."""
    more = asyncio.Event()

    async def play(line: Line) -> None:
        await line.request()
        await line.send(CHUNKED + b"3\r\nhel\r\n")
        await more.wait()
        await line.send(b"2\r\nlo\r\n0\r\n\r\n")

    async with Provider(play) as provider:
        reply = await ask(transport, provider)
        assert await reply.read() == b"hel"
        more.set()
        assert await reply.read() == b"lo"
        assert await reply.read() == b""
        assert await reply.read() == b""


async def test_status_and_headers(transport: KeptTransport) -> None:
    """Redirects are answers like any other: followed, they would carry the key along."""
    fields = ("Location: http://127.0.0.1:1/", "X-RateLimit-Remaining-Tokens:  7 ", "X-Twice: a", "x-twice: b")
    async with Provider(always(answer(b"", *fields, status="307 Temporary Redirect"))) as provider:
        reply = await ask(transport, provider)
        assert reply.status == 307
        assert reply.headers["x-ratelimit-remaining-tokens"] == "7"
        assert reply.headers["x-twice"] == "b"
        assert len(provider.lines) == 1


async def test_what_is_sent(transport: KeptTransport) -> None:
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    async def play(line: Line) -> None:
        sent.put_nowait(await line.request())
        await line.send(answer(b""))

    async with Provider(play) as provider:
        await ask(transport, provider, b'{"a":1}')
        head, _, body = (await sent.get()).partition(b"\r\n\r\n")
    place = provider.url.split("/")[2].encode()
    assert head.split(b"\r\n") == [
        b"POST /v1/chat/completions HTTP/1.1",
        b"Host: " + place,
        b"Accept-Encoding: identity",
        b"Authorization: Bearer k",
        b"Content-Length: 7",
    ]
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpaced : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * MAX_HEAD,
    ],
)
async def test_what_is_no_answer_is_refused(transport: KeptTransport, bytes_sent: bytes) -> None:
    async with Provider(always(bytes_sent)) as provider:
        with pytest.raises(NotHttp):
            await ask(transport, provider)


@pytest.mark.parametrize(
    "broken",
    [
        b"xyz\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5\r\nhello!\r\n",
        b"5" * 5000,
        b"\n",
        b"0\r\n" + b"a: b\r\n" * 200,
    ],
)
async def test_broken_chunks_end_the_answer(transport: KeptTransport, broken: bytes) -> None:
    async with Provider(always(CHUNKED + b"2\r\nhe\r\n" + broken)) as provider:
        reply = await ask(transport, provider)
        with pytest.raises(NotHttp):
            await reply.body(1000)


@pytest.mark.parametrize(
    ("start", "answered"),
    [(b"", False), (b"HTTP/1.1 200 O", True)],
)
async def test_an_end_before_the_head(transport: KeptTransport, start: bytes, *, answered: bool) -> None:
    async with Provider(once(start)) as provider:
        with pytest.raises(Disconnected) as caught:
            await ask(transport, provider)
        assert caught.value.answered is answered
        assert len(provider.lines) == 1


@pytest.mark.parametrize("start", [answer(b"hello")[:-1], CHUNKED + b"5\r\nhel", CHUNKED + b"3\r\nhel\r\n"])
async def test_an_end_within_the_body_is_no_end(transport: KeptTransport, start: bytes) -> None:
    """What came before it can still be read."""
    async with Provider(once(start)) as provider:
        reply = await ask(transport, provider)
        read = []

        async def rest() -> None:
            while True:
                read.append(await reply.read())

        with pytest.raises(Disconnected):
            await rest()
        assert b"".join(read).startswith(b"hel")


async def test_a_longer_body_is_cut(transport: KeptTransport) -> None:
    """The limit is the caller's, for errors that nobody needs whole."""
    async with Provider(always(answer(b"x" * 100_000))) as provider:
        reply = await ask(transport, provider)
        assert await reply.body(10) == b"x" * 10
        reply.close()
