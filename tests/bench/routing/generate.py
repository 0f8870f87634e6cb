"""Write the worlds: `python -m tests.bench.routing.generate`. Seeded, so that they come out the same again."""

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORLDS = Path(__file__).resolve().parents[1] / "worlds"

HOUR_S = 3600.0

Document = dict[str, Any]
Segments = list[Document]


def segment(from_s: float, median_ms: float, sigma: float, hang: float, error: float, **more: float) -> Document:
    """One segment, rounded for reading."""
    return {
        "from_s": round(from_s, 1),
        "median_ms": round(median_ms),
        "sigma": round(sigma, 2),
        "hang_probability": round(hang, 4),
        "error_probability": round(error, 4),
        **more,
    }


def regimes(draw: random.Random, until_s: float, hang: float, error: float = 0.005) -> Segments:
    """Minutes of normal, of slow, and at times of fast: what was seen of hosted regions, each on its own."""
    base = 480.0 * math.exp(0.12 * draw.gauss(0, 1))
    sigma = draw.uniform(0.15, 0.35)
    segments, now = [], 0.0
    while now < until_s:
        kind = draw.choices(("normal", "slow", "fast"), (0.6, 0.28, 0.12))[0]
        factor = {"normal": draw.uniform(0.9, 1.15), "slow": draw.uniform(1.4, 4.0), "fast": draw.uniform(0.6, 0.8)}[
            kind
        ]
        segments.append(segment(now, base * factor, sigma * draw.uniform(0.9, 1.2), hang, error))
        now += max(45.0, draw.expovariate(1 / {"normal": 420.0, "slow": 180.0, "fast": 240.0}[kind]))
    return segments


def deployments(draw: random.Random, count: int, until_s: float, hang: float = 0.05) -> list[Document]:
    """`count` of them that vary independently."""
    return [{"name": f"region-{index:02d}", "segments": regimes(draw, until_s, hang)} for index in range(count)]


def world(each: list[Document], rate: float, duration_s: float, seed: int, **more: object) -> Document:
    """The document."""
    return {
        "deployments": each,
        "requests": {"rate_per_s": rate, "duration_s": duration_s, "seed": seed},
        "hang_ms": 5000,
        "budget_ms": 1200,
        "replicas": 1,
        **more,
    }


def default(draw: random.Random) -> Document:
    """Forty deployments, regimes that last minutes, 5 % of hangs."""
    return world(deployments(draw, 40, HOUR_S), 10.0, HOUR_S, 1)


SETS: dict[str, Callable[[random.Random], Document]] = {"default": default}


def written() -> Iterator[tuple[Path, str]]:
    """Every file and what belongs in it; one line a deployment."""
    for name, make in SETS.items():
        document = make(random.Random(f"world {name}"))
        lines = ",\n".join("  " + json.dumps(each) for each in document.pop("deployments"))
        rest = json.dumps(document)[1:]
        yield WORLDS / f"{name}.json", f'{{"deployments": [\n{lines}\n ],\n {rest}\n'


if __name__ == "__main__":
    for path, text in written():
        path.write_text(text)
