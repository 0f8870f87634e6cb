"""A provider that a test plays byte by byte."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

Play = Callable[["Line"], Awaitable[None]]


class Line:
    """One connection as the provider has it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head + await self.reader.readexactly(length)

    async def send(self, *pieces: bytes) -> None:
        """Send, each piece by itself."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def ends(self) -> None:
        """Wait for the other side to end the connection, however it does."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            return

    def reset(self) -> None:
        """End it without a word."""
        if not self.writer.transport.is_closing():
            self.writer.transport.abort()


class Provider:
    """Listens on loopback and plays each connection.

    Attributes:
        lines: every connection so far.
        failed: what went wrong within `play`.
    """

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self._play = play
        self._tls = tls
        self.lines: list[Line] = []
        self.over: asyncio.Queue[int] = asyncio.Queue()
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{port}/v1/chat/completions"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; open connections are reset."""
        self._server.close()
        for line in self.lines:
            line.reset()
        async with asyncio.timeout(5):
            for _line in self.lines:
                await self.over.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(len(self.lines), reader, writer)
        self.lines.append(line)
        try:
            await self._play(line)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side is gone
        finally:
            writer.close()
            self.over.put_nowait(line.number)


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """A whole answer with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(*pieces: bytes) -> Play:
    """Gives every request the same answer."""

    async def play(line: Line) -> None:
        while True:
            await line.request()
            await line.send(*pieces)

    return play


def once(*pieces: bytes) -> Play:
    """Gives the first request that answer, and ends the connection."""

    async def play(line: Line) -> None:
        await line.request()
        await line.send(*pieces)

    return play
