"""What a transcriber's codec is: messages in, events out; no sockets. Drivers do the I/O once for all providers.

One codec object serves one connection, from `before` to the last `receive`; times are seconds from the first audio that
it was given.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Frame = str | bytes
"""One WebSocket message: text or binary."""

_BYTES_PER_SAMPLE = {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Raw audio: what the agent sends, or what a provider takes."""

    encoding: str = "linear16"
    sample_rate: int = 16_000
    channels: int = 1

    @property
    def bytes_per_second(self) -> int:
        """Bytes that one second takes."""
        return self.step * self.sample_rate

    @property
    def step(self) -> int:
        """Bytes of one sample of every channel."""
        return _BYTES_PER_SAMPLE[self.encoding] * self.channels


def audio_format(query: dict[str, str]) -> AudioFormat:
    """The audio format in a `/v1/listen` query.

    Raises:
        ValueError: an encoding we cannot index by time, or a number out of range; the message says what to send.
    """
    encoding = query.get("encoding", "linear16")
    if encoding not in _BYTES_PER_SAMPLE:
        raise ValueError(f"encoding {encoding!r} is not supported: send {', '.join(_BYTES_PER_SAMPLE)}")
    rate, channels = query.get("sample_rate", "16000"), query.get("channels", "1")
    if not (rate.isdecimal() and 8000 <= int(rate) <= 48_000 and channels in {"1", "2"}):  # noqa: PLR2004 - Hz
        raise ValueError("sample_rate must be between 8000 and 48000, channels 1 or 2")
    return AudioFormat(encoding, int(rate), int(channels))


@dataclass(frozen=True, slots=True)
class Post:
    """An HTTP POST. `headers` hold the key: never log them."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    """How to open a provider's socket. `headers` hold the key, and some URLs do: never log either."""

    url: str
    headers: dict[str, str]
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a transcript; seconds of the connection's audio."""

    text: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A transcript.

    Attributes:
        text: what was said; may be empty. An interim's text covers everything since the last final.
        final: it will not change.
        from_finalize: it answers a `finalize`.
        end: seconds of the connection's audio up to which it covers it; None where the provider does not say.
        message: the whole message as the agent's protocol (Deepgram's) has it, where that is what the provider speaks;
            empty otherwise: it is then made from the other fields.
        start: seconds of the connection's audio where it begins; None where the provider does not say.
        words: with their times, where the provider gives them.
        confidence: 0 to 1.
        ends_turn: the provider says that the caller has finished.
    """

    text: str
    final: bool
    from_finalize: bool = False
    end: float | None = None
    message: dict[str, Any] = field(default_factory=dict)
    start: float | None = None
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    ends_turn: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of Deepgram's protocol that is no transcript, as it came; other providers' codecs give none."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """The provider takes audio from now on; only of codecs with `waits_for_ready`."""


@dataclass(frozen=True, slots=True)
class Flushed:
    """A `finalize` is answered, and there was nothing left to transcribe."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The provider is there and says nothing about the caller: an acknowledgement, a keep-alive, metadata."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The provider will close the connection in `seconds`: another has to be ready by then."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The provider said that it cannot go on.

    Attributes:
        reason: holds no personal data, no key: words of ours, and at most a code of the provider's.
        transient: the same provider may be asked again at once (overload, an internal error), unlike a refused key.
    """

    reason: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Messages for the provider that what was received calls for, to be sent at once and in this order.

    Some protocols begin anew after each `finalize`, and not before it is answered: their codec keeps the audio that
    `send` was given meanwhile, and hands it out here.
    """

    frames: tuple[Frame, ...]


Event = Result | Notice | Ready | Flushed | Alive | Leaving | Failure | Reply


class Ack(StrEnum):
    """How exactly a final says what it covers."""

    WORD = "Word"
    """By times: audio up to `Result.end` is covered, and the next final begins there."""
    UTTERANCE = "Utterance"
    """Not at all: a final covers what was sent before the `finalize` that it answers. So the stream is cut at silences,
    with a `finalize` at each, and answers are taken in the order of the cuts."""


BURST_S = 0.5
"""Seconds of audio that may go at once: providers take what a network held up, and it may hold up ours as well."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a driver has to know of a provider's protocol.

    Attributes:
        ack: how exactly finals say what they cover.
        replay_rate: how much faster than real time kept audio may be sent.
        replay_burst_s: seconds of it that may be sent at once.
        waits_for_ready: no audio may be sent before `Ready`.
        chunk_min_s, chunk_max_s: seconds of audio in one message; the driver gathers and splits.
        finalize_min_s: shortest audio since the last `finalize` that may be finalised; less is padded with silence.
        finalize_sends_s: silence that `finalize` sends, which the provider counts as audio.
        lasts_s: how long the provider keeps one connection; the driver hands over before. None: longer than a call.
        idle_s: longest time without a message from us before the provider closes. None: none.
        needs_silence: the provider needs audio to go on when the agent sends none: the driver sends silence.
        interims: transcripts come while the caller still speaks, so that their absence tells that something is wrong.
        detects_turns: the provider decides where a turn ends (`Result.ends_turn`), if the agent wants it to.
    """

    ack: Ack
    replay_rate: float = 1.25
    replay_burst_s: float = BURST_S
    waits_for_ready: bool = False
    chunk_min_s: float = 0.0
    chunk_max_s: float = 1.0
    finalize_min_s: float = 0.0
    finalize_sends_s: float = 0.0
    lasts_s: float | None = None
    idle_s: float | None = None
    needs_silence: bool = False
    interims: bool = True
    detects_turns: bool = False


class TranscriberCodec(Protocol):
    """One connection to a provider's streaming transcription."""

    traits: Traits

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """The format to send, given what the agent sends: the same wherever the provider takes it, mono otherwise."""
        ...

    def before(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Post | None:
        """A request to be made before the socket is opened (Gladia's session); None: none."""
        ...

    def answered(self, body: bytes) -> None:
        """The response to `before`; called only if that asked for something.

        Raises:
            ValueError: it is not one of the protocol.
        """
        ...

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:
        """The request that opens the socket.

        Args:
            audio: what `takes` gave.
            query: the agent's, as `/v1/listen` has it.
            key: the account's.
        """
        ...

    def greet(self) -> list[Frame]:
        """The first messages on the socket."""
        ...

    def send(self, audio: bytes) -> list[Frame]:
        """`audio`, whole samples in the format of `open`, as the provider takes it."""
        ...

    def finalize(self) -> list[Frame]:
        """Asks for what was heard so far to be made final; a `Result` with `from_finalize`, or `Flushed`, answers."""
        ...

    def keep_alive(self) -> list[Frame]:
        """Keeps the socket open while no audio comes."""
        ...

    def finish(self) -> list[Frame]:
        """Says that no more audio comes; the provider sends what it still has, and closes."""
        ...

    def control(self, message: dict[str, Any]) -> list[Frame]:
        """Another message of the agent's (Deepgram's `Configure`); nothing where the provider has no such thing."""
        ...

    def receive(self, message: Frame) -> list[Event]:
        """What a message of the provider means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        ...
