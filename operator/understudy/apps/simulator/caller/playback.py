"""What the caller hears: received audio is played one after the other, as a carrier does."""

from dataclasses import dataclass, field

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.caller.media import FRAME_BYTES, RATE


@dataclass
class Played:
    """A stretch of μ-law, played from `at` on (seconds of the caller's clock)."""

    at: float
    sound: bytes


@dataclass
class Playback:
    """The carrier's buffer and the caller's ear. All times are of one monotonic clock, in seconds.

    Attributes:
        ends_at: when everything received will have been played.
        first_audible: arrival of the first audible audio since `listen` was called; None before.
        last_audible: when the last audible audio will have been played.
    """

    ends_at: float = 0.0
    first_audible: float | None = None
    last_audible: float = 0.0
    played: list[Played] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)
    clears: list[float] = field(default_factory=list)
    _marks: list[tuple[float, str]] = field(default_factory=list)
    _answer_from: int = 0

    def listen(self) -> None:
        """Wait for the next answer."""
        self.first_audible = None
        self._answer_from = len(self.played)

    def receive(self, sound: bytes, now: float) -> None:
        """μ-law arrived."""
        if self.first_audible is not None and now > self.ends_at:
            self.gaps_ms.append((now - self.ends_at) * 1000)
        start = max(now, self.ends_at)
        self.played.append(Played(start, sound))
        self.ends_at = start + len(sound) / RATE
        for at in range(0, len(sound), FRAME_BYTES):
            if pcm.is_audible(mulaw.decode(sound[at : at + FRAME_BYTES])):
                self.last_audible = start + (at + FRAME_BYTES) / RATE
                if self.first_audible is None:
                    self.first_audible = now

    def clear(self, now: float) -> None:
        """Drop what has not been played."""
        self.clears.append(now)
        for stretch in self.played:
            if stretch.at + len(stretch.sound) / RATE > now:
                stretch.sound = stretch.sound[: max(0, int((now - stretch.at) * RATE))]
        self.ends_at = min(self.ends_at, now)
        self.last_audible = min(self.last_audible, now)
        self._marks = [(min(at, now), name) for at, name in self._marks]

    def mark(self, name: str) -> None:
        """Report when everything received so far has been played."""
        self._marks.append((self.ends_at, name))

    def marks_due(self, now: float) -> list[str]:
        """Marks whose audio has been played; each is returned once."""
        due = [name for at, name in self._marks if at <= now]
        self._marks = [(at, name) for at, name in self._marks if at > now]
        return due

    def is_quiet(self, now: float, quiet_ms: float) -> bool:
        """Whether nothing audible was played for so long, and nothing is waiting to be."""
        return self.ends_at <= now and now - self.last_audible >= quiet_ms / 1000

    def answer(self) -> bytes:
        """PCM heard since `listen` was called, without the pauses in its delivery."""
        return mulaw.decode(b"".join(stretch.sound for stretch in self.played[self._answer_from :]))
