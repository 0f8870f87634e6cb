"""From what the proxies report to what the judges hear: each finished call exactly once, in the order of its start."""

from collections.abc import Sequence

from understudy.api.evidence import ShadowStatus
from understudy.api.status import Phase, RolloutStatus
from understudy.domain.calls.observation import CallObservation, CallPart
from understudy.domain.rollout import cursors, replaying
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import Arm
from understudy.domain.slo import panel, shadowing
from understudy.domain.slo.policy import JudgePolicy, baking_tests_of, tests_of

Calls = Sequence[tuple[Arm, CallObservation]]
"""Finished calls with the arm that they are evidence for, in the order of their start."""


def judge_policy(seen: Observation) -> JudgePolicy:
    """The policy of each test."""
    policy = seen.policy
    tests = tests_of(policy, seen.slos)
    return JudgePolicy.sharing(policy.min_calls, policy.false_rollback_percent, tests, policy.false_promotion_percent)


def baking_policy(seen: Observation) -> JudgePolicy:
    """The policy of each test while a promoted revision bakes."""
    return JudgePolicy.sharing(seen.policy.min_calls, seen.policy.false_rollback_percent, baking_tests_of(seen.slos))


def judged(rollout: RolloutStatus, seen: Observation, now: float) -> RolloutStatus:
    """`rollout` after what was reported since it was written; unchanged where nobody is judged."""
    if rollout.phase in JUDGED:
        return _counted(replaying.heard(_mirrored(_compared(rollout, seen, now), seen), seen), seen)
    if rollout.phase is Phase.BAKING:
        return _counted(_baked(rollout, seen, now), seen)
    return rollout


def _compared(rollout: RolloutStatus, seen: Observation, now: float) -> RolloutStatus:
    """The canary against stable."""
    judges = panel.seat(rollout.judges, seen.slos)
    judges = panel.hear(judges, seen.slos, new_calls(rollout, seen), rollout.weight)
    for arm, calls in cursors.lost(rollout.cursors, seen).items():
        judges = panel.hear_lost(judges, seen.slos, arm, calls, rollout.weight)
    judges = panel.ask(judges, seen.slos, seen.samples, to_seconds(rollout.started_at))
    readings = panel.read_all(judges, seen.slos, judge_policy(seen), seen.samples, now)
    return rollout.model_copy(
        update={"judges": judges, "readings": readings, "verdict": panel.overall(readings)},
    )


def _baked(rollout: RolloutStatus, seen: Observation, now: float) -> RolloutStatus:
    """The promoted revision alone, against its objectives and what the one before it read."""
    policy = baking_policy(seen)
    judges = panel.seat(rollout.judges, seen.slos)
    own = [call for arm, call in new_calls(rollout, seen) if arm is Arm.CANARY]
    judges = panel.hear_baking(judges, seen.slos, own, policy)
    gone = cursors.lost(rollout.cursors, seen).get(Arm.CANARY, 0)
    judges = panel.hear_lost_baking(judges, seen.slos, gone, policy)
    judges = panel.ask(judges, seen.slos, seen.samples, to_seconds(rollout.phase_since))
    readings = panel.read_baking(judges, seen.slos, policy, seen.samples, now)
    return rollout.model_copy(
        update={"judges": judges, "readings": readings, "verdict": panel.overall(readings)},
    )


def _mirrored(rollout: RolloutStatus, seen: Observation) -> RolloutStatus:
    """The mirrored turns of stable's calls, during a shadow step."""
    steps = stepping.steps_of(seen.policy)
    if rollout.step_index >= len(steps) or steps[rollout.step_index].shadow is None:
        return rollout
    calls = [call for arm, call in new_calls(rollout, seen) if arm is Arm.STABLE]
    heard = shadowing.hear(rollout.shadow or ShadowStatus(), calls, seen.slos)
    return rollout.model_copy(update={"shadow": heard})


def _counted(rollout: RolloutStatus, seen: Observation) -> RolloutStatus:
    """The number of calls, and how far every proxy has been read: last, because all else counts from the old mark."""
    calls, lost = new_calls(rollout, seen), cursors.lost(rollout.cursors, seen)
    return rollout.model_copy(
        update={
            "cursors": cursors.moved(rollout, seen),
            "canary_calls": rollout.canary_calls + _ended(calls, Arm.CANARY) + lost.get(Arm.CANARY, 0),
            "stable_calls": rollout.stable_calls + _ended(calls, Arm.STABLE) + lost.get(Arm.STABLE, 0),
        }
    )


def _ended(calls: Calls, arm: Arm) -> int:
    """A long call is told of in two parts; it counts with its end."""
    return sum(each is arm and not call.rescued and call.part is not CallPart.TURNS for each, call in calls)


def new_calls(rollout: RolloutStatus, seen: Observation) -> list[tuple[Arm, CallObservation]]:
    """Calls not counted yet that are evidence in this rollout, in the order of their start.

    Calls that started before the rollout are none: stable's would be last week's, the canary's an earlier attempt's.
    """
    counted = {cursor.boot_id: cursor.seq for cursor in rollout.cursors}
    began = to_seconds(rollout.started_at)
    fresh = {
        (report.boot_id, call.seq): call
        for report in (pod.report for pod in seen.proxies)
        if report
        for call in report.observations
        if call.seq > counted.get(report.boot_id, 0) and call.started_at >= began
    }
    in_order = sorted(fresh.values(), key=lambda call: (call.started_at, call.call_id, call.seq))
    arms = ((cursors.arm_of(rollout, call.revision), call) for call in in_order)
    return [(arm, call) for arm, call in arms if arm]
