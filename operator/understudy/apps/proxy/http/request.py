"""The head of a request on the hot path. What is out of the ordinary is not read here: aiohttp's server gets it."""

import re
from typing import NamedTuple

MAX_HEAD = 16 * 1024
"""Bytes of a request's head that are looked at; SDKs send one to two thousand."""

MAX_BODY = 4 * 2**20
"""Bytes of a request: the longest dialogue a model takes is about 1 MB as JSON."""

_FIELD = re.compile(r"\r\n([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)(?=\r\n|\Z)")
_EXTRAORDINARY = frozenset({"transfer-encoding", "expect", "upgrade", "trailer", "content-encoding"})


class RequestHead(NamedTuple):
    """A request's head.

    Attributes:
        line: the request line.
        headers: by lower-case name; repeated ones are joined by commas.
        repeated: whether there were any.
    """

    line: str
    headers: dict[str, str]
    repeated: bool

    @property
    def length(self) -> int | None:
        """Bytes of the body of an ordinary request; None for one that is not.

        Out of the ordinary are HTTP/1.0, chunked bodies, `Expect`, `Upgrade`, repeated fields, `Connection: close` and
        large bodies.
        """
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()) or "host" not in self.headers or self.repeated:
            return None
        if self.headers.get("connection", "keep-alive").lower() != "keep-alive":
            return None
        if not _EXTRAORDINARY.isdisjoint(self.headers) or int(length) > MAX_BODY:
            return None
        return int(length)


def parse(raw: bytes) -> RequestHead | None:
    """The head in `raw`, without its blank line; None for a malformed one."""
    text = raw.decode("latin-1")
    fields = _FIELD.findall(text)
    if len(fields) != text.count("\r\n"):
        return None  # each line is a field, or it is malformed
    headers: dict[str, str] = {}
    repeated = False
    for given, padded in fields:
        name, value = given.lower(), padded.rstrip(" \t")
        if name in headers:
            repeated = True
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return RequestHead(text.partition("\r\n")[0], headers, repeated)
