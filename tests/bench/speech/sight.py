"""What the two providers of a case lived through, as the simulator tells it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench.speech.wire import ONE_WAY_S
from understudy.apps.simulator.audio import chords, pcm
from understudy.apps.simulator.audio.chords import Chord

READ_S = 0.5


@dataclass
class Stream:
    """A connection of a transcriber.

    Attributes:
        asked: when it was opened.
        arrivals: when audio arrived, and how many seconds of it there were then.
    """

    asked: float
    arrivals: list[tuple[float, float]] = field(default_factory=list)
    _reader: chords.Reader | None = None
    _waiting: bytearray = field(default_factory=bytearray)

    def take(self, sound: bytes, rate: int, now: float) -> None:
        """More audio; read as it comes, half a second at a time, since reading it all at once would stall the loop."""
        before = self.arrivals[-1][1] if self.arrivals else 0.0
        self.arrivals.append((now, before + len(sound) / pcm.BYTES_PER_SAMPLE / rate))
        self._reader = self._reader or chords.Reader(rate)
        self._waiting += sound
        if len(self._waiting) >= rate * pcm.BYTES_PER_SAMPLE * READ_S:
            self._read()

    def heard(self) -> list[Chord]:
        """The words in it; times are seconds of the stream."""
        self._read()
        return self._reader.chords() if self._reader else []

    def _read(self) -> None:
        if self._reader:
            self._reader.feed(bytes(self._waiting))
        self._waiting.clear()


@dataclass
class Sight:
    """One deployment's requests, by index. Times are monotonic.

    Attributes:
        struck: when a fault first struck, and which.
    """

    streams: dict[int, Stream] = field(default_factory=dict)
    struck: dict[int, tuple[float, str]] = field(default_factory=dict)
    said_at: list[float] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic

    def asked(self, index: int) -> None:
        self.streams.setdefault(index, Stream(self.clock()))

    def strike(self, index: int, kind: str) -> None:
        self.struck.setdefault(index, (self.clock(), kind))

    def heard(self, index: int, sound: bytes, rate: int) -> None:
        self.streams.setdefault(index, Stream(self.clock())).take(sound, rate, self.clock())

    def said(self, index: int, sound: bytes) -> None:  # noqa: ARG002 - only when
        self.said_at.append(self.clock())


class Watching:
    """A simulator's `Watch` that writes into a `Sight`."""

    def __init__(self, sight: Sight) -> None:
        self.asked = sight.asked
        self.struck = sight.strike
        self.heard = sight.heard
        self.said = sight.said


LIVE_S = 0.25
"""A stream this far behind the caller is live: what providers want gathered in one message, and the way there."""


def first_strike(sights: list[Sight]) -> tuple[float, str, Stream | None] | None:
    """When and what, and the connection that it struck."""
    found = [(at, kind, sight.streams.get(i)) for sight in sights for i, (at, kind) in sight.struck.items()]
    return min(found, key=lambda strike: strike[0], default=None)


def live_again(stream: Stream, sent_at: Callable[[int], float], after: float, last: float) -> float | None:
    """When the stream, from `after` on, was first at most `LIVE_S` behind the caller; None: never.

    `sent_at` is when a word's end was sent by the caller. Between words it is reckoned by the audio's length. A stream
    that has all words is live: `last` is when the last one's end was sent.
    """
    heard = stream.heard()
    if not heard:
        return None
    offsets = [(chord.start, sent_at(chord.number) - chord.end) for chord in heard]
    for at, seconds in stream.arrivals:
        offset = next((shift for start, shift in reversed(offsets) if start <= seconds), offsets[0][1])
        position = seconds + offset
        if at >= after and (at - ONE_WAY_S - position <= LIVE_S or position >= last):
            return at - ONE_WAY_S
    return None
