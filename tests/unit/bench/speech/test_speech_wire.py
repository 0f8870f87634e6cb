"""The benchmark's network on loopback, and its watch over the machine."""

import asyncio
from pathlib import Path

import pytest

from tests.bench.speech import lag
from tests.bench.speech.wire import ONE_WAY_S, network


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back whatever comes; on `bye`, reset."""
    while data := await reader.read(1000):
        if data == b"bye":
            writer.transport.abort()
            return
        writer.write(data)
    writer.close()


async def test_bytes_take_a_round_trip_and_keep_their_order() -> None:
    """There and back, everything, in order."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    clock = asyncio.get_running_loop().time
    async with server, network(server.sockets[0].getsockname()[1]) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = clock()
        for number in range(100):
            writer.write(b"%03d" % number)
        got = await reader.readexactly(300)
        assert clock() - began >= 2 * ONE_WAY_S - 0.001
        assert got == b"".join(b"%03d" % number for number in range(100))
        writer.write(b"bye")
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readexactly(1)
        writer.close()


def test_a_case_is_disturbed_by_a_stall_that_touches_it(tmp_path: Path) -> None:
    """Before and after it: not."""
    tell = lag.into(tmp_path / "stalls")
    tell((10.0, 0.5))
    stalls = lag.read(tmp_path / "stalls")
    assert stalls == [(10.0, 0.5)]
    assert [lag.disturbed(stalls, *times) for times in ((0, 9.4), (0, 9.6), (9.8, 12), (10.1, 12))] == [
        False, True, True, False,
    ]  # fmt: skip
    assert lag.read(tmp_path / "none") == []
