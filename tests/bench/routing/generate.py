"""Write the worlds: `python -m tests.bench.routing.generate`. Seeded, so that they come out the same again."""

import json
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WORLDS = Path(__file__).resolve().parents[1] / "worlds"

HOUR_S = 3600.0
HALF_S = 1800.0
DRIFT_STEP_S = 45.0

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


def during(one: Document, from_s: float, to_s: float, *, slower: float = 1.0, **changes: float) -> None:
    """Change a deployment between two times; what it was comes back after."""
    parts = one["segments"]
    before = max((part for part in parts if part["from_s"] <= to_s), key=lambda part: part["from_s"])
    at = max((part for part in parts if part["from_s"] <= from_s), key=lambda part: part["from_s"])
    inside = [{**at, "from_s": from_s}, *(part for part in parts if from_s < part["from_s"] < to_s)]
    changed = [{**part, "median_ms": round(part["median_ms"] * slower), **changes} for part in inside]
    rest = [part for part in parts if not from_s <= part["from_s"] <= to_s]
    one["segments"] = sorted([*rest, *changed, {**before, "from_s": to_s}], key=lambda part: part["from_s"])


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


def vendor_outage(draw: random.Random) -> Document:
    """The faster vendor's twenty all fail for five minutes, and later all hang for three."""
    each = deployments(draw, 40, HALF_S)
    for one in each[:20]:
        one["name"] = f"vendor-a-{one['name']}"
        one["segments"] = [{**part, "median_ms": round(part["median_ms"] * 0.75)} for part in one["segments"]]
        during(one, 600.0, 900.0, error_probability=1.0, hang_probability=0.0)
        during(one, 1300.0, 1480.0, hang_probability=1.0, error_probability=0.0)
    return world(each, 10.0, HALF_S, 2)


def slow_drift(draw: random.Random) -> Document:
    """Medians that rise and fall by a factor of 2.5 over half an hour or more, each in its own time."""
    each = []
    for index in range(20):
        period, phase, sigma = draw.uniform(1500, 4000), draw.uniform(0, 2 * math.pi), draw.uniform(0.15, 0.3)
        steps = [at * DRIFT_STEP_S for at in range(int(HALF_S / DRIFT_STEP_S))]
        medians = [520.0 * 1.6 ** math.sin(2 * math.pi * at / period + phase) for at in steps]
        parts = [segment(at, median, sigma, 0.05, 0.005) for at, median in zip(steps, medians, strict=True)]
        each.append({"name": f"region-{index:02d}", "segments": parts})
    return world(each, 10.0, HALF_S, 3)


def all_slow(draw: random.Random) -> Document:
    """Everything takes 2.2 times as long for five minutes: cutting cannot help then, and must not make it worse."""
    each = deployments(draw, 40, HALF_S)
    for one in each:
        during(one, 700.0, 1000.0, slower=2.2)
    return world(each, 10.0, HALF_S, 4)


def fast_flaky(draw: random.Random) -> Document:
    """One is far faster than the rest, hangs in a quarter of its requests, and fails in a tenth."""
    each = deployments(draw, 40, HALF_S)
    each[7] = {"name": "flaky", "segments": [segment(0.0, 200, 0.2, 0.25, 0.10)]}
    return world(each, 10.0, HALF_S, 5)


def rate_limits(draw: random.Random) -> Document:
    """Every account takes 90 requests a minute, a seventh of the load; storms in which a provider grants four."""
    each = deployments(draw, 40, HALF_S)
    for one in each:
        one["rpm"] = 90
        at = draw.uniform(60, 600)
        while at < HALF_S:
            during(one, at, at + 90.0, rpm=4)
            at += draw.uniform(300, 900)
    return world(each, 10.0, HALF_S, 6)


def hangs(share: float, seed: int) -> Callable[[random.Random], Document]:
    """As the default world, with another share of hangs."""
    return lambda draw: world(deployments(draw, 40, HALF_S, share), 10.0, HALF_S, seed)


def crowd(count: int, duration_s: float, seed: int) -> Callable[[random.Random], Document]:
    """As the default world, with `count` deployments."""
    return lambda draw: world(deployments(draw, count, duration_s), 10.0, duration_s, seed)


def paced(rate: float, duration_s: float, seed: int) -> Callable[[random.Random], Document]:
    """As the default world, with `rate` requests a second."""
    return lambda draw: world(deployments(draw, 40, duration_s), rate, duration_s, seed)


def calls_cache(draw: random.Random) -> Document:
    """Calls of eight turns, and prompt caches that save 40 % where the call's last turn was."""
    return world(deployments(draw, 40, HALF_S), 10.0, HALF_S, 11, calls=8, cache=0.4)


def replicas(draw: random.Random) -> Document:
    """Four proxies share the ten requests a second, by call."""
    return world(deployments(draw, 40, HALF_S), 10.0, HALF_S, 12, calls=6, replicas=4)


SETS: dict[str, Callable[[random.Random], Document]] = {
    "default": default,
    "vendor_outage": vendor_outage,
    "slow_drift": slow_drift,
    "all_slow": all_slow,
    "fast_flaky": fast_flaky,
    "rate_limits": rate_limits,
    "hangs_3": hangs(0.03, 7),
    "hangs_8": hangs(0.08, 8),
    "two": crowd(2, HALF_S, 9),
    "thousand": crowd(1000, 900.0, 10),
    "one_a_second": paced(1.0, HOUR_S, 13),
    "sparse": paced(0.05, 5 * HOUR_S, 14),
    "calls_cache": calls_cache,
    "replicas": replicas,
}
"""By name; `default` is the one that the headline is about."""


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
