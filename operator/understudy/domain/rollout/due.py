"""When to look again though nothing may have happened: leases, ends of pauses, deadlines, revisions kept for nobody."""

from collections.abc import Iterator

from understudy.api.status import Phase
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout import traffic, upkeep
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.table import UNDER_WAY
from understudy.domain.rollout.times import to_seconds


def next_look(facts: Facts) -> float | None:
    """Seconds since the epoch; None: only on news."""
    times = (*_by_phase(facts), *_by_step(facts), *_kept(facts))
    return min((each for each in times if each > facts.now), default=None)


def _by_phase(facts: Facts) -> Iterator[float]:
    rollout, policy = facts.rollout, facts.seen.policy
    progress_s, since = stepping.seconds(policy.progress_deadline), to_seconds(rollout.phase_since)
    if rollout.phase in (Phase.INITIALIZING, Phase.PREPARING, Phase.PROMOTING, Phase.ROLLING_BACK):
        yield since + progress_s
    if rollout.phase is Phase.ROLLING_BACK:
        yield to_seconds(rollout.lease_over_at)
    if rollout.phase in (*UNDER_WAY, Phase.BAKING) and rollout.not_ready_since:
        yield to_seconds(rollout.not_ready_since) + progress_s
    if rollout.phase is Phase.BAKING:
        bake_s = stepping.seconds(policy.bake) if policy.bake else 0.0
        yield since + bake_s
        yield since + bake_s + stepping.seconds(policy.data_deadline)


def _by_step(facts: Facts) -> Iterator[float]:
    """The end of what the step waits for, and when the pace of calls can first be told."""
    if facts.phase is not Phase.CANARY:
        return
    since, step = to_seconds(facts.rollout.step_since), facts.step
    if step and step.pause:
        yield since + (stepping.seconds(step.pause.duration) if step.pause.duration else 0.0)
    elif step and step.replay:
        yield since + stepping.seconds(step.replay.max_duration)
    else:
        patience_s = stepping.seconds(stepping.patience(step, facts.seen.policy))
        yield since + traffic.SURE_SHARE * patience_s
        yield since + patience_s


def _kept(facts: Facts) -> Iterator[float]:
    rollout = facts.rollout
    if renewal := upkeep.renewal_at(rollout):
        yield renewal
    yield from (to_seconds(each.until) for each in rollout.retained)
    if rollout.undo:
        yield to_seconds(rollout.undo.since) + stepping.seconds(facts.seen.policy.progress_deadline)
