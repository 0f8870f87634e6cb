"""A world: what each deployment would do with each request at each time, the same whoever asks.

A file is one JSON object:

    {"deployments": [{"name", "rpm"?, "segments": [{"from_s", "median_ms", "sigma", "hang_probability",
                                                    "error_probability", "rpm"?}]}],
     "requests": {"rate_per_s", "duration_s", "seed"}, "hang_ms": 5000, "budget_ms": 1200, "replicas": 1,
     "cache"?: share of latency saved on a repeat in the same call at the same deployment, "calls"?: turns per call}

The time to the first clause is log-normal around `median_ms`; `sigma` is the standard deviation of its logarithm. A
hung request answers at a time that is uniform up to `hang_ms`, though never earlier than it would have answered had it
not hung. One that fails says so after a fifth of its median. `rpm` is what the account's configuration says; a
segment's own `rpm` is what the provider really grants in that time.
"""

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Segment:
    """What one deployment is like from `from_s` on; seconds and shares of requests."""

    from_s: float
    median_s: float
    sigma: float
    hang: float
    error: float
    rpm: float | None


@dataclass(frozen=True)
class Deployment:
    """One deployment; `starts` are its segments' beginnings, ascending."""

    name: str
    segments: tuple[Segment, ...]
    rpm: float | None = None
    starts: tuple[float, ...] = field(default=())

    def at(self, now: float) -> Segment:
        """The segment at `now`; before the first one, the first."""
        return self.segments[max(0, bisect_right(self.starts, now) - 1)]


@dataclass(frozen=True)
class World:
    """All that a run needs to know."""

    deployments: tuple[Deployment, ...]
    rate_per_s: float
    duration_s: float
    seed: int
    hang_s: float = 5.0
    budget_s: float = 1.2
    replicas: int = 1
    cache: float = 0.0
    calls: int = 1
    name: str = "world"

    @property
    def limited(self) -> bool:
        """Whether any account has a limit."""
        return any(segment.rpm is not None for each in self.deployments for segment in each.segments)

    @property
    def plain(self) -> bool:
        """Whether what a deployment does depends on nothing but time."""
        return not self.limited and not self.cache


def load(path: Path) -> World:
    """The world in a file.

    Raises:
        KeyError, ValueError: it is not of the form above.
    """
    return parse(json.loads(path.read_text()), path.stem)


def parse(document: dict[str, Any], name: str = "world") -> World:
    """The world of a document of the form above."""
    requests = document["requests"]
    deployments = tuple(_deployment(each) for each in document["deployments"])
    if not deployments:
        raise ValueError("a world has at least one deployment")
    return World(
        deployments=deployments,
        rate_per_s=float(requests["rate_per_s"]),
        duration_s=float(requests["duration_s"]),
        seed=int(requests.get("seed", 0)),
        hang_s=document.get("hang_ms", 5000) / 1000.0,
        budget_s=document.get("budget_ms", 1200) / 1000.0,
        replicas=int(document.get("replicas", 1)),
        cache=float(document.get("cache", 0.0)),
        calls=max(1, int(document.get("calls", 1))),
        name=name,
    )


def _deployment(document: dict[str, Any]) -> Deployment:
    rpm = document.get("rpm")
    segments = sorted((_segment(each, rpm) for each in document["segments"]), key=lambda each: each.from_s)
    if not segments:
        raise ValueError(f"deployment {document['name']!r} has no segments")
    return Deployment(document["name"], tuple(segments), rpm, tuple(each.from_s for each in segments))


def _segment(document: dict[str, Any], rpm: float | None) -> Segment:
    return Segment(
        from_s=float(document.get("from_s", 0.0)),
        median_s=document["median_ms"] / 1000.0,
        sigma=float(document["sigma"]),
        hang=float(document.get("hang_probability", 0.0)),
        error=float(document.get("error_probability", 0.0)),
        rpm=document.get("rpm", rpm),
    )
