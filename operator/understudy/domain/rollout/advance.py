"""One look at one assistant: evidence in, at most one move, and the status that says so.

Pure: the same observation and time give the same decision. Everything remembered is in the status, so an operator that
is killed between any two lines of the controller goes on as if it had only been slow.
"""

from understudy.api.status import Address, RolloutStatus, VoiceAssistantStatus
from understudy.domain.rollout import due, evidence, remarks, upkeep
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.apply import carry_out
from understudy.domain.rollout.conditions import conditions
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import Decision, Event, Observation
from understudy.domain.rollout.requests import answer_request
from understudy.domain.rollout.rules import next_move
from understudy.domain.rollout.table import JUDGED


def advance(seen: Observation, now: float) -> Decision:
    """What follows from `seen` at `now`, seconds since the epoch."""
    before = seen.status.rollout
    noticed, events = upkeep.notice(Facts(seen, evidence.judged(before, seen, now), now))
    events = (*events, *remarks.new(seen))
    facts = Facts(seen, noticed, now)
    move = next_move(facts)
    after = carry_out(facts, move) if move else noticed
    after = after.model_copy(update={"lease_expires_at": upkeep.lease(Facts(seen, after, now))})
    settled = Facts(seen, upkeep.published(before, Facts(seen, after, now)), now)
    if move:
        events = (*events, Event(move.event, move.reason, move.message))
    status = make_status(settled)
    events = (*events, *remarks.turned_true(seen.status, status))
    again = now if move or answer_request(settled) else due.next_look(settled)
    return Decision(status=status, events=events, requeue_at=again)


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
