"""Connections: kept, replaced when they are dead, ended when nobody wants the answer, bounded when nobody reads."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from tests.integration.proxy_http.certificate import server_context
from tests.integration.proxy_http.provider import Line, Provider, always, answer
from understudy.apps.proxy.http.answer import READ_HIGH
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.errors import CannotConnect, Disconnected
from understudy.apps.proxy.http.transport import Answer

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def ask(transport: KeptTransport, url: str, seconds: float = 2) -> Answer:
    return await transport.post(url, b"{}", {}, connect_timeout_s=seconds)


async def test_a_kept_connection_that_died_is_replaced(transport: KeptTransport) -> None:
    """The provider closes after its answer, which is seen only when the next request is on its way."""
    heard = []

    async def play(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        if line.number == 0:
            heard.append(await line.request())
            line.reset()
        else:
            await line.ends()

    async with Provider(play) as provider:
        for _ in range(2):
            reply = await ask(transport, provider.url)
            assert await reply.body(10) == b"ok"
        assert len(heard) == 1
        assert len(provider.lines) == 2


async def test_a_connection_that_was_closed_while_idle_is_not_used(transport: KeptTransport) -> None:
    async def play(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))

    async with Provider(play) as provider:
        assert await (await ask(transport, provider.url)).body(10) == b"ok"
        await provider.over.get()
        provider.over.put_nowait(0)
        assert await (await ask(transport, provider.url)).body(10) == b"ok"
        assert len(provider.lines) == 2


async def test_nothing_is_sent_twice_once_a_byte_came(transport: KeptTransport) -> None:
    async def play(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.request()
        await line.send(b"H")

    async with Provider(play) as provider:
        await (await ask(transport, provider.url)).body(10)
        with pytest.raises(Disconnected) as caught:
            await ask(transport, provider.url)
        assert caught.value.answered
        assert len(provider.lines) == 1


async def test_a_fresh_connection_that_fails_is_not_tried_again(transport: KeptTransport) -> None:
    """A provider that resets every request would otherwise be asked twice for each."""

    async def play(line: Line) -> None:
        await line.request()
        line.reset()

    async with Provider(play) as provider:
        with pytest.raises(Disconnected):
            await ask(transport, provider.url)
        assert len(provider.lines) == 1


async def test_an_unasked_byte_ends_an_idle_connection(transport: KeptTransport) -> None:
    """It would be read as the beginning of the next answer."""

    async def play(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        if line.number == 0:
            await line.send(answer(b"smuggled"))
        await line.ends()

    async with Provider(play) as provider:
        assert await (await ask(transport, provider.url)).body(100) == b"ok"
        await provider.over.get()
        provider.over.put_nowait(0)
        assert await (await ask(transport, provider.url)).body(100) == b"ok"
        assert len(provider.lines) == 2


@pytest.mark.parametrize("begun", [False, True])
async def test_cancelling_tells_the_provider_to_stop(transport: KeptTransport, *, begun: bool) -> None:
    """Before the first byte and after it the connection ends at once."""
    asked, ended = asyncio.Event(), asyncio.Event()

    async def play(line: Line) -> None:
        await line.request()
        if begun:
            await line.send(CHUNKED + b"2\r\nhi\r\n")
        asked.set()
        await line.ends()
        ended.set()

    async def use() -> None:
        reply = await ask(transport, provider.url)
        try:
            while await reply.read():
                pass
        finally:
            reply.close()

    async with Provider(play) as provider:
        task = asyncio.create_task(use())
        async with asyncio.timeout(5):
            await asked.wait()
            task.cancel()
            await ended.wait()
        assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_a_reader_that_does_not_read_holds_the_provider_back(transport: KeptTransport) -> None:
    """What is held of an answer is bounded, and nothing is lost when reading goes on."""
    size, sent = 64 * 2**20, 0

    async def play(line: Line) -> None:
        nonlocal sent
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            await line.send(b"x" * 2**16)
            sent += 2**16

    async with Provider(play) as provider:
        reply = await ask(transport, provider.url)
        before = -1
        while before != sent:  # until the provider cannot go on
            before = sent
            await asyncio.sleep(0.1)
        assert sent < size / 2
        read = len(first := await reply.read())
        assert len(first) < READ_HIGH + 2**20
        while piece := await reply.read():
            read += len(piece)
        assert read == size


async def test_warming_connects_before_the_request(transport: KeptTransport) -> None:
    connected = asyncio.Event()

    async def play(line: Line) -> None:
        connected.set()
        await always(answer(b"ok"))(line)

    async with Provider(play) as provider:
        transport.warm(provider.url)
        transport.warm(provider.url)
        async with asyncio.timeout(5):
            await connected.wait()
            await asyncio.gather(*transport._tasks)
        transport.warm(provider.url)
        assert await (await ask(transport, provider.url)).body(10) == b"ok"
        assert len(provider.lines) == 1


async def test_warming_a_dead_host_is_nobodys_trouble(transport: KeptTransport) -> None:
    transport.warm("http://127.0.0.1:1/")
    await asyncio.gather(*transport._tasks)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/", "Connection refused"),
        ("http://nowhere.invalid/", "no address"),
        ("ftp://127.0.0.1/", "not an http URL"),
        ("http:///", "not an http URL"),
        ("http://127.0.0.1/a b", "not an http URL"),
    ],
)
async def test_no_connection(transport: KeptTransport, url: str, words: str) -> None:
    with pytest.raises(CannotConnect, match=words):
        await ask(transport, url)


async def test_a_host_that_takes_no_connection_is_not_waited_for(transport: KeptTransport) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        with socket.create_connection(place), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(place)
            with pytest.raises((TimeoutError, CannotConnect)):
                await ask(transport, f"http://127.0.0.1:{place[1]}/", 0.2)


async def test_a_header_with_a_line_break_is_not_sent(transport: KeptTransport) -> None:
    """A key with a newline in it would begin a header of its own."""
    with pytest.raises(ValueError, match="line break"):
        await transport.post("http://127.0.0.1:1/", b"", {"Authorization": "a\r\nX: y"}, connect_timeout_s=1)


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls(tmp_path: Path, *, trusted: bool) -> None:
    """Requests to https go over TLS, and to nobody else than the one who was asked for."""
    server, authority = server_context(tmp_path)
    transport = KeptTransport(ssl.create_default_context(cafile=str(authority) if trusted else None))
    async with Provider(always(answer(b"ok")), server) as provider:
        if trusted:
            for _ in range(2):
                assert await (await ask(transport, provider.url)).body(10) == b"ok"
            assert len(provider.lines) == 1
        else:
            with pytest.raises(CannotConnect, match="no TLS"):
                await ask(transport, provider.url)
        await transport.close()


async def test_closing_ends_idle_connections() -> None:
    ended = asyncio.Event()

    async def play(line: Line) -> None:
        await line.request()
        await line.send(answer(b"ok"))
        await line.ends()
        ended.set()

    async with Provider(play) as provider:
        transport = KeptTransport()
        await (await ask(transport, provider.url)).body(10)
        await transport.close()
        async with asyncio.timeout(5):
            await ended.wait()


@pytest.mark.parametrize("ends", [True, False])
async def test_an_answer_that_says_no_more_is_left(transport: KeptTransport, *, ends: bool) -> None:
    """Its connection is used again if its body ends in time; a body that does not end costs the connection."""
    more = asyncio.Event()

    async def play(line: Line) -> None:
        await line.request()
        await line.send(CHUNKED + b"6\r\n[DONE]\r\n")
        await more.wait()
        if ends:
            await line.send(b"0\r\n\r\n")
            await line.request()
            await line.send(answer(b"again"))
        await line.ends()

    async with Provider(play) as provider:
        reply = await ask(transport, provider.url)
        assert await reply.read() == b"[DONE]"
        reply.leave(5 if ends else 0.01)
        reply.close()
        more.set()
        if ends:
            while not any(kept.idle for kept in transport._kept.values()):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.001)
            assert await (await ask(transport, provider.url)).body(10) == b"again"
        else:
            async with asyncio.timeout(5):
                await provider.over.get()
            provider.over.put_nowait(0)
        assert len(provider.lines) == 1
