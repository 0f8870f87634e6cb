"""How strict the judges of a rollout are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from understudy.api.rollout import RolloutSpec, Slo

EVERY_CALL = 100
"""Percent: the weight at which stable takes no new calls."""

MIN_FAIL_CALLS = 5
"""Canary calls before a Fail: with fewer, which arm met a short hiccup of the provider is too much a matter of luck for
anyone to believe the odds."""

BAKING_SHARE = 0.25
"""Of alpha, for the time after promotion where a revision bakes: a third more evidence before it, and not three times
as much, for what has passed once already."""


@dataclass(frozen=True, slots=True)
class JudgePolicy:
    """The policy of each test. `fails` and `passes` take numbers, or arrays of as many rollouts as one likes."""

    min_calls: int
    """Canary calls with data before an SLO can pass."""
    evidence_needed: float
    """Odds against chance that make a Fail: the number of tests divided by alpha."""
    proof_needed: float | None = None
    """Odds against chance that the canary is not worse by the margin, which a Pass needs: 1 divided by beta. None: a
    Pass needs no proof."""

    @classmethod
    def sharing(
        cls, min_calls: int, false_rollback_percent: float, tests: float, false_promotion_percent: float | None = None
    ) -> "JudgePolicy":
        """The policy of each of `tests` tests (more of them, in effect, where only a part of alpha is theirs).

        All of them together may be wrong in `false_rollback_percent`: one Fail fails the rollout. Beta is not divided:
        a bad canary is promoted only if *every* SLO passes, so the one that it violates has to be wrong.
        """
        proof = None if false_promotion_percent is None else 100 / false_promotion_percent
        return cls(min_calls, max(1, tests) * 100 / false_rollback_percent, proof)

    def fails(self, evidence: Any, canary_calls: Any) -> Any:
        """Whether the odds that the canary is worse make a Fail."""
        return (evidence >= self.evidence_needed) & (canary_calls >= min(MIN_FAIL_CALLS, self.min_calls))

    def passes(self, proof: Any, canary_calls: Any) -> Any:
        """Whether there are calls and proof enough for a Pass."""
        return (proof >= (self.proof_needed or 0.0)) & (canary_calls >= self.min_calls)


def tests_of(spec: RolloutSpec, slos: Iterable[Slo]) -> float:
    """Among how many tests alpha is shared before promotion, each of which could blame a canary by chance.

    One for each SLO that bets: not a dry run, which blames nobody, nor a query, which knows no chance. As many again,
    against the objective alone, where a step leaves stable no calls. One for mirrored turns. Where the revision is to
    bake, a part of alpha is kept for that, as if there were more tests.
    """
    steps = spec.steps or ()
    alone = any(step.set_weight == EVERY_CALL for step in steps)
    shadow = any(step.shadow is not None for step in steps)
    return max(1, _betting(slos) * (1 + alone) + shadow) / (1 - BAKING_SHARE if spec.bake else 1)


def baking_tests_of(slos: Iterable[Slo]) -> float:
    """The same after promotion, while the revision bakes: against the objective, and against what was read before."""
    return max(1, 2 * _betting(slos)) / BAKING_SHARE


def _betting(slos: Iterable[Slo]) -> int:
    return sum(slo.prometheus is None and not slo.dry_run for slo in slos)
