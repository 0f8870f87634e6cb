"""What takes a canary back to protect callers: a ceiling, a regression, failed golden calls, pods that do not run."""

from understudy.api.evidence import Verdict
from understudy.api.rollout import OnRegression
from understudy.api.status import Phase, RollbackReason
from understudy.domain.rollout import blame, mirroring, replaying
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.inputs import EventType
from understudy.domain.rollout.move import Move
from understudy.domain.rollout.table import JUDGED, UNDER_WAY, Trigger
from understudy.domain.rollout.times import to_seconds


def taken_back(why: RollbackReason) -> Move:
    """The canary goes."""
    return Move(Trigger.FAILED, "RollingBack", why.message, EventType.WARNING, blame=why)


def _as_the_policy_says(facts: Facts, why: RollbackReason, pause_reason: str) -> Move | None:
    """`onRegression`: back to stable, or no further caller and someone decides."""
    if facts.seen.policy.on_regression is OnRegression.ROLLBACK:
        return taken_back(why)
    if facts.phase is Phase.PAUSED and facts.rollout.pause_reason == pause_reason:
        return None
    message = f"{why.message}; new calls go to stable until abort or retry"
    return Move(Trigger.PAUSED, pause_reason, message, EventType.WARNING)


def stop_at_the_ceiling(facts: Facts) -> Move | None:
    """A proxy has stopped sending calls to the canary by itself; the others follow at once, whatever `onRegression`.

    What it said of an earlier attempt with the same revision is over.
    """
    canary = facts.rollout.canary
    if facts.phase not in JUDGED or canary is None:
        return None
    began = to_seconds(facts.rollout.started_at)
    told = [(pod.pod, pod.report.stopped) for pod in facts.seen.proxies if pod.report and pod.report.stopped]
    found = next(((pod, each) for pod, each in told if each.revision == canary.name and each.at >= began), None)
    return taken_back(blame.ceiling(*found, facts.now)) if found else None


def stop_a_regression(facts: Facts) -> Move | None:
    """The canary is worse than stable, beyond chance and enough to matter."""
    reading, canary = facts.failing, facts.rollout.canary
    if facts.phase not in JUDGED or reading is None or canary is None:
        return None
    return _as_the_policy_says(facts, blame.regression(canary.name, reading, facts.now), "Regression")


def stop_after_golden_calls(facts: Facts) -> Move | None:
    """Too few golden calls met their expectations, or they could not be played in time."""
    canary, story = facts.rollout.canary, replaying.failure(facts)
    if canary is None or not story:
        return None
    why = blame.plain(canary.name, "ReplayFailed", f"{canary.name}: {story}", facts.now)
    return _as_the_policy_says(facts, why, "ReplayFailed")


def stop_after_mirrored_turns(facts: Facts) -> Move | None:
    """The canary's model was worse than stable's on the same turns, before any caller met it."""
    canary, reading = facts.rollout.canary, mirroring.reading(facts)
    if canary is None or reading is None or reading.verdict is not Verdict.FAIL:
        return None
    why = blame.regression(canary.name, reading, facts.now).model_copy(update={"reason": "ShadowFailed"})
    return _as_the_policy_says(facts, why, "ShadowFailed")


def stop_what_cannot_start(facts: Facts) -> Move | None:
    """Crash loops and images that cannot be pulled do not get better by waiting for `progressDeadline`.

    Pods that the canary shares with stable are not its own fault.
    """
    canary, stable = facts.rollout.canary, facts.rollout.stable
    if facts.phase not in UNDER_WAY or canary is None or stable is None:
        return None
    agents = facts.agents_of(canary)
    if not agents.failing or canary.agent_service == stable.agent_service:
        return None
    return taken_back(blame.agents_failing(canary, agents, facts.now))


def stop_what_does_not_start(facts: Facts) -> Move | None:
    """The canary's agent pods are not ready, or its keys not there, within `progressDeadline`.

    Proxies that do not hear of it are no reason: they would not hear of its end either. The condition Stalled tells.
    """
    canary, deadline = facts.rollout.canary, facts.seen.policy.progress_deadline
    if facts.phase not in UNDER_WAY or canary is None or facts.canary_ready:
        return None
    if facts.since(facts.rollout.not_ready_since) < stepping.seconds(deadline):
        return None
    return taken_back(blame.not_started(canary, facts.agents_of(canary), facts.keyless, deadline, facts.now))
