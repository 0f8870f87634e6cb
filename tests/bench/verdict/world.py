"""A world: what calls of stable and canary are like, and when that changes.

A file is one JSON object:

    {"calls_per_hour", "replications", "seed", "canary_weight": 10, "max_canary_calls": 2000,
     "judge": {"alpha", "beta", "min_calls": 30, "signals": [{"name", "objective_ms"?, "tolerance": 0, "margin"}]},
     "arms": {"stable": ARM, "canary": ARM},
     "changes"?: [{"at_call", "arms": {"stable"?: ARM, "canary"?: ARM}}],
     "bursts"?: {"calls", "hiccup_rate", "arms": {"stable"?: ARM, "canary"?: ARM}}}

ARM has `turns_mean`, `latency_median_ms`, `latency_sigma` (of a turn, log-normal), `call_sigma` (shared by the turns
of a call), `drop_rate`, `tool_failure_rate`, `quality_mean`, `quality_concentration` (beta distribution) and
`hang_rate` (share of turns that hang; 0). What a later ARM leaves out stays as it was. `at_call` counts finished canary
calls. In `bursts` calls come `calls` at a time, and a share of bursts meets a hiccup, in which the arms are as written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_ARM = {
    "turns_mean": 8.0,
    "latency_median_ms": 700.0,
    "latency_sigma": 0.25,
    "call_sigma": 0.15,
    "drop_rate": 0.01,
    "tool_failure_rate": 0.02,
    "quality_mean": 0.85,
    "quality_concentration": 10.0,
    "hang_rate": 0.0,
}

Arms = tuple[Mapping[str, float], Mapping[str, float]]
"""Stable's and the canary's."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that is judged; `objective_ms` for turn_latency."""

    name: str
    margin: float
    tolerance: float = 0.0
    objective_ms: float = 1200.0


@dataclass(frozen=True, slots=True)
class Bursts:
    """Calls that come together and share what happens to them."""

    calls: int
    hiccup_rate: float
    arms: Arms


@dataclass(frozen=True)
class World:
    """All that a run needs to know. `regimes` are (first canary call, arms), ascending, the first from 0."""

    name: str
    regimes: tuple[tuple[int, Arms], ...]
    signals: tuple[Signal, ...]
    alpha: float
    beta: float
    calls_per_hour: float
    share: float
    replications: int
    seed: int
    max_canary_calls: int
    min_calls: int
    bursts: Bursts | None = field(default=None)

    @property
    def identical(self) -> bool:
        """Whether the canary is no worse at any time."""
        hiccup = [self.bursts.arms] if self.bursts else []
        return all(stable == canary for stable, canary in [*(arms for _, arms in self.regimes), *hiccup])


def load(path: Path) -> World:
    """The world in a file, named by its stem.

    Raises:
        KeyError, ValueError: it is not of the form above.
    """
    return parse(json.loads(path.read_text()), path.stem)


def parse(document: dict[str, Any], name: str = "world") -> World:
    """The world of a document of the form above."""
    judge = document["judge"]
    first = _changed((DEFAULT_ARM, DEFAULT_ARM), document["arms"])
    regimes = [(0, first)]
    for change in sorted(document.get("changes", ()), key=lambda each: each["at_call"]):
        regimes.append((int(change["at_call"]), _changed(regimes[-1][1], change["arms"])))
    bursts = document.get("bursts")
    return World(
        name=name,
        regimes=tuple(regimes),
        signals=tuple(Signal(**each) for each in judge["signals"]),
        alpha=float(judge["alpha"]),
        beta=float(judge["beta"]),
        calls_per_hour=float(document["calls_per_hour"]),
        share=float(document.get("canary_weight", 10)) / 100,
        replications=int(document.get("replications", 10_000)),
        seed=int(document.get("seed", 0)),
        max_canary_calls=int(document.get("max_canary_calls", 2000)),
        min_calls=int(judge.get("min_calls", 30)),
        bursts=bursts and Bursts(int(bursts["calls"]), bursts["hiccup_rate"], _changed(first, bursts["arms"])),
    )


def _changed(arms: Arms, changes: dict[str, dict[str, float]]) -> Arms:
    """`arms` with what `changes` says of each."""
    for arm in changes.values():
        if unknown := set(arm) - set(DEFAULT_ARM):
            msg = f"an arm has no {', '.join(sorted(unknown))}"
            raise ValueError(msg)
    stable, canary = arms
    return {**stable, **changes.get("stable", {})}, {**canary, **changes.get("canary", {})}
