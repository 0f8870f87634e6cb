"""Rollouts and SLOs."""

from collections.abc import Iterator

from tests.api.cases.case import Case, accepted, refused

STEPS = "spec.rollout.steps"

LATENCY = {"signal": "Turn", "threshold": "1200ms"}
RATIO = {"signal": "DroppedCalls", "maxPercent": 1}
SCORE = {"signal": "Quality", "minPercent": 80}

ENUMS = {
    "onRegression": ("Rollback", "Pause"),
    "onInsufficientData": ("Hold", "Pause", "Rollback", "Promote"),
    "rescue": ("NextTurn", "Pin"),
}

DEADLINES = {"progressDeadline": ("10m", "9s"), "dataDeadline": ("1h", "0s")}

NUMBERS = {"minCalls": (1, 100000), "falseRollbackPercent": (0.01, 20), "falsePromotionPercent": (0.01, 20)}


def cases() -> Iterator[Case]:
    """Steps, then SLOs."""
    yield from _steps()
    yield from _not_built()
    yield from _policy()
    yield from _slos()


def _steps() -> Iterator[Case]:
    down, pause = "weights never go down", {"pause": {"duration": "2m"}}
    yield accepted("weights that go up", {STEPS: [{"setWeight": 5}, pause, {"setWeight": 50}]})
    yield accepted("weights that stay", {STEPS: [{"setWeight": 5}, {"pause": {}}, {"setWeight": 5}]})
    yield refused("a weight that goes down", {STEPS: [{"setWeight": 50}, {"setWeight": 25}]}, (STEPS, down))
    between = [{"setWeight": 50}, {"pause": {}}, {"setWeight": 49}]
    yield refused("a weight that goes down after a pause", {STEPS: between}, (STEPS, down))
    yield refused("steps without a weight", {STEPS: [pause]}, (STEPS, "steps need at least one setWeight"))
    yield refused("no steps", {STEPS: []}, (STEPS, "should have at least 1 items"))
    one = "write exactly one of setWeight, pause, replay, shadow, analysis"
    for step in ({}, {"setWeight": 5, **pause}):
        yield refused(f"a step with {len(step)} things", {STEPS: [{"setWeight": 1}, step]}, (f"{STEPS}[1]", one))
    for weight, complaint in ((0, "greater than or equal to 1"), (101, "less than or equal to 100")):
        yield refused(f"weight {weight}", {STEPS: [{"setWeight": weight}]}, (f"{STEPS}[0].setWeight", complaint))
    for text in ("0s", "169h", "a while"):
        wait = [{"setWeight": 1}, {"pause": {"duration": text}}]
        yield refused(f"pause of {text}", {STEPS: wait}, (f"{STEPS}[1].pause.duration", "write a duration from"))


def _not_built() -> Iterator[Case]:
    kinds: tuple[tuple[str, dict[str, object], str], ...] = (
        ("replay", {"callsRef": "golden"}, "start with a small setWeight instead"),
        ("shadow", {"percent": 5}, "start with a small setWeight instead"),
        ("analysis", {"minCalls": 5, "maxDuration": "1h"}, "leave it out"),
    )
    for kind, value, instead in kinds:
        at, told = f"{STEPS}[1].{kind}", f"spec.rollout.steps[].{kind} is not built yet; {instead}"
        yield refused(f"step {kind}", {STEPS: [{"setWeight": 1}, {kind: value}]}, (at, told))
    longest = f"{STEPS}[1].analysis.maxDuration"
    wait = [{"setWeight": 1}, {"analysis": {"maxDuration": "0s"}}]
    yield refused("an analysis of no time", {STEPS: wait}, (longest, "write a duration from"))
    slo = {"name": "x", "prometheus": {"query": "up", "min": "1"}}
    told = "spec.slos[].prometheus is not built yet; use latency, ratio or score"
    yield refused("prometheus", {"spec.slos": [slo]}, ("spec.slos[0].prometheus", told))


def _policy() -> Iterator[Case]:
    for field, values in ENUMS.items():
        path = f"spec.rollout.{field}"
        yield refused(f"{field} Ignore", {path: "Ignore"}, (path, 'Unsupported value: "Ignore"'))
        for value in values:
            yield accepted(f"{field} {value}", {path: value})
    for field, (good, bad) in DEADLINES.items():
        path = f"spec.rollout.{field}"
        yield accepted(f"{field} {good}", {path: good})
        yield refused(f"{field} {bad}", {path: bad}, (path, "write a duration from"))
    for field, (low, high) in NUMBERS.items():
        path = f"spec.rollout.{field}"
        yield accepted(f"{field} {low}", {path: low})
        yield accepted(f"{field} {high}", {path: high})
        yield refused(f"{field} below {low}", {path: 0}, (path, f"greater than or equal to {low}"))
        yield refused(f"{field} above {high}", {path: high + 1}, (path, f"less than or equal to {high}"))


def _slos() -> Iterator[Case]:
    three = ({"name": "a", "latency": LATENCY}, {"name": "b", "ratio": RATIO}, {"name": "c", "score": SCORE})
    yield accepted("SLOs", {"spec.slos": list(three)})
    yield refused("no SLOs", {"spec.slos": []}, ("spec.slos", "should have at least 1 items"))
    one = "write exactly one of latency, ratio, score, prometheus"
    for slo in ({}, {"latency": LATENCY, "ratio": RATIO}):
        yield refused(f"an SLO of {len(slo)} kinds", {"spec.slos": [{"name": "x", **slo}]}, ("spec.slos[0]", one))
    twice = [{"name": "x", "latency": LATENCY}, {"name": "x", "ratio": RATIO}]
    yield refused("two SLOs of a name", {"spec.slos": twice}, ("spec.slos[1]", "Duplicate value"))
    shouted = {"spec.slos": [{"name": "Turn Latency", "latency": LATENCY}]}
    yield refused("an SLO's name", shouted, ("spec.slos[0].name", "a name has lower-case letters"))
    for text in ("0s", "6m", "1.2s"):
        slow = {"spec.slos": [{"name": "x", "latency": {**LATENCY, "threshold": text}}]}
        yield refused(f"threshold {text}", slow, ("spec.slos[0].latency.threshold", "write a duration from"))
    for percent in (-1, 101):
        slos = [{"name": "x", "ratio": {**RATIO, "maxPercent": percent}}]
        yield refused(f"{percent} percent", {"spec.slos": slos}, ("spec.slos[0].ratio.maxPercent", "or equal to"))
