"""The story of an assistant's rollouts, read off the versions of the object that kubectl showed."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Line:
    """One thing that happened.

    Attributes:
        at: seconds since the epoch.
        kind: change, weight, reading, verdict, phase or rollback.
    """

    at: float
    kind: str
    text: str


def percent(value: float | None) -> str:
    """A percentage, or `no data`: which is not zero."""
    return "no data" if value is None else f"{value:.0f} %"


def _reading(reading: dict[str, Any]) -> str:
    return (
        f"{reading['slo']}: canary {percent(reading.get('value'))} of {reading.get('canaryCalls', 0)} calls, "
        f"stable {percent(reading.get('stableValue'))} of {reading.get('stableCalls', 0)}, "
        f"objective {percent(reading['threshold'])}, odds against chance {reading.get('evidence', 1):.1f} "
        f"(needs {reading.get('evidenceNeeded', 0):.0f}) → {reading['verdict']}"
    )


def _rollback(reason: dict[str, Any]) -> str:
    parts = [f"{reason['revision']} taken back: {reason['reason']}"]
    if reason.get("slo"):
        parts.append(
            f"SLO {reason['slo']} ({reason.get('metric')}): canary {percent(reason.get('value'))}, "
            f"stable {percent(reason.get('stableValue'))}, threshold {percent(reason.get('threshold'))}, "
            f"{reason.get('canaryCalls')} canary and {reason.get('stableCalls')} stable calls"
        )
    return "; ".join(parts)


def _changes(at: float, before: dict[str, Any], after: dict[str, Any]) -> Iterable[Line]:
    if after.get("canary") != before.get("canary") and after.get("canary"):
        stable = (after.get("stable") or {}).get("name", "none")
        yield Line(at, "change", f"new revision {after['canary']['name']}; stable is {stable}")
    weights = [(status.get("weight", 0), status.get("ackedWeight", 0)) for status in (before, after)]
    if weights[0] != weights[1]:
        acked = f"{after.get('ackedProxies', 0)} of {after.get('readyProxies', 0)} proxies"
        yield Line(at, "weight", f"wanted {weights[1][0]} %, acknowledged {weights[1][1]} % ({acked})")
    if after.get("phase") != before.get("phase"):
        last = (after.get("history") or [{}])[-1]
        yield Line(at, "phase", f"{before.get('phase', '-')} → {after.get('phase')}: {last.get('message', '')}")
    if after.get("verdict") != before.get("verdict") and after.get("verdict"):
        yield Line(at, "verdict", str(after["verdict"]))
        yield from (Line(at, "reading", _reading(reading)) for reading in after.get("readings", []))
    if after.get("lastRollback") != before.get("lastRollback") and after.get("lastRollback"):
        yield Line(at, "rollback", _rollback(after["lastRollback"]))


def _rollout(version: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = version.get("status", {}).get("rollout", {})
    return found


def lines(seen: list[tuple[float, dict[str, Any]]]) -> list[Line]:
    """What changed after the first of the versions in `seen`: (seconds since the epoch, object), oldest first."""
    return [
        line for (_, before), (at, after) in pairwise(seen) for line in _changes(at, _rollout(before), _rollout(after))
    ]


def render(told: list[Line], started: float) -> str:
    """The lines with the minutes and seconds since `started`."""
    return "\n".join(
        f"  {int((line.at - started) // 60):2d}:{(line.at - started) % 60:04.1f}  {line.kind:<9} {line.text}"
        for line in told
    )
