"""How many calls a verdict still needs, and when that cannot be told."""

import pytest

from understudy.domain.slo.pace import calls_needed
from understudy.domain.slo.policy import JudgePolicy

QUICK = JudgePolicy(min_calls=30, evidence_needed=100)
PROVEN = JudgePolicy(min_calls=30, evidence_needed=100, proof_needed=100)


@pytest.mark.parametrize(
    ("reason", "calls", "odds", "policy", "expected"),
    [
        ("TooFewCalls", 8, (1.0, 1.0), QUICK, 22),
        ("NotProven", 10, (10.0, 1.0), QUICK, 10),
        ("NotProven", 10, (1.5, 1.0), QUICK, None),
        ("NotProven", 0, (10.0, 1.0), QUICK, None),
        ("MoreProofNeeded", 50, (0.5, 10.0), PROVEN, 50),
        ("MoreProofNeeded", 10, (0.5, 10.0), PROVEN, 20),
        ("MoreProofNeeded", 99, (90.0, 99.9), PROVEN, 1),
        ("MoreProofNeeded", 999_999, (0.5, 2.0), PROVEN, None),
        ("Passed", 50, (0.5, 200.0), PROVEN, None),
        ("BothArmsBad", 50, (5.0, 5.0), PROVEN, None),
    ],
)
def test_the_logarithm_of_the_odds_goes_on_as_it_went(
    reason: str, calls: int, odds: tuple[float, float], policy: JudgePolicy, expected: int | None
) -> None:
    """The nearer of both verdicts; never fewer than are missing of `minCalls`; nothing without a direction."""
    assert calls_needed(reason, calls, *odds, policy) == expected
