"""Answers that are given piece by piece, in the callback that brings them."""

import asyncio

import pytest

from tests.integration.proxy_http.provider import Line, Provider, once
from tests.integration.proxy_http.test_answers import CHUNKED, OPEN, ask
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.errors import Disconnected, NotHttp

THREE = (CHUNKED, b"3\r\none\r\n", b"3\r\ntwo\r\n", b"5\r\nthree\r\n0\r\n\r\n")


class Taker:
    """Takes pieces until one holds `until`, or forever."""

    def __init__(self, until: bytes | None = None) -> None:
        self.taken = b""
        self._until = until

    def __call__(self, data: bytes) -> bool:
        self.taken += data
        return self._until is None or self._until not in self.taken


@pytest.mark.parametrize("torn", [False, True])
async def test_everything_is_given_up_to_the_end(transport: KeptTransport, *, torn: bool) -> None:
    whole = b"".join(THREE)
    pieces = [whole[n : n + 1] for n in range(len(whole))] if torn else [whole]
    async with Provider(once(*pieces)) as provider:
        reply, taker = await ask(transport, provider), Taker()
        assert await reply.each(taker)
        assert taker.taken == b"onetwothree"
        assert await reply.each(taker)


async def test_what_comes_after_a_refusal_is_kept(transport: KeptTransport) -> None:
    """Nothing is lost, and nothing is given twice."""
    more = asyncio.Event()

    async def play(line: Line) -> None:
        await line.request()
        await line.send(*THREE[:2])
        await more.wait()
        await line.send(*THREE[2:])

    async with Provider(play) as provider:
        reply, first, rest = await ask(transport, provider), Taker(b"one"), Taker()
        assert not await reply.each(first)
        more.set()
        assert await reply.each(rest)
        assert (first.taken, rest.taken) == (b"one", b"twothree")


async def test_what_the_taker_raises_is_raised_to_whoever_waits(transport: KeptTransport) -> None:
    def take(_: bytes) -> bool:
        raise ValueError("no sense")

    async with Provider(once(*THREE)) as provider:
        reply = await ask(transport, provider)
        with pytest.raises(ValueError, match="no sense"):
            await reply.each(take)
        reply.close()


@pytest.mark.parametrize(
    ("pieces", "error"), [((CHUNKED, b"3\r\none\r\n"), Disconnected), ((CHUNKED, b"x\r\n"), NotHttp)]
)
async def test_a_broken_answer_is_told(
    transport: KeptTransport, pieces: tuple[bytes, ...], error: type[Exception]
) -> None:
    async with Provider(once(*pieces)) as provider:
        reply, taker = await ask(transport, provider), Taker()
        with pytest.raises(error):
            await reply.each(taker)
        assert taker.taken == (b"one" if error is Disconnected else b"")


async def test_the_end_of_the_connection_may_be_the_end_of_the_body(transport: KeptTransport) -> None:
    async with Provider(once(OPEN, b"on", b"e")) as provider:
        reply, taker = await ask(transport, provider), Taker()
        assert await reply.each(taker)
        assert taker.taken == b"one"
