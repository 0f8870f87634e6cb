"""After promotion: the revision that serves everyone is watched while the one before it is kept warm."""

from understudy.api.evidence import Verdict
from understudy.api.status import Phase
from understudy.domain.rollout import blame
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import EventType
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import Trigger


def started(facts: Facts) -> Move | None:
    """The promoted revision is to be watched; None where the policy does not want that, or nothing could take over."""
    stable, before, bake = facts.rollout.stable, facts.rollout.previous, facts.seen.policy.bake
    if bake is None or stable is None or before is None:
        return None
    message = f"{stable.name} serves all new calls and is watched for {bake}; {before.name} is kept warm"
    return Move(Trigger.BAKE_STARTED, "Baking", message)


def stop_a_late_regression(facts: Facts) -> Move | None:
    """What was promoted turns out to be worse: the one before is warm and takes over at once.

    `onRegression: Pause` has no meaning here: there is no canary that callers could be kept from.
    """
    reading, stable = facts.failing, facts.rollout.stable
    if facts.phase is not Phase.BAKING or reading is None or stable is None:
        return None
    why = blame.regression(stable.name, reading, facts.now)
    return Move(Trigger.FAILED, "RollingBack", why.message, EventType.WARNING, blame=why)


def stop_what_broke(facts: Facts) -> Move | None:
    """The promoted revision's agent pods are gone: at once if they cannot start, else after `progressDeadline`.

    Only while the one before it could serve, and in none but its own pods.
    """
    stable, before = facts.rollout.stable, facts.rollout.previous
    if facts.phase is not Phase.BAKING or stable is None or before is None:
        return None
    agents = facts.agents_of(stable)
    if agents.enough or stable.agent_service == before.agent_service or not facts.agents_of(before).enough:
        return None
    deadline = facts.seen.policy.progress_deadline
    if agents.failing:
        why = blame.agents_failing(stable, agents, facts.now)
    elif facts.since(facts.rollout.not_ready_since) >= stepping.seconds(deadline):
        why = blame.not_started(stable, agents, None, deadline, facts.now)
    else:
        return None
    return Move(Trigger.FAILED, "RollingBack", why.message, EventType.WARNING, blame=why)


def finish(facts: Facts) -> Move | None:
    """The time is over and no SLO fails. A source that does not answer is waited for, at most `dataDeadline` longer."""
    policy, stable = facts.seen.policy, facts.rollout.stable
    if facts.phase is not Phase.BAKING or stable is None:
        return None
    needed_s = stepping.seconds(policy.bake) if policy.bake else 0.0
    if facts.rollout.verdict is Verdict.ERROR:
        needed_s += stepping.seconds(policy.data_deadline)
    if facts.since(facts.rollout.phase_since) < needed_s:
        return None
    calls = facts.rollout.canary_calls
    return Move(Trigger.FINISHED, "Baked", f"{stable.name} fails no SLO after {calls} calls; it is here to stay")
