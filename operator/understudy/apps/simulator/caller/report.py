"""What came of a call."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Ended(StrEnum):
    """How a call ended."""

    COMPLETED = "completed"
    """The dialogue was spoken to its end and the last answer heard."""
    ABANDONED = "abandoned"
    """The caller gave up: no answer, or the same answer again and again."""
    NO_ANSWER = "no-answer"
    """Connected, but nothing was ever heard."""
    DROPPED = "dropped"
    """The other side closed before the caller had finished."""
    REFUSED = "refused"
    """No TwiML, or no WebSocket."""


@dataclass
class TurnReport:
    """One line of the caller and what followed. Times in seconds since the call was connected."""

    said: str
    said_at: float
    said_until: float
    latency_ms: float | None = None
    """Last speech frame sent → first audible frame received; None: no answer."""
    answer_from: float | None = None
    answer_until: float | None = None
    repeated: bool = False
    """The answer was heard before in this call."""
    interrupted: bool = False
    """The caller spoke into the answer before."""
    clear_ms: float | None = None
    """When interrupting: first speech frame sent → `clear` received."""
    gaps_ms: list[float] = field(default_factory=list)
    """Silences within the answer because audio came late."""
    heard: str | None = None
    """The answer in words, when something recognised it."""


@dataclass
class CallReport:
    """One call."""

    call_id: str
    dialogue: str
    voice: str
    started_at: float
    """Seconds since the epoch."""
    ended: Ended = Ended.REFUSED
    detail: str = ""
    duration_s: float = 0.0
    greeting_ms: float | None = None
    """Connected → first audible frame."""
    greeting_heard: str | None = None
    turns: list[TurnReport] = field(default_factory=list)
    clears: int = 0

    @property
    def ok(self) -> bool:
        """Whether the call ended as scripted."""
        return self.ended is Ended.COMPLETED

    @property
    def dropped(self) -> bool:
        """Whether the other side failed the caller's line."""
        return self.ended in (Ended.DROPPED, Ended.REFUSED, Ended.NO_ANSWER)

    @property
    def latencies_ms(self) -> list[float]:
        """Latency of each turn that was answered."""
        return [turn.latency_ms for turn in self.turns if turn.latency_ms is not None]

    def to_json(self) -> dict[str, Any]:
        """The whole report."""
        return asdict(self) | {"ok": self.ok, "dropped": self.dropped}

    def summary(self) -> dict[str, Any]:
        """What fits in one line of a log."""
        return {
            "callId": self.call_id,
            "dialogue": self.dialogue,
            "startedAt": round(self.started_at, 3),
            "durationS": round(self.duration_s, 2),
            "ended": self.ended.value,
            "detail": self.detail,
            "dropped": self.dropped,
            "turns": len(self.turns),
            "answered": len(self.latencies_ms),
            "repeated": sum(turn.repeated for turn in self.turns),
            "greetingMs": self.greeting_ms and round(self.greeting_ms),
            "latenciesMs": [round(latency) for latency in self.latencies_ms],
        }
