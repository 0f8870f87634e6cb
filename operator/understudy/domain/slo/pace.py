"""How many canary calls a verdict still needs, if they go on as they went."""

import math

from understudy.domain.slo.policy import JudgePolicy

TREND = 2.0
"""Odds from which a direction can be seen; below it, any estimate would be noise."""

FARTHEST = 1_000_000
"""Calls; what is farther than that is not told."""


def calls_needed(reason: str, calls: int, evidence: float, proof: float, policy: JudgePolicy) -> int | None:
    """Canary calls until the verdict; None once there is one, or while it cannot be told.

    The logarithm of the odds grows evenly with the calls.

    Args:
        reason: of the present verdict.
        calls: of the canary, so far.
        evidence: odds so far that it is worse.
        proof: odds so far that it is not.
        policy: what is asked for.
    """
    if reason not in ("TooFewCalls", "MoreProofNeeded", "NotProven"):
        return None
    if reason == "TooFewCalls" and policy.proof_needed is None:
        return policy.min_calls - calls
    found = [_more(calls, evidence, policy.evidence_needed)]
    if policy.proof_needed is not None and (more := _more(calls, proof, policy.proof_needed)) is not None:
        found.append(max(more, policy.min_calls - calls))
    return min((each for each in found if each is not None), default=None)


def _more(calls: int, odds: float, needed: float) -> int | None:
    if odds < TREND or not calls:
        return None
    more = math.ceil(calls * (math.log(needed) / math.log(odds) - 1))
    return max(1, more) if more <= FARTHEST else None
