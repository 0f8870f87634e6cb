"""What a transcriber's codec is: messages in, events out; no sockets. Drivers do the I/O once for all providers."""

from dataclasses import dataclass, field
from typing import Any, Protocol

Frame = str | bytes
"""One WebSocket message: text or binary."""

_BYTES_PER_SAMPLE = {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Raw audio as the agent sends it."""

    encoding: str = "linear16"
    sample_rate: int = 16_000
    channels: int = 1

    @property
    def bytes_per_second(self) -> int:
        """Bytes that one second takes."""
        return _BYTES_PER_SAMPLE[self.encoding] * self.sample_rate * self.channels


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
class Connect:
    """How to open a provider's socket. `headers` hold the key: never log them."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """A transcript.

    Attributes:
        text: what was said; may be empty.
        final: it will not change.
        from_finalize: it answers a `Finalize`.
        end: seconds from the start of the connection's audio up to which it covers it; None where the provider
            does not say.
        message: the whole message as the agent's protocol has it.
    """

    text: str
    final: bool
    from_finalize: bool
    end: float | None
    message: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else an agent is told: metadata, speech started, utterance end."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """The provider said that it cannot go on; `reason` holds no personal data."""

    reason: str


Event = Result | Notice | Failure


class TranscriberCodec(Protocol):
    """One provider's streaming transcription."""

    replay_rate: float | None
    """How much faster than real time kept audio may be replayed; None: at once."""

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:
        """The request that opens the socket; `query` is the agent's."""
        ...

    def send(self, audio: bytes) -> list[Frame]:
        """`audio` as the provider takes it."""
        ...

    def finalize(self) -> list[Frame]:
        """Asks for what was heard so far to be made final."""
        ...

    def keep_alive(self) -> list[Frame]:
        """Keeps the socket open while no audio comes."""
        ...

    def finish(self) -> list[Frame]:
        """Says that no more audio comes."""
        ...

    def receive(self, message: Frame) -> list[Event]:
        """What a message of the provider means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        ...
