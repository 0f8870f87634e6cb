"""From what the proxies report to what the judges hear: each finished call exactly once, in the order of its start."""

from collections.abc import Sequence

from understudy.api.status import MAX_CURSORS, Cursor, RolloutStatus
from understudy.domain.calls.observation import CallObservation, ProxyReport
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import Arm
from understudy.domain.slo import panel
from understudy.domain.slo.judge import EVERY_CALL
from understudy.domain.slo.policy import JudgePolicy


def judge_policy(seen: Observation) -> JudgePolicy:
    """The policy of each test. A step of weight 100 adds a test to each SLO: the one against the objective alone."""
    alone = any(step.set_weight == EVERY_CALL for step in seen.policy.steps or ())
    tests = len(seen.slos) * (2 if alone else 1)
    policy = seen.policy
    return JudgePolicy.sharing(policy.min_calls, policy.false_rollback_percent, tests, policy.false_promotion_percent)


def judged(rollout: RolloutStatus, seen: Observation) -> RolloutStatus:
    """`rollout` after the calls that finished since it was written; unchanged outside the judged phases."""
    if rollout.phase not in JUDGED:
        return rollout
    judges = panel.seat(rollout.judges, seen.slos)
    calls = new_calls(rollout, seen)
    judges = panel.hear(judges, seen.slos, calls, rollout.weight)
    readings = panel.read_all(judges, seen.slos, judge_policy(seen))
    return rollout.model_copy(
        update={
            "judges": judges,
            "readings": readings,
            "verdict": panel.overall(readings),
            "cursors": read_up_to(rollout.cursors, [pod.report for pod in seen.proxies if pod.report]),
            "canary_calls": rollout.canary_calls + _count(calls, Arm.CANARY),
            "stable_calls": rollout.stable_calls + _count(calls, Arm.STABLE),
        }
    )


def _count(calls: Sequence[tuple[Arm, CallObservation]], arm: Arm) -> int:
    return sum(each is arm and not call.rescued for each, call in calls)


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
    in_order = sorted(fresh.values(), key=lambda call: (call.started_at, call.call_id))
    arms = ((_arm(rollout, call.revision), call) for call in in_order)
    return [(arm, call) for arm, call in arms if arm]


def _arm(rollout: RolloutStatus, revision: str) -> Arm | None:
    """By revision and not by the arm's name: the stable of an earlier rollout is not this one's."""
    if rollout.canary and revision == rollout.canary.name:
        return Arm.CANARY
    if rollout.stable and revision == rollout.stable.name:
        return Arm.STABLE
    return None


def read_up_to(cursors: Sequence[Cursor], reports: Sequence[ProxyReport]) -> tuple[Cursor, ...]:
    """The cursors after `reports`.

    A process that is not heard of now keeps its cursor, because it may only be slow; of those, the ones heard of
    longest ago make room.
    """
    known = {cursor.boot_id: cursor for cursor in cursors}
    heard: dict[str, Cursor] = {}
    for report in sorted(reports, key=lambda each: (each.pod, each.boot_id)):
        before = heard.get(report.boot_id) or known.get(report.boot_id)
        last = max((call.seq for call in report.observations), default=0)
        seq = max(before.seq if before else 0, last, report.lost_before)
        heard[report.boot_id] = Cursor(boot_id=report.boot_id, pod=report.pod, seq=seq)
    silent = [cursor for cursor in cursors if cursor.boot_id not in heard]
    return tuple([*silent, *heard.values()][-MAX_CURSORS:])
