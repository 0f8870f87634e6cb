"""Why a rollout moves: each rule looks at the facts and says one move or nothing; the first to speak wins.

To find out why something was rolled back, promoted or held, read `RULES` from top to bottom. Nothing here changes
anything. Rules about one matter have a file of its own: protecting, replaying, mirroring, baking, requests, undoing,
going_on.
"""

from collections.abc import Callable

from understudy.api.status import Phase, Revision
from understudy.domain.rollout import baking, going_on, protecting
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts, same
from understudy.domain.rollout.inputs import EventType
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.requests import answer_request
from understudy.domain.rollout.table import UNDER_WAY, WARM, Trigger

Rule = Callable[[Facts], Move | None]


def follow_the_spec(facts: Facts) -> Move | None:
    """A spec that asks for something else is followed at once, and nobody is blamed for what it replaces."""
    desired, rollout = facts.seen.desired, facts.rollout
    if desired is None or same(rollout.canary, desired):
        return None
    if rollout.stable is None or (facts.phase is Phase.INITIALIZING and not same(rollout.stable, desired)):
        return _first_revision(rollout.stable, desired.name)
    if same(rollout.stable, desired) or (facts.phase in WARM and same(rollout.previous, desired)):
        return _back(facts, desired.name)
    rejected = rollout.rejected is not None and rollout.rejected.name == desired.name
    waits = bool(facts.seen.wait) and facts.phase not in UNDER_WAY
    return None if rejected or waits else _new_rollout(facts, rollout.stable, desired.name)


def _first_revision(stable: Revision | None, desired: str) -> Move:
    """A first revision that never served is simply replaced: nobody is there to be protected (P8)."""
    if stable is None:
        message = f"{desired} is the first revision and goes straight to stable"
    else:
        message = f"{desired} replaces {stable.name}, which never served"
    return Move(Trigger.REVISED, "FirstRevision", message)


def _back(facts: Facts, desired: str) -> Move | None:
    """The spec asks for stable again, or for the one before while it is still warm."""
    if same(facts.rollout.stable, facts.seen.desired):
        if facts.phase not in (*UNDER_WAY, Phase.ROLLING_BACK, Phase.ROLLED_BACK):
            return None
        return Move(Trigger.RESTORED, "SpecRestored", f"the spec asks for stable {desired} again")
    return Move(Trigger.RESTORED, "SpecRestored", f"the spec asks for {desired} again, which is still warm")


def _new_rollout(facts: Facts, stable: Revision, desired: str) -> Move:
    replaced = f", in place of canary {facts.rollout.canary.name}" if facts.rollout.canary else ""
    message = f"the spec asks for {desired}{replaced}; stable is {stable.name}"
    return Move(Trigger.REVISED, "RolloutStarted", message)


def begin(facts: Facts) -> Move | None:
    """What was waited for can take calls."""
    stable = facts.rollout.stable
    if facts.phase is Phase.INITIALIZING and stable and facts.acknowledged and facts.agents_of(stable).enough:
        return Move(Trigger.READY, "Serving", f"{stable.name} serves all calls on {facts.ready_proxies} proxies")
    if facts.phase is Phase.PREPARING and facts.rollout.canary and facts.canary_ready and facts.acknowledged:
        first = stepping.words(facts.steps[0])
        return Move(Trigger.READY, "CanaryStarted", f"{facts.rollout.canary.name} can take calls; step 1: {first}")
    return None


def settle(facts: Facts) -> Move | None:
    """Every proxy that counts does what was decided; one that cannot be reached is not waited for without end."""
    if facts.phase is Phase.PROMOTING and facts.rollout.stable and (facts.acknowledged or facts.overdue):
        return baking.started(facts) or _promoted(facts, facts.rollout.stable.name)
    if facts.phase is Phase.ROLLING_BACK and (facts.acknowledged or _not_waited_for(facts)):
        cause = facts.rollout.last_rollback.message if facts.rollout.last_rollback else ""
        message = f"stable serves all new calls ({_how(facts)}): {cause}"
        return Move(Trigger.SETTLED, "RolledBack", message, EventType.WARNING)
    return None


def _promoted(facts: Facts, name: str) -> Move:
    if facts.acknowledged:
        return Move(Trigger.SETTLED, "Promoted", f"{name} serves all new calls")
    return Move(Trigger.SETTLED, "Promoted", f"{name} serves new calls ({_how(facts)})", EventType.WARNING)


def _leased(facts: Facts) -> bool:
    """Whether what was taken back was a canary, whose weight was a lease; stable's place is none."""
    last = facts.rollout.history[-1] if facts.rollout.history else None
    return last is None or last.from_ in UNDER_WAY


def _not_waited_for(facts: Facts) -> bool:
    return facts.lease_over if _leased(facts) else facts.overdue


def _how(facts: Facts) -> str:
    if facts.acknowledged:
        return "acknowledged by every proxy"
    if facts.phase is Phase.ROLLING_BACK and _leased(facts):
        return "the canary's leases have run out"
    known = f"acknowledged by {facts.acked_proxies} of {facts.ready_proxies} proxies"
    return f"{known}; the others follow once they are heard of"


RULES: tuple[Rule, ...] = (
    # What the user wants. A new spec, or the old one again, ends whatever is under way.
    follow_the_spec,
    # What protects callers, the surest knowledge first. All of it holds in every phase in which callers could suffer.
    protecting.stop_at_the_ceiling,
    protecting.stop_a_regression,
    protecting.stop_after_golden_calls,
    protecting.stop_after_mirrored_turns,
    protecting.stop_what_cannot_start,
    protecting.stop_what_does_not_start,
    baking.stop_a_late_regression,
    baking.stop_what_broke,
    # What someone asks for: after protection, so that nobody promotes what fails; before progress, so that a pause
    # comes before the next step.
    answer_request,
    # Progress: the world has caught up with what was decided, or a step has what it waited for.
    begin,
    settle,
    baking.finish,
    going_on.take_the_next_step,
    # No progress: the policy decides what to do without calls.
    going_on.decide_without_calls,
)
"""In order of precedence."""


def next_move(facts: Facts) -> Move | None:
    """The one thing to do now; None to wait."""
    return next((move for rule in RULES if (move := rule(facts))), None)


__all__ = ["RULES", "UNDER_WAY", "Rule", "begin", "follow_the_spec", "next_move", "settle"]
