"""One look at one assistant: evidence in, at most one move, and the status that says so.

Pure: the same observation and time give the same decision. Everything remembered is in the status, so an operator that
is killed between any two lines of the controller goes on as if it had only been slow.
"""

from understudy.api.status import Address, Phase, RolloutStatus, VoiceAssistantStatus
from understudy.domain.rollout import evidence, remarks, upkeep
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.apply import carry_out
from understudy.domain.rollout.conditions import conditions
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import Decision, Event, Observation
from understudy.domain.rollout.requests import unanswered
from understudy.domain.rollout.rules import UNDER_WAY, next_move
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds


def advance(seen: Observation, now: float) -> Decision:
    """What follows from `seen` at `now`, seconds since the epoch."""
    before = seen.status.rollout
    noticed, events = upkeep.notice(Facts(seen, evidence.judged(before, seen), now))
    events = (*events, *remarks.new(seen))
    facts = Facts(seen, noticed, now)
    move = next_move(facts)
    after = carry_out(facts, move) if move else noticed
    after = after.model_copy(update={"lease_expires_at": upkeep.lease(after, now)})
    after = after.model_copy(update={"generation": upkeep.generation(before, after, seen.routing_generation)})
    if move:
        events = (*events, Event(move.event, move.reason, move.message))
    settled = Facts(seen, after, now)
    again = now if move or unanswered(settled) else next_look(settled)
    return Decision(status=make_status(settled), events=events, requeue_at=again)


def next_look(facts: Facts) -> float | None:
    """When something is due by itself: a lease, the end of a pause, a deadline, a revision kept for nobody."""
    rollout, policy = facts.rollout, facts.seen.policy
    due = [upkeep.renewal_at(rollout), *(to_seconds(each.until) for each in rollout.retained)]
    if rollout.phase in UNDER_WAY and rollout.not_ready_since:
        due.append(to_seconds(rollout.not_ready_since) + stepping.seconds(policy.progress_deadline))
    if rollout.phase is Phase.ROLLING_BACK:
        due.append(to_seconds(rollout.lease_over_at))
    if rollout.phase is Phase.CANARY:
        due.append(to_seconds(rollout.step_since) + _patience_s(facts))
    return min((each for each in due if each is not None and each > facts.now), default=None)


def _patience_s(facts: Facts) -> float:
    """How long the step under way may last."""
    if facts.step and facts.step.pause and facts.step.pause.duration:
        return stepping.seconds(facts.step.pause.duration)
    return stepping.seconds(facts.seen.policy.data_deadline)


def make_status(facts: Facts) -> VoiceAssistantStatus:
    """The whole status: the rollout's state, the columns of `kubectl get`, the conditions."""
    rollout, seen = facts.rollout, facts.seen
    return VoiceAssistantStatus(
        observed_generation=seen.generation,
        phase=rollout.phase,
        step=stepping.label(facts.steps, rollout.step_index) if rollout.phase in JUDGED else "",
        weight=rollout.weight,
        verdict=rollout.verdict.value if rollout.verdict else "",
        stable_revision=rollout.stable.name if rollout.stable else "",
        canary_revision=_shown_canary(rollout),
        address=Address(url=seen.address) if seen.address else seen.status.address,
        conditions=conditions(facts),
        warnings=remarks.kept(seen),
        rollout=rollout,
    )


def _shown_canary(rollout: RolloutStatus) -> str:
    return rollout.canary.name if rollout.canary else ""
