"""What a voice's codec is: text in, audio and word times out; no sockets. Drivers do the I/O once for all providers.

A *context* is one stretch of speech, by one voice, on one connection. Its events carry times from its first audio.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Connect, Frame, Post


@dataclass(frozen=True, slots=True)
class Words:
    """When words are heard: seconds from the start of the context."""

    words: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]

    def later(self, seconds: float) -> "Words":
        """The same, `seconds` later."""
        return Words(self.words, tuple(s + seconds for s in self.starts), tuple(e + seconds for e in self.ends))


@dataclass(frozen=True, slots=True)
class Audio:
    """A piece of a context's audio, in the codec's `audio` format."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The context is complete."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider cannot speak the context.

    Attributes:
        status: an HTTP status, where the provider gives one.
        reason: words of ours, and at most a code of the provider's; no personal data, no key.
    """

    status: int | None
    reason: str = "refused to speak"


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else; Cartesia's is passed on as it is."""

    message: dict[str, Any]


VoiceEvent = Audio | Words | Done | Refused | Other


class Resume(StrEnum):
    """Where another voice can go on."""

    WORD = "Word"
    """At the first word not delivered: the provider gives word times."""
    CLAUSE = "Clause"
    """At a clause: the provider gives no times, so each clause is a context of its own."""


@dataclass(frozen=True, slots=True)
class VoiceTraits:
    """What a driver has to know of a voice's protocol.

    Attributes:
        resume: where another voice can go on.
        pieces: a context takes its text in pieces, as the model writes them; otherwise in one piece, a clause.
        shared: contexts speak on one socket at the same time; otherwise one after the other.
        idle_s: longest time without a message from us before the provider closes. None: none.
    """

    resume: Resume
    pieces: bool = False
    shared: bool = False
    idle_s: float | None = None


class HttpVoiceCodec(Protocol):
    """A voice that is one request for one text, with the audio as its body."""

    traits: VoiceTraits

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """The format of the audio that will be asked for: `wanted` where the provider makes it."""
        ...

    def request(self, text: str, audio: SpeechFormat, key: str | None) -> Post:
        """The request for `text`; `audio` is what `makes` gave."""
        ...

    def receive(self, data: bytes, *, last: bool = False) -> list[VoiceEvent]:
        """What the next piece of the body holds: mostly `Audio` as it is. A new codec serves each request."""
        ...


class SocketVoiceCodec(Protocol):
    """A voice behind a WebSocket. One codec object serves one socket."""

    traits: VoiceTraits

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """The format of the audio that will be asked for: `wanted` where the provider makes it."""
        ...

    def open(self, audio: SpeechFormat, key: str | None) -> Connect:
        """The request that opens the socket; `audio` is what `makes` gave."""
        ...

    def greet(self) -> list[Frame]:
        """The first messages on the socket."""
        ...

    def speak(self, context_id: str, text: str, *, first: bool, last: bool) -> list[Frame]:
        """Text for a context.

        Args:
            context_id: letters, digits and '-', at most 64, new for each context.
            text: a piece of it; may be empty only with `last`.
            first: it begins the context.
            last: no more text comes. Codecs without `pieces` get everything with first and last.
        """
        ...

    def cancel(self, context_id: str) -> list[Frame]:
        """Nobody wants to hear the rest."""
        ...

    def keep_alive(self) -> list[Frame]:
        """Keeps the socket open while nothing is said."""
        ...

    def receive(self, message: Frame) -> list[tuple[str, VoiceEvent]]:
        """Context id and meaning of a message; the id is empty where it concerns every context.

        Raises:
            ValueError: it is not one of the protocol.
        """
        ...
