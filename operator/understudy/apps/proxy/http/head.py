"""The head of an answer, and how its body ends. Source: RFC 9112, strictly: what is not HTTP/1.x is refused."""

import re
from typing import NamedTuple

from understudy.apps.proxy.http.errors import NotHttp

MAX_HEAD = 64 * 1024
"""Bytes of an answer's head; providers send one to three thousand."""

MAX_FIELDS = 200
"""Header fields of a head; providers send twenty to forty."""

UNTIL_CLOSE = -1
"""In place of a body's length: it ends with the connection."""

CHUNKED = -2
"""In place of a body's length: it says itself where it ends."""

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS = frozenset({204, 304})


class Head(NamedTuple):
    """The head of an answer.

    Attributes:
        headers: by lower-case name; of a repeated one the last.
        length: bytes of the body, or `CHUNKED`, or `UNTIL_CLOSE`.
        keep: whether the connection may be used again.
    """

    status: int
    headers: dict[str, str]
    length: int
    keep: bool


def parse(raw: bytes) -> Head:
    """The head in `raw`, without its blank line.

    Raises:
        NotHttp: it is none.
    """
    lines = raw.decode("latin-1").split("\r\n")
    status = _STATUS.fullmatch(lines[0])
    if status is None or len(lines) > MAX_FIELDS:
        raise NotHttp("no status line" if status is None else "too many header fields")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise NotHttp("a malformed header field")
        name, value = name.lower(), value.strip(" \t")
        if name == "content-length" and headers.get(name, value) != value:
            raise NotHttp("two lengths")
        headers[name] = value
    return _head(int(status[2]), headers, old=status[1] == "0")


def _head(status: int, headers: dict[str, str], *, old: bool) -> Head:
    connection = headers.get("connection", "").lower()
    length = _length(status, headers)
    # Old servers say when they keep the connection; a body with both framings may have been smuggled into.
    keep = "keep-alive" in connection if old else "close" not in connection
    doubtful = length == UNTIL_CLOSE or (length == CHUNKED and "content-length" in headers)
    return Head(status, headers, length, keep and not doubtful)


def _length(status: int, headers: dict[str, str]) -> int:
    if status in _BODILESS or status < 200:  # noqa: PLR2004 - the informational ones
        return 0
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise NotHttp("an unknown transfer coding")
        return CHUNKED
    said = headers.get("content-length")
    if said is None:
        return UNTIL_CLOSE
    if not (said.isascii() and said.isdigit()):
        raise NotHttp("a malformed length")
    return int(said)
