"""Milliseconds saved or lost are spent only where the user wants it, and only when they are there."""

import random

import pytest

from understudy.domain.revision.snapshot import Model, ModelTarget, Slack
from understudy.domain.routing.pool.knowledge import Knowledge
from understudy.domain.routing.pool.pool import Pool, Target
from understudy.domain.routing.pool.settings import PoolSettings
from understudy.domain.routing.pool.step import Ask, Failure, Sample
from understudy.domain.routing.slack import better_target, better_voice, filler_of

TARGETS = tuple(ModelTarget(name=name, account="a", model="m") for name in ("quick", "good"))
NOW = 100.0


def pool(seconds: float) -> Pool:
    """Two targets, of which the better one is known to take so long."""
    draw = random.Random(1)
    made = Pool(PoolSettings(), [Target("quick"), Target("good")], Knowledge(draw), draw)
    for number in range(30):
        made.learn(Sample("good", NOW - 30 + number, seconds))
    return made


@pytest.mark.parametrize(
    ("wanted", "takes_s", "budget_s", "chosen"),
    [
        ("good", 0.5, 1.0, 1),
        ("good", 1.5, 1.0, None),
        ("good", 0.5, 0.0, None),
        ("unknown", 0.5, 1.0, None),
        (None, 0.5, 1.0, None),
    ],
)
def test_a_better_target_when_there_is_time(
    wanted: str | None, takes_s: float, budget_s: float, chosen: int | None
) -> None:
    ask = Ask(budget_s=budget_s)
    assert better_target(pool(takes_s), TARGETS, Slack(better_target=wanted), ask, NOW) == chosen


def test_a_better_target_that_is_ejected_is_not_asked() -> None:
    made = pool(0.5)
    made.learn(Sample("good", NOW, failure=Failure.AUTH))
    assert better_target(made, TARGETS, Slack(better_target="good"), Ask(budget_s=9.0), NOW) is None


@pytest.mark.parametrize(
    ("model", "early_s", "voice"), [("grand", 0.3, "grand"), ("grand", 0.29, ""), ("grand", -1.0, ""), (None, 9.0, "")]
)
def test_a_better_voice_when_the_answer_was_early(model: str | None, early_s: float, voice: str) -> None:
    assert better_voice(Slack(better_voice_model=model, early_ms=300), early_s) == voice


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        (None, ""),
        (Slack(), ""),
        (Slack(filler="  "), ""),
        (Slack(filler="One moment"), "One moment."),
        (Slack(filler=" One moment! "), "One moment!"),
        (Slack(filler="少々お待ちください。"), "少々お待ちください。"),
    ],
)
def test_a_filler_is_a_sentence(slack: Slack | None, said: str) -> None:
    assert filler_of(Model(targets=(), system_prompt="P", slack=slack)) == said
