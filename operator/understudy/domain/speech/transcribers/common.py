"""What codecs of transcribers share: reading messages, safe words for logs, and the parts most protocols lack."""

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from understudy.domain.speech.codec import AudioFormat, Frame, Post

_Codec = TypeVar("_Codec")
_Meant = TypeVar("_Meant")

_SAFE = re.compile(r"[\w .-]{1,64}")

_SILENT = {"linear16": b"\x00\x00", "linear32": b"\x00\x00\x00\x00", "mulaw": b"\xff", "alaw": b"\xd5"}
"""One sample of amplitude zero."""


class Plain:
    """Base of codecs: what a protocol without the like of it answers."""

    def before(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Post | None:
        """Nothing has to be asked first."""

    def answered(self, body: bytes) -> None:
        """Nothing was asked."""

    def greet(self) -> list[Frame]:
        """Everything is in the URL."""
        return []

    def keep_alive(self) -> list[Frame]:
        """The provider waits."""
        return []

    def finish(self) -> list[Frame]:
        """The socket is closed without a word."""
        return []

    def control(self, message: dict[str, Any]) -> list[Frame]:  # noqa: ARG002 - the protocol's name
        """The provider has no such thing."""
        return []


def strict(receive: Callable[[_Codec, Frame], _Meant]) -> Callable[[_Codec, Frame], _Meant]:
    """A codec's `receive`, where a message without the fields that its kind must have is none of the protocol."""

    @functools.wraps(receive)
    def strictly(codec: _Codec, message: Frame) -> _Meant:
        try:
            return receive(codec, message)
        except (KeyError, TypeError, AttributeError, IndexError) as cause:
            raise ValueError("a message that lacks what its kind must have") from cause

    return strictly


def parsed(message: Frame) -> dict[str, Any]:
    """The JSON object in a message.

    Raises:
        ValueError: there is none.
    """
    said = orjson.loads(message)
    if not isinstance(said, dict):
        raise ValueError("a message that is not an object")  # noqa: TRY004 - a protocol error, not a caller's
    return said


def text(document: dict[str, Any]) -> str:
    """A JSON message."""
    return orjson.dumps(document).decode()


def word(value: Any) -> str:
    """A provider's code as text that is safe in logs and messages: short, without content."""
    found = str(value or "an error")
    return found if _SAFE.fullmatch(found) else "an error"


def reported(value: Any) -> str:
    """A failure's reason, with the provider's code."""
    return f"the provider reported {word(value)}"


def base_language(tag: str) -> str:
    """`en` of `en-US`: what providers take that want two letters."""
    return tag.partition("-")[0].lower()


def silence(audio: AudioFormat, seconds: float) -> bytes:
    """So much silence."""
    return _SILENT[audio.encoding] * (round(audio.sample_rate * seconds) * audio.channels)
