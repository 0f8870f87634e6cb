"""How fast calls come, when there will be enough of them, and what to say when that is too late (TrafficTooLow)."""

import math
from dataclasses import dataclass

from understudy.api.rollout import OnInsufficientData
from understudy.api.status import Phase
from understudy.domain.rollout import replaying
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.times import to_seconds, to_text

SURE_CALLS = 5
"""Calls of the step from which on their pace is told: with fewer, one late call doubles the estimate."""

SURE_SHARE = 0.25
"""Of the deadline, after which the pace is told however few calls came: few calls are what is to be found out."""

STEADY = 0.1
"""Share of the time left by which an estimate may be off before it is corrected: status is not written for less."""

HOUR_S = 3600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What the step under way still waits for."""

    calls: int | None
    """Finished calls that are missing; None: nobody can tell, because it is not calls that are missing."""
    percent: int
    """Share of all calls that count."""
    what: str
    deadline: str
    """A duration; counted from the step's beginning."""


def lack(facts: Facts) -> Lack | None:
    """What the step waits for; None when it waits for no calls, or nobody has met the canary yet."""
    step, rollout = facts.step, facts.rollout
    if facts.phase is not Phase.CANARY or facts.held or rollout.acked_since is None:
        return None
    deadline = stepping.patience(step, facts.seen.policy)
    if step is None:
        return Lack(_until_verdict(facts), rollout.weight, "canary calls", deadline)
    if step.shadow:
        mirrored = rollout.shadow.calls if rollout.shadow else 0
        return Lack(max(0, step.shadow.min_calls - mirrored), step.shadow.percent, "mirrored calls", deadline)
    if step.set_weight is None and step.analysis is None:
        return None
    wanted = stepping.calls_wanted(facts.steps, rollout.step_index, facts.seen.policy.min_calls)
    return Lack(max(0, wanted - rollout.canary_calls), rollout.weight, "canary calls", deadline)


def _until_verdict(facts: Facts) -> int | None:
    """Canary calls until every SLO has its verdict; None when some SLO lacks something else."""
    open_ones = [each for each in facts.readings if each.reason in ("NoCalls", "TooFewCalls", "MoreProofNeeded")]
    if not open_ones or not facts.only_calls_missing:
        return None
    short = facts.seen.policy.min_calls
    missing = [each.calls_needed or max(0, short - each.canary_calls) for each in open_ones]
    return max(missing) or None


def pace(facts: Facts) -> float:
    """Finished calls of both arms a second, in the step under way."""
    seconds = facts.since(facts.rollout.step_since)
    return _calls(facts) / seconds if seconds > 0 else 0.0


def _calls(facts: Facts) -> int:
    rollout = facts.rollout
    return max(0, rollout.canary_calls + rollout.stable_calls - rollout.step_calls)


def enough_at(facts: Facts) -> str | None:
    """When the calls will be enough at the pace so far; None while that cannot be told."""
    missing, calls_a_second = lack(facts), pace(facts)
    if missing is None or not missing.calls or not calls_a_second or not missing.percent or not _sure(facts, missing):
        return None
    seconds = missing.calls / (calls_a_second * missing.percent / 100)
    before = to_seconds(facts.rollout.enough_at)
    steady = abs(before - (facts.now + seconds)) <= STEADY * seconds
    return facts.rollout.enough_at if steady and before > facts.now else to_text(facts.now + min(seconds, FARTHEST_S))


FARTHEST_S = 10 * 365 * 86_400.0
"""Ten years in seconds: what is farther has no date worth telling."""


def _sure(facts: Facts, missing: Lack) -> bool:
    waited = facts.since(facts.rollout.step_since)
    return _calls(facts) >= SURE_CALLS or waited >= SURE_SHARE * stepping.seconds(missing.deadline)


def too_low(facts: Facts) -> bool:
    """Whether the step will not have its calls by its deadline, as far as can be told now."""
    missing = lack(facts)
    if missing is None or not missing.calls or not _sure(facts, missing):
        return False
    due = to_seconds(facts.rollout.step_since) + stepping.seconds(missing.deadline)
    return facts.rollout.enough_at is None or to_seconds(facts.rollout.enough_at) > due or facts.now >= due


def in_words(facts: Facts) -> str:
    """How many calls come, when they will be enough, and what to do."""
    missing, canary = lack(facts), facts.rollout.canary
    if missing is None or not missing.calls or canary is None:
        return ""
    said = [
        f"{canary.name} still needs {missing.calls} {missing.what}; {_an_hour(facts, missing)}",
        _when(facts, missing),
        f"`kubectl understudy promote {facts.seen.assistant}` goes on without them",
        _then(facts),
        replaying.in_words(facts.rollout.replay),
    ]
    return "; ".join(each for each in said if each)


def _an_hour(facts: Facts, missing: Lack) -> str:
    hourly = pace(facts) * HOUR_S
    if not hourly:
        return f"no call has ended in {math.ceil(facts.since(facts.rollout.step_since) / 60)} minutes"
    counted = hourly * missing.percent / 100
    return f"at {hourly:.3g} calls an hour, {missing.percent} % of them, {counted:.2g} an hour count"


def _when(facts: Facts, missing: Lack) -> str:
    if facts.rollout.enough_at is None:
        return f"that cannot end within {missing.deadline}"
    return f"that is enough at about {facts.rollout.enough_at[:16]}Z, past its deadline of {missing.deadline}"


def _then(facts: Facts) -> str:
    """What the policy does by itself at the deadline."""
    match facts.seen.policy.on_insufficient_data:
        case OnInsufficientData.HOLD:
            return "otherwise it waits for them"
        case OnInsufficientData.PAUSE:
            return "at the deadline it pauses"
        case OnInsufficientData.ROLLBACK:
            return "at the deadline it is taken back"
        case OnInsufficientData.PROMOTE:
            return "at the deadline it goes on without them, unless an SLO looks worse"
