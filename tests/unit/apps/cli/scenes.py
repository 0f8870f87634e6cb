"""Assistants in every state a rollout can be in, as the API server would hand them out."""

from typing import Any

from tests.unit.apps.cli.fake_reader import CANARY, STABLE, assistant, condition, deployment, pool, revision
from understudy.apps.cli.state import Agents, Answer, Made, State
from understudy.apps.cli.summary import summary
from understudy.domain.rollout.times import to_text
from understudy.domain.routing.pool.view import PoolsView

NOW = 1_800_000_000.0
"""When every scene is looked at."""

STEPS = [{"replay": {"callsRef": {"name": "golden"}}}, {"shadow": {"percent": 20}}, {"setWeight": 10},
         {"pause": {"duration": "2m"}}, {"setWeight": 50}]  # fmt: skip
"""Every kind of step but analysis."""

PLAIN = [{"setWeight": 10}, {"pause": {}}, {"analysis": {"minCalls": 20}}, {"setWeight": 50}]

SLOS = [
    {"name": "turn-latency", "latency": {"signal": "Turn", "threshold": "1200ms", "maxPercentOver": 5}},
    {"name": "quality", "score": {"signal": "Quality", "minPercent": 90}},
]

FAILING = "turns over 1200ms: canary 38 %, stable 4 %; objective ≤ 5 %; 9 canary and 41 stable calls"


def ago(seconds: float) -> str:
    """A time of the status, so long before `NOW`."""
    return to_text(NOW - seconds)


def reading(slo: str, verdict: str, reason: str, **changes: Any) -> dict[str, Any]:
    """What one SLO reads."""
    usual = {
        "metric": "Turn", "threshold": 5.0, "margin": 2.0, "value": 3.1, "stableValue": 2.9, "canaryCalls": 14,
        "stableCalls": 60, "evidence": 1.2, "evidenceNeeded": 60.0, "message": f"{slo} as read",
    }  # fmt: skip
    return {"slo": slo, "verdict": verdict, "reason": reason, **usual, **changes}


GOOD = reading("turn-latency", "Pass", "Passed")
SHORT = reading(
    "quality", "Insufficient", "TooFewCalls", metric="Quality", threshold=90.0, value=94.0, stableValue=95.5
)
DRY = reading("query", "Error", "SourceDown", value=None, stableValue=None, canaryCalls=0, stableCalls=0, dryRun=True)
BAD = reading("turn-latency", "Fail", "Worse", value=38.0, stableValue=4.0, evidence=92.2, message=FAILING)
PROOF = reading("turn-latency", "Insufficient", "MoreProofNeeded", proof=9.0, proofNeeded=100.0, callsNeeded=120)
BOTH = reading("turn-latency", "Insufficient", "BothArmsBad", value=61.0, stableValue=63.0)


def under_way(**changes: Any) -> dict[str, Any]:
    """A rollout with stable, canary and two proxies that know everything."""
    usual = {
        "stable": revision(STABLE), "canary": revision(CANARY), "weight": 10, "ackedWeight": 10, "ackedProxies": 2,
        "readyProxies": 2, "phaseSince": ago(190), "startedAt": ago(190), "stepSince": ago(45), "ackedSince": ago(44),
        "leaseExpiresAt": ago(-24), "canaryCalls": 14, "stableCalls": 60,
    }  # fmt: skip
    return {**usual, **changes}


def alone(**changes: Any) -> dict[str, Any]:
    """A rollout that is over: stable takes every call."""
    over = {"canary": None, "weight": 0, "ackedWeight": 0, "leaseExpiresAt": None, "canaryCalls": 0}
    return under_way(**{**over, **changes})


def scene(phase: str, rollout: dict[str, Any], *conditions: dict[str, str], **more: Any) -> State:
    """One assistant, with two agents and a pool."""
    policy = more.pop("policy", {"steps": PLAIN})
    given = {key: value for key, value in rollout.items() if value is not None}
    status = {"phase": phase, "weight": rollout.get("weight", 0), "rollout": {**given, "phase": phase}, **more}
    said = [condition("Ready", "True"), *conditions]
    document = assistant(conditions=[*{each["type"]: each for each in said}.values()], **status)
    document["spec"] = {"rollout": policy, "slos": SLOS}
    view = pool(deployment("east", 1), deployment("west", 2, headroom=None))
    told = PoolsView(pod="p-1", pools=(view,), live_calls={STABLE: 12, CANARY: 1}, generation=7)
    agents = {revision(name)["agentService"]: Agents(ready=2, wanted=2) for name in (STABLE, CANARY)}
    made = {STABLE: Made(number=4, at=NOW - 3 * 86400), CANARY: Made(number=5, at=NOW - 240)}
    return summary(document, NOW).model_copy(
        update={"proxies": (Answer(pod="p-1", pools=told), Answer(pod="p-2", error="no answer within 10 s")),
                "agents": agents, "made": made}
    )  # fmt: skip


ROLLBACK = {
    "revision": CANARY, "reason": "SloFailed", "at": ago(70), "slo": "turn-latency",
    "message": f"{CANARY} fails turn-latency: {FAILING}",
}  # fmt: skip
REPLAY = {"id": "r1", "pod": "p-1", "since": ago(20), "total": 5, "passed": 2, "failed": 1, "failures": [
    {"call": "booking", "message": "turn 2: expected the words 'seven o'clock', heard 'we are closed'"}]}  # fmt: skip
UNSURE = {"verdict": "Insufficient"}
UNDO = {"id": "r1", "revision": revision("99999999"), "since": ago(15)}
SHADOW = {"calls": 12, "turns": 71, "stableBad": 0.4, "canaryBad": 0.9}
REJECTED = {"name": CANARY, "at": ago(70)}
STALLED = condition("Stalled", "True", f"{ROLLBACK['message']}; change the spec, or ask for retry", "RolledBack")
LOW = condition("TrafficTooLow", "True", "4 canary calls an hour: minCalls is reached in 6h", "TooFewCalls")
OUTAGE = {"since": ago(400), "slo": "turn-latency", "message": "turn-latency: canary 61 %, stable 63 %; wanted ≤ 5 %"}
INVALID = condition(
    "PlanValid", "False", "spec.model.deployments[0].account: there is no account openia", "InvalidSpec"
)
SPEC = condition(
    "SpecRejected", "True", f"the spec still asks for {CANARY}: revert it in your repository", "RolledBack"
)
ALL = {"policy": {"steps": STEPS}}

SCENES: dict[str, State] = {
    "initializing": scene(
        "Initializing", {"phaseSince": ago(20)}, condition("Ready", "False", "none of 2 proxy pods is ready", "NoProxy")
    ),
    "stable": scene("Stable", alone()),
    "queued": scene("Stable", alone(queued="night-desk is being rolled out for the same FallbackPlan; 1 before this")),
    "undoing": scene("Stable", alone(undo=UNDO)),
    "invalid-spec": scene("Stable", alone(), INVALID),
    "preparing": scene("Preparing", under_way(weight=0, ackedWeight=0, ackedProxies=1, notReadySince=ago(30)), **ALL),
    "replay": scene("Canary", under_way(weight=0, ackedWeight=0, replay=REPLAY), step="1/5", **ALL),
    "shadow": scene("Canary", under_way(weight=0, ackedWeight=0, stepIndex=1, shadow=SHADOW), step="2/5", **ALL),
    "acknowledging": scene(
        "Canary", under_way(stepIndex=2, ackedWeight=0, ackedProxies=1, ackedSince=None), step="3/5", **ALL
    ),
    "timed-pause": scene("Canary", under_way(stepIndex=3, readings=[GOOD, SHORT], **UNSURE), step="4/5", **ALL),
    "analysis": scene("Canary", under_way(stepIndex=2, readings=[GOOD, SHORT, DRY], **UNSURE), step="3/4"),
    "steps-done": scene(
        "Canary", under_way(stepIndex=4, weight=50, ackedWeight=50, readings=[PROOF, SHORT], **UNSURE,
                            enoughAt=ago(-600)), step="4/4",
    ),
    "outage-of-both": scene(
        "Canary", under_way(readings=[BOTH], **UNSURE, incident=OUTAGE), step="1/4"
    ),
    "traffic-too-low": scene(
        "Canary", under_way(canaryCalls=2, enoughAt=ago(-21600), readings=[SHORT], **UNSURE), LOW, step="1/4"
    ),
    "pause-step": scene(
        "Paused", under_way(stepIndex=1, pauseReason="PauseStep", readings=[GOOD], verdict="Pass"), step="2/4"
    ),
    "golden-calls-failed": scene(
        "Paused", under_way(weight=0, pauseReason="ReplayFailed", replay={**REPLAY, "done": True}), step="1/5",
        policy={"steps": STEPS, "onRegression": "Pause"},
    ),
    "paused-regression": scene(
        "Paused", under_way(weight=0, pauseReason="Regression", readings=[BAD], verdict="Fail"), step="1/4",
        policy={"steps": PLAIN, "onRegression": "Pause"},
    ),
    "promoting": scene("Promoting", alone(stable=revision(CANARY), ackedProxies=1)),
    "baking": scene(
        "Baking", alone(stable=revision(CANARY), previous=revision(STABLE), readings=[GOOD, SHORT], **UNSURE),
        policy={"steps": PLAIN, "bake": "30m"},
    ),
    "rolling-back": scene(
        "RollingBack", alone(ackedProxies=1, lastRollback=ROLLBACK, rejected=REJECTED, leaseOverAt=ago(-12),
                             retained=[{**revision(CANARY), "until": ago(-300), "rejected": True}]),
    ),
    "rolled-back": scene("RolledBack", alone(lastRollback=ROLLBACK, rejected=REJECTED), STALLED, SPEC),
}  # fmt: skip
"""Name → assistant."""
