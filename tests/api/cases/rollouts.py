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
    "onStableFailing": ("Hold", "Promote"),
    "rescue": ("NextTurn", "Pin"),
}

DEADLINES = {"progressDeadline": ("10m", "9s"), "dataDeadline": ("1h", "0s"), "bake": ("30m", "169h")}

NUMBERS = {"minCalls": (1, 100000), "falseRollbackPercent": (0.01, 20), "falsePromotionPercent": (0.01, 20)}


def cases() -> Iterator[Case]:
    """Steps, then SLOs."""
    yield from _steps()
    yield from _before_callers()
    yield from _policy()
    yield from _slos()
    yield from _queries()
    yield from _tried_out()
    yield from _ceilings()


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


REPLAY = {"replay": {"callsRef": {"name": "golden"}}}
SHADOW = {"shadow": {"percent": 20, "minCalls": 10, "maxDuration": "30m"}}
WEIGHT = {"setWeight": 5}

DURATIONS = {
    "replay": ("maxDuration", "10s", "25h", {"callsRef": {"name": "golden"}}),
    "shadow": ("maxDuration", "168h", "9s", {}),
    "analysis": ("maxDuration", "720h", "721h", {}),
}


def _before_callers() -> Iterator[Case]:
    order = "write replay first, then shadow, then setWeight"
    yield accepted("golden calls, mirrored turns, then callers", {STEPS: [REPLAY, {"pause": {}}, SHADOW, WEIGHT]})
    yield refused("golden calls after callers", {STEPS: [WEIGHT, REPLAY]}, (STEPS, order))
    yield refused("golden calls after mirrored turns", {STEPS: [SHADOW, REPLAY, WEIGHT]}, (STEPS, order))
    yield refused("mirrored turns after callers", {STEPS: [WEIGHT, SHADOW]}, (STEPS, order))
    needs = "analysis needs a setWeight before it"
    yield accepted("an analysis of what a weight brings", {STEPS: [WEIGHT, {"analysis": {"minCalls": 5}}]})
    yield refused("an analysis before any weight", {STEPS: [{"analysis": {}}, WEIGHT]}, (STEPS, needs))
    for kind, (field, good, bad, rest) in DURATIONS.items():
        index = int(kind == "analysis")
        for text in (good, bad):
            step, at = {kind: {**rest, field: text}}, f"{STEPS}[{index}].{kind}.{field}"
            steps = [WEIGHT, step] if index else [step, WEIGHT]
            if text == good:
                yield accepted(f"{kind} of {text}", {STEPS: steps})
            else:
                yield refused(f"{kind} of {text}", {STEPS: steps}, (at, "write a duration from"))
    for percent, complaint in ((0, "greater than or equal to 1"), (101, "less than or equal to 100")):
        step = {"replay": {"callsRef": {"name": "golden"}, "minPassPercent": percent}}
        at = f"{STEPS}[0].replay.minPassPercent"
        yield refused(f"golden calls of which {percent} % pass", {STEPS: [step, WEIGHT]}, (at, complaint))


QUERY = {"query": "sum(bookings)", "min": "0.6"}

QUERIES = {"interval": ("30s", "4s"), "staleAfter": ("5m", "25h")}


def _queries() -> Iterator[Case]:
    def slo(**fields: object) -> dict[str, object]:
        return {"spec.slos": [{"name": "bookings", "prometheus": {**QUERY, **fields}}]}

    at = "spec.slos[0].prometheus"
    yield accepted("a query", slo(max="1", url="https://prometheus.example", failureLimit=2))
    without = {"spec.slos": [{"name": "bookings", "prometheus": {"query": "up"}}]}
    yield refused("a query without a bound", without, (at, "write min, max or both"))
    for field in ("min", "max"):
        yield refused(f"{field} in words", slo(**{field: "many"}), (f"{at}.{field}", "write a number in quotes"))
    yield refused(
        "a query at no URL", slo(url="prometheus"), (f"{at}.url", "write an absolute http:// or https:// URL")
    )
    for field, (good, bad) in QUERIES.items():
        yield accepted(f"a query's {field} {good}", slo(**{field: good}))
        yield refused(f"a query's {field} {bad}", slo(**{field: bad}), (f"{at}.{field}", "write a duration from"))


def _tried_out() -> Iterator[Case]:
    tried, counts = {"name": "a", "latency": LATENCY, "dryRun": True}, {"name": "b", "ratio": RATIO}
    yield accepted("an SLO that is tried out", {"spec.slos": [tried, counts]})
    yield refused("only SLOs that are tried out", {"spec.slos": [tried]}, ("spec.slos", "leave at least one SLO"))


def _ceilings() -> Iterator[Case]:
    fine = {"name": "a", "ratio": {**RATIO, "ceilingPercent": 25}}, {"name": "b", "score": {**SCORE, "floorPercent": 0}}
    yield accepted("a ceiling and a floor", {"spec.slos": list(fine)})
    none = {"spec.slos": [{"name": "a", "ratio": {**RATIO, "ceilingPercent": 101}}]}
    yield refused("a ceiling above all", none, ("spec.slos[0].ratio.ceilingPercent", "less than or equal to 100"))


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
