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
        (RolloutSpec(bake="30m"), DEFAULT_SLOS, 9),
        (RolloutSpec(steps=(SHADOW, HALF, ALL), bake="30m"), DEFAULT_SLOS, 13),
    ],
)
def test_tests_that_share_alpha(spec: RolloutSpec, slos: tuple[Slo, ...], expected: int) -> None:
    """A dry run blames nobody and a query knows no chance; steps and baking ask more than once."""
    assert policy.tests_of(spec, slos) == expected
    assert JudgePolicy.sharing(30, 1.0, expected).evidence_needed == 100 * expected
