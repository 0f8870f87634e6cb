"""The chunked transfer coding, incrementally: bytes in, the body's bytes out. Source: RFC 9112, 7.1."""

import re

from understudy.apps.proxy.http.errors import NotHttp

MAX_LINE = 4096
"""Bytes of a chunk's size with its extensions, or of a trailer field."""

MAX_TRAILERS = 100
"""Trailer fields; providers send none."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")

_AT_SIZE, _AT_END_OF_CHUNK, _AT_TRAILER = 0, -1, -2


class ChunkedDecoder:
    """Decodes one body.

    Attributes:
        done: whether the body is complete.
        excess: bytes that came after it.
    """

    def __init__(self) -> None:
        self.done = False
        self.excess = b""
        self._rest = b""
        self._left = _AT_SIZE
        """Bytes of the present chunk that are to come, or one of the places between chunks."""
        self._trailers = 0

    def decode(self, data: bytes) -> bytes:
        """The bytes of the body in `data`.

        Raises:
            NotHttp: it is not chunked.
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        pieces: list[bytes] = []
        at = self._whole_chunks(data, pieces) if self._left == _AT_SIZE else 0
        while at < len(data) and not self.done:
            if self._left > 0:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left = self._left - len(piece) or _AT_END_OF_CHUNK
            elif (after := self._between(data, at)) is None:
                break
            else:
                at = after
        if self.done:
            self.excess = data[at:]
        else:
            self._rest = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @staticmethod
    def _whole_chunks(data: bytes, pieces: list[bytes]) -> int:
        """Take the chunks at the beginning of `data` that are there whole, which nearly all are; where they end."""
        at = 0
        while (found := _SIZE.match(data, at)) is not None:
            start = found.end()
            end = start + int(found[1], 16)
            if end == start or data[end : end + 2] != b"\r\n":
                break
            pieces.append(data[start:end])
            at = end + 2
        return at

    def _between(self, data: bytes, at: int) -> int | None:
        """Go over what stands between two chunks; the place after it, None when it is not complete."""
        if self._left == _AT_END_OF_CHUNK:
            if not b"\r\n".startswith(data[at : at + 2]):
                raise NotHttp("a chunk longer than it said")
            if len(data) - at < len(b"\r\n"):
                return None
            self._left = _AT_SIZE
            return at + 2
        if self._left == _AT_SIZE:
            return self._size(data, at)
        return self._trailer(data, at)

    def _size(self, data: bytes, at: int) -> int | None:
        found = _SIZE.match(data, at)
        if found is None:
            if data.find(b"\n", at) >= 0 or len(data) - at > MAX_LINE:
                raise NotHttp("a malformed chunk size")
            return None
        self._left = int(found[1], 16) or _AT_TRAILER
        return found.end()

    def _trailer(self, data: bytes, at: int) -> int | None:
        end = data.find(b"\r\n", at)
        if end < 0:
            if len(data) - at > MAX_LINE:
                raise NotHttp("a trailer field too long")
            return None
        self.done = end == at
        self._trailers += 1
        if self._trailers > MAX_TRAILERS:
            raise NotHttp("too many trailer fields")
        return end + 2
