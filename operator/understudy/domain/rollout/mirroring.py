"""A shadow step: the canary's model answers turns of stable's calls as well, and nobody hears it."""

from understudy.api.evidence import Reading, ShadowStatus, Verdict
from understudy.domain.rollout import evidence
from understudy.domain.rollout.facts import Facts
from understudy.domain.rollout.table import JUDGED
from understudy.domain.slo import shadowing


def reading(facts: Facts) -> Reading | None:
    """What the mirrored turns of the present step say; None in any other step."""
    step = facts.step
    if facts.phase not in JUDGED or step is None or step.shadow is None:
        return None
    status = facts.rollout.shadow or ShadowStatus()
    return shadowing.read(status, facts.seen.slos, evidence.judge_policy(facts.seen), step.shadow.min_calls)


def passed(facts: Facts) -> bool:
    """Whether enough calls were mirrored and none of it speaks against the canary."""
    found = reading(facts)
    return found is not None and found.verdict is Verdict.PASS


def looks_worse(facts: Facts) -> bool:
    """Whether the mirrored turns speak against the canary, if not beyond chance."""
    found = reading(facts)
    return found is not None and found.reason in ("Worse", "NotProven")
