"""What the tests of codecs share: documents in, events out."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import Connect, Event, Frame, TranscriberCodec


def account(provider: str, base_url: str) -> Account:
    """An account at the provider."""
    return Account(name="account", provider=provider, base_url=base_url)


def transcriber(provider: str, **fields: Any) -> Transcriber:
    """A transcriber with that account."""
    return Transcriber(account="account", provider=provider, **fields)


def hear(codec: TranscriberCodec, *documents: dict[str, Any]) -> list[Event]:
    """All that the messages mean, in order."""
    return [event for document in documents for event in codec.receive(orjson.dumps(document).decode())]


def sent(frames: list[Frame]) -> list[Any]:
    """The JSON of text messages, binary ones as they are."""
    return [frame if isinstance(frame, bytes) else orjson.loads(frame) for frame in frames]


def query(connect: Connect) -> dict[str, list[str]]:
    """The query of the URL."""
    return parse_qs(urlsplit(connect.url).query)
