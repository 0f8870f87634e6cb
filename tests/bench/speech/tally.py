"""Counting verdicts, and the result."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.report import percentile, rounded
from tests.bench.speech import listen, speak
from tests.bench.speech.cases import AT_OPENING, NONE, Case

MOST_SHOWN = 40
"""Failed cases listed in the result; all are printed."""


@dataclass(frozen=True)
class Broken:
    """A case that could not be run."""

    case: Case
    ended: str
    struck: bool = False
    clean: bool = False


Verdict = listen.Verdict | speak.Verdict | Broken


@dataclass
class Tally:
    """All verdicts."""

    verdicts: list[Verdict] = field(default_factory=list)
    disturbed: set[int] = field(default_factory=set)
    """Cases that the machine did not keep up with: their words count, their times do not."""

    def add(self, verdict: Verdict, *, disturbed: bool = False) -> None:
        """Take one in."""
        self.verdicts.append(verdict)
        if disturbed:
            self.disturbed.add(verdict.case.number)

    @property
    def ears(self) -> list[listen.Verdict]:
        return [v for v in self.verdicts if isinstance(v, listen.Verdict)]

    @property
    def voices(self) -> list[speak.Verdict]:
        return [v for v in self.verdicts if isinstance(v, speak.Verdict)]

    def complaints(self) -> Iterable[str]:
        """A line for each case that is not clean."""
        for verdict in sorted(self.verdicts, key=lambda v: v.case.number):
            if not verdict.clean:
                mark = " (disturbed)" if verdict.case.number in self.disturbed else ""
                yield f"  {verdict.case.number}{mark}: {_case(verdict.case)}: {_what(verdict)}"

    def to_json(self) -> dict[str, Any]:
        """As the issue has it, and what explains it."""
        return {
            "transcriber": _ears(self.ears, self.calm(self.ears)),
            "voice": _voices(self.voices, self.calm(self.voices)),
            "pairs": _pairs(self.verdicts),
            "disturbed": len(self.disturbed),
            "harness_late_ms": {f"p{q}": _ms([v.late_s for v in self.ears], q) for q in (50, 99)},
            "not_run": sum(isinstance(v, Broken) for v in self.verdicts),
            "failed_cases": [
                {"case": v.case.number, "what": f"{_case(v.case)}: {_what(v)}"} for v in self.verdicts if not v.clean
            ][:MOST_SHOWN],
        }

    def calm(self, verdicts: Sequence[Any]) -> list[Any]:
        """Those with which the machine kept up: only their times mean anything."""
        return [v for v in verdicts if v.case.number not in self.disturbed]

    def brief(self) -> dict[str, Any]:
        """The part of the result that compares."""
        ears, voices = _ears(self.ears, self.calm(self.ears)), _voices(self.voices, self.calm(self.voices))
        parts = {"transcriber": ears, "voice": voices}
        return {part: {name: found[name] for name in _BRIEF if name in found} for part, found in parts.items()}

    def table(self) -> str:
        """For people: by kind of failure."""
        rows = ["| part | failure | cases | lost | doubled | ended | ms P50 | ms P95 | replay P50 | replay P95 |"]
        rows.append("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
        normal = starts(self.calm(self.voices))
        for part, verdicts, measure in (
            ("transcriber", self.ears, lambda v: v.fault_to_live_s),
            ("voice", self.voices, lambda v: _gap(v, normal)),
        ):
            for kind in sorted({v.case.kind for v in verdicts}):
                some = [v for v in verdicts if v.case.kind == kind]
                times = [x for v in self.calm(some) if (x := measure(v)) is not None]
                cells = [part, kind, len(some), sum(len(v.lost) for v in some), sum(len(v.doubled) for v in some)]
                cells += [sum(bool(v.ended) for v in some), _ms(times, 50), _ms(times, 95)]
                replay = [x for v in self.calm(some) if (x := getattr(v, "detect_to_replay_s", None)) is not None]
                cells += [_ms(replay, 50), _ms(replay, 95)]
                rows.append("| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |")
        return "\n".join(rows)


def _ears(verdicts: Sequence[listen.Verdict], calm: Sequence[listen.Verdict]) -> dict[str, Any]:
    struck, timed = [v for v in verdicts if v.struck], [v for v in calm if v.struck]
    replay = [v.detect_to_replay_s for v in timed if v.detect_to_replay_s is not None]
    by_standby = {
        "cold": [v for v in timed if not v.case.connected],
        "connected": [v for v in timed if v.case.connected],
    }
    return {
        "failovers": len(struck),
        "words": sum(v.words for v in struck),
        "frames": sum(v.frames for v in struck),
        "frames_lost": sum(v.frames_lost for v in struck),
        "frames_doubled": sum(v.frames_doubled for v in struck),
        "words_invented": sum(len(v.invented) for v in struck),
        "stale_interims": sum(v.stale for v in struck),
        "finalizes_unanswered": sum(-min(v.answers, 0) for v in struck),
        "finalizes_doubled": sum(max(v.answers, 0) for v in struck),
        "calls_ended": sum(bool(v.ended) for v in struck),
        "detect_to_replay_ms": {f"p{q}": _ms(replay, q) for q in (50, 99)},
        "first_frame_ms": {
            name: {f"p{q}": _ms([x for v in some if (x := v.detect_to_replay_s) is not None], q) for q in (50, 99)}
            for name, some in by_readiness(timed).items()
        },
        "fault_to_live_edge_ms": {
            name: {f"p{q}": _ms([x for v in some if (x := v.fault_to_live_s) is not None], q) for q in (50, 95)}
            for name, some in by_standby.items()
        },
        "speech_end_to_final_ms": {
            name: {f"p{q}": _ms([s for v in some for s in v.answer_s], q) for q in (50, 95)}
            for name, some in {"failing": timed, "healthy": [v for v in calm if v.case.kind == NONE]}.items()
        },
        "healthy": _healthy(verdicts),
    }


def by_readiness(verdicts: Sequence[listen.Verdict]) -> dict[str, list[listen.Verdict]]:
    """By what stood ready when the failure came: only a connection that is open can be sent audio at once.

    One that fails at its opening does so before the standby, which opens at the same time, can be there.
    """
    found: dict[str, list[listen.Verdict]] = {"connected": [], "cold": [], "opening": []}
    for verdict in verdicts:
        standing = "connected" if verdict.case.connected else "cold"
        found["opening" if verdict.case.kind in AT_OPENING else standing].append(verdict)
    return found


def _voices(verdicts: Sequence[speak.Verdict], calm: Sequence[speak.Verdict]) -> dict[str, Any]:
    struck, timed = [v for v in verdicts if v.struck], [v for v in calm if v.struck]
    normal = starts(calm)
    gaps = [gap for v in timed if (gap := _gap(v, normal)) is not None]
    healthy = [v for v in calm if v.case.kind == NONE]
    return {
        "failovers": len(struck),
        "words": sum(v.words for v in struck),
        "words_lost": sum(len(v.lost) for v in struck),
        "words_doubled": sum(len(v.doubled) for v in struck),
        "words_out_of_order": sum(v.disorder for v in struck),
        "fragments": sum(v.fragments for v in struck),
        "words_mistold": sum(v.mistold for v in struck),
        "calls_ended": sum(bool(v.ended) for v in struck),
        "gap_ms": {f"p{q}": _ms(gaps, q) for q in (50, 95)},
        "first_word_ms": {
            name: {f"p{q}": _ms([v.first_s for v in some if v.first_s is not None], q) for q in (50, 95)}
            for name, some in {"failing": timed, "healthy": healthy}.items()
        },
        "loudness_step_db": {
            f"p{q}": rounded(percentile([abs(v.louder_db) for v in timed if v.louder_db is not None], q))
            for q in (50, 95)
        },
        "healthy": _healthy(verdicts),
    }


_BRIEF = (
    "failovers", "frames", "frames_lost", "frames_doubled", "words", "words_lost", "words_doubled", "calls_ended",
    "fault_to_live_edge_ms", "gap_ms", "healthy",
)  # fmt: skip

START_S = 0.45
"""A healthy voice's first word where none was measured."""


def starts(verdicts: Sequence[speak.Verdict]) -> dict[str, float]:
    """The latest first word of each provider's healthy voice: the text of a clause, its own time, a round trip."""
    found: dict[str, float] = {}
    for verdict in verdicts:
        if verdict.case.kind == NONE and verdict.first_s is not None:
            name = verdict.case.primary
            found[name] = max(found.get(name, 0.0), verdict.first_s)
    return found


def _gap(verdict: speak.Verdict, healthy: Mapping[str, float]) -> float | None:
    """What the caller notices: silence within the utterance, or before it beyond a healthy start."""
    if verdict.gap_s is None or verdict.first_s is None:
        return None
    return max(verdict.gap_s, verdict.first_s - healthy.get(verdict.case.primary, START_S), 0.0)


def _healthy(verdicts: Sequence[listen.Verdict] | Sequence[speak.Verdict]) -> dict[str, int]:
    """Cases without a failure."""
    fine = [v for v in verdicts if v.case.kind == NONE]
    return {"calls": len(fine), "not_clean": sum(not v.clean for v in fine)}


def _pairs(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """By part and pair: failovers, and those with anything lost, doubled or ended."""
    failovers: Counter[str] = Counter()
    unclean: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.case.kind == NONE:
            continue
        name = f"{verdict.case.part}: {verdict.case.primary} → {verdict.case.fallback}"
        failovers[name] += verdict.struck
        unclean[name] += not verdict.clean
    return {name: {"failovers": failovers[name], "not_clean": unclean[name]} for name in sorted(failovers)}


def _ms(seconds: Sequence[float], share: float) -> float | None:
    found = percentile(list(seconds), share)
    return None if found is None else rounded(found * 1000, 0)


def _case(case: Case) -> str:
    standby = "connected" if case.connected else "cold"
    return f"{case.part} {case.kind} {case.primary} → {case.fallback} ({standby}) {json.dumps(case.faults())}"


def _what(verdict: Verdict) -> str:
    seen = {name: getattr(verdict, name, None) for name in ("lost", "doubled", "invented")}
    counts = [f"{len(words)} {name} ({words[0]} …)" for name, words in seen.items() if words]
    others = {name: getattr(verdict, name, None) for name in ("disorder", "answers", "ended")}
    return "; ".join([*counts, *(f"{name} {value}" for name, value in others.items() if value)])


def brief(message: dict[str, Any]) -> str:
    """A message of the agent's protocol on one line."""
    if message.get("type") != "Results":
        return json.dumps(message)[:200]
    marks = [name for name in ("is_final", "speech_final", "from_finalize") if message.get(name)]
    return f"{message.get('start')}+{message.get('duration')} {' '.join(listen.text_of(message))!r} {' '.join(marks)}"
