"""What Azure's recognition and its voices have in common: headers and body in each message, and where to connect.

Sources: Microsoft's "Speech Service WebSocket protocol" (MicrosoftDocs/azure-docs, 2017) for headers, requests and
limits; microsoft/cognitive-services-speech-sdk-js, `WebsocketMessageFormatter.ts`, `SpeechConnectionFactory.ts` and
`SpeechSynthesisConnectionFactory.ts`, for the endpoints in use today.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import orjson

from understudy.domain.revision.snapshot import Account
from understudy.domain.routing.providers import WS, join
from understudy.domain.speech.codec import Connect, Frame

TICKS = 10_000_000
"""Offsets and durations are in units of 100 ns: so many in a second."""

IDLE_S = 180.0
"""Azure closes a connection on which neither side has said anything for so long."""

KEY_HEADER = "Ocp-Apim-Subscription-Key"

_HEADER_SIZE = 2
"""Bytes of a binary message that say how long its headers are, big-endian."""

_MAX_HEADERS = 8192
"""Longest headers of a binary message, in bytes."""

_PATHS = {
    "stt": ("/speech/recognition/conversation/cognitiveservices/v1", "/stt/speech/universal/v2"),
    "tts": ("/cognitiveservices/websocket/v1", "/tts/cognitiveservices/websocket/v1"),
}
"""Of each service: on a region's host, and on a resource's own."""

_REGIONAL = re.compile(r"([a-z0-9-]+)\.(?:api\.cognitive|stt\.speech|tts\.speech)\.(?:microsoft\.com|azure\.(?:cn|us))")
"""A region's hosts: the one that the portal shows, and those that are meant."""

_SYSTEM = {"name": "Understudy", "version": "1.0", "build": "Linux-x64", "lang": "Python"}
_OS = {"platform": "Linux", "name": "Linux", "version": "1"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `path` and the names of `headers` are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """Which request it belongs to; empty for those that belong to the connection."""
        return self.headers.get("x-requestid", "").lower()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service of an account is.

    Attributes:
        url: without a query.
        regional: on a region's own host, where the settings that have a parameter go into the query too.
    """

    url: str
    regional: bool


def endpoint(account: Account, service: Literal["stt", "tts"]) -> Endpoint:
    """Where `account` is served: on the hosts of its region, or on the resource's own host where it gives that.

    Raises:
        ValueError: the account's base URL is none.
    """
    base = account.base_url or f"https://{account.region}.api.cognitive.microsoft.com"
    on_region, on_resource = _PATHS[service]
    found = _REGIONAL.fullmatch(urlsplit(base).netloc)
    if found:
        return Endpoint(f"wss://{found[1]}.{service}.speech.{_cloud(found[1])}{on_region}", regional=True)
    return Endpoint(join(base, on_resource, WS), regional=False)


def _cloud(region: str) -> str:
    if region.startswith("china"):
        return "azure.cn"
    return "azure.us" if region.startswith("usgov") else "microsoft.com"


def connect(url: str, key: str | None) -> Connect:
    """The request that opens a socket."""
    headers = {"X-ConnectionId": new_id()} | ({KEY_HEADER: key} if key else {})
    return Connect(url, headers)


def new_id() -> str:
    """An id for a request or a connection, in the form that Azure wants: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def speech_config(now: float) -> str:
    """The first message of every connection: who we are."""
    return text("speech.config", new_id(), orjson.dumps({"context": {"system": _SYSTEM, "os": _OS}}).decode(), now)


def text(path: str, request_id: str, body: str, now: float, content_type: str = "application/json") -> str:
    """A text message; `now` in seconds since the epoch."""
    return f"{_headers(path, request_id, now, content_type)}\r\n{body}"


def binary(path: str, request_id: str, body: bytes, now: float, content_type: str | None = None) -> bytes:
    """A binary message; `now` in seconds since the epoch."""
    headers = _headers(path, request_id, now, content_type).encode()
    return len(headers).to_bytes(_HEADER_SIZE, "big") + headers + body


def _headers(path: str, request_id: str, now: float, content_type: str | None) -> str:
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lines = {"Path": path, "X-RequestId": request_id, "X-Timestamp": at}
    lines |= {"Content-Type": content_type} if content_type else {}
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items())


def parse(frame: Frame) -> Message:
    """The message in a frame.

    Raises:
        ValueError: it is not one of the protocol.
    """
    head, body = _split_binary(frame) if isinstance(frame, bytes) else _split_text(frame)
    headers = {}
    for line in filter(None, head.split("\r\n")):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("a header without a colon")
        headers[name.strip().lower()] = value.strip()
    if not headers.get("path"):
        raise ValueError("a message without a path")
    return Message(headers["path"].lower(), headers, body)


def _split_text(frame: str) -> tuple[str, bytes]:
    head, separator, body = frame.partition("\r\n\r\n")
    if not separator:
        raise ValueError("a text message without a body")
    return head, body.encode()


def _split_binary(frame: bytes) -> tuple[str, bytes]:
    size = int.from_bytes(frame[:_HEADER_SIZE], "big")
    if len(frame) < _HEADER_SIZE + size or size > _MAX_HEADERS:
        raise ValueError("a binary message shorter than its headers")
    return frame[_HEADER_SIZE : _HEADER_SIZE + size].decode("ascii"), frame[_HEADER_SIZE + size :]
