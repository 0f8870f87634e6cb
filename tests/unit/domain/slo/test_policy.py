"""Alpha is shared by the tests that could blame a canary by chance, and by no others."""

import pytest

from understudy.api.rollout import DEFAULT_SLOS, PrometheusSlo, RolloutSpec, ShadowStep, Slo, Step
from understudy.domain.slo import policy
from understudy.domain.slo.policy import JudgePolicy

TRIED = tuple(slo.model_copy(update={"dry_run": True}) for slo in DEFAULT_SLOS)
QUERY = Slo(name="q", prometheus=PrometheusSlo(query="up", max="1"))
HALF, ALL, SHADOW = Step(set_weight=50), Step(set_weight=100), Step(shadow=ShadowStep())


@pytest.mark.parametrize(
    ("spec", "slos", "expected"),
    [
        (RolloutSpec(), DEFAULT_SLOS, 3),
        (RolloutSpec(), TRIED, 1),
        (RolloutSpec(), (*DEFAULT_SLOS[:2], TRIED[2], QUERY), 2),
        (RolloutSpec(steps=(HALF, ALL)), DEFAULT_SLOS, 6),
        (RolloutSpec(steps=(SHADOW, HALF)), DEFAULT_SLOS, 4),
        (RolloutSpec(bake="30m"), DEFAULT_SLOS, 4),
        (RolloutSpec(steps=(SHADOW, HALF, ALL), bake="30m"), DEFAULT_SLOS, 7 / 0.75),
    ],
)
def test_tests_that_share_alpha(spec: RolloutSpec, slos: tuple[Slo, ...], expected: float) -> None:
    """A dry run blames nobody and a query knows no chance; steps and baking ask more than once."""
    assert policy.tests_of(spec, slos) == pytest.approx(expected)
    assert JudgePolicy.sharing(30, 1.0, expected).evidence_needed == pytest.approx(100 * expected)


def test_before_and_after_promotion_no_more_than_alpha_is_spent() -> None:
    """A revision that bakes is asked more questions, and blamed by chance no more often in all."""
    spec = RolloutSpec(steps=(SHADOW, HALF), bake="30m")
    before, after = 4 / policy.tests_of(spec, DEFAULT_SLOS), 6 / policy.baking_tests_of(DEFAULT_SLOS)
    assert before + after == pytest.approx(1)
    assert before > after
