"""The head of a request on the hot path. What is out of the ordinary is not read here: aiohttp's server gets it."""

import re
from dataclasses import dataclass

MAX_HEAD = 16 * 1024
"""Bytes of a request's head that are looked at; SDKs send one to two thousand."""

MAX_BODY = 4 * 2**20
"""Bytes of a request: the longest dialogue a model takes is about 1 MB as JSON."""

_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)")
_EXTRAORDINARY = frozenset({"transfer-encoding", "expect", "upgrade", "trailer", "content-encoding"})


@dataclass(frozen=True, slots=True)
class RequestHead:
    """An ordinary request's head.

    Attributes:
        line: the request line.
        headers: by lower-case name.
        length: bytes of the body.
    """

    line: str
    headers: dict[str, str]
    length: int


def parse(raw: bytes) -> RequestHead | None:
    """The head in `raw`, without its blank line; None for one that is not ordinary.

    Out of the ordinary are HTTP/1.0, chunked bodies, `Expect`, `Upgrade`, repeated fields, `Connection: close`, large
    bodies and whatever is malformed.
    """
    lines = raw.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        name = found[1].lower()
        if name in headers:
            return None
        headers[name] = found[2].rstrip(" \t")
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY or "host" not in headers:
        return None
    if not _EXTRAORDINARY.isdisjoint(headers) or headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    return RequestHead(lines[0], headers, int(length))
