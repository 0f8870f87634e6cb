"""A promoted revision is watched: late regressions are found, and what was no better before is no reason to go back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.slo.worlds import slo
from understudy.api.evidence import JudgeState, Verdict
from understudy.api.rollout import Slo
from understudy.domain.slo import baking, judge
from understudy.domain.slo.policy import JudgePolicy

POLICY = JudgePolicy(min_calls=8, evidence_needed=100)
ASKED = slo(max_percent=5, margin_percent=1)
LOOSE = slo(max_percent=60, margin_percent=5)


def promoted(stable_calls: int, stable_mean: float, asked: Slo = ASKED) -> JudgeState:
    """The judge of a revision promoted past one that had read so much."""
    before = judge.start(asked).model_copy(
        update={
            "stable_calls": stable_calls,
            "stable_sum": stable_calls * stable_mean,
            "canary_calls": 40,
            "canary_sum": 1.0,
            "worse_wealth": (1.0, 50.0, 9.0),
        }
    )
    return baking.start(before, asked)


def after(state: JudgeState, bad: list[float], asked: Slo = ASKED) -> JudgeState:
    for each in bad:
        state = baking.update(state, each, asked, POLICY)
    return state


@pytest.mark.parametrize(
    ("before", "bad", "asked", "verdict", "reason"),
    [
        ((400, 0.0), [], ASKED, Verdict.INSUFFICIENT, "NoCalls"),
        ((400, 0.0), [0.0] * 7, ASKED, Verdict.INSUFFICIENT, "TooFewCalls"),
        ((400, 0.0), [0.0] * 8, ASKED, Verdict.PASS, "Passed"),
        ((400, 0.0), [1.0] * 4, ASKED, Verdict.INSUFFICIENT, "TooFewCalls"),
        ((400, 0.0), [1.0] * 8, ASKED, Verdict.FAIL, "MissesObjective"),
        ((400, 0.0), [0.0] * 500 + [1.0] * 8, ASKED, Verdict.FAIL, "MissesObjective"),
        ((400, 0.0), [0.0] * 500 + [1.0], ASKED, Verdict.PASS, "Passed"),
        ((400, 0.1), [0.5] * 60, LOOSE, Verdict.FAIL, "WorseThanBefore"),
        ((4, 0.1), [0.5] * 60, LOOSE, Verdict.INSUFFICIENT, "NotProven"),
        ((0, 0.0), [0.5] * 60, LOOSE, Verdict.PASS, "Passed"),
        ((400, 0.4), [0.4, 0.3] * 60, ASKED, Verdict.PASS, "Passed"),
        ((400, 0.4), [1.0] * 40, ASKED, Verdict.FAIL, "MissesObjective"),
    ],
)
def test_verdicts(before: tuple[int, float], bad: list[float], asked: Slo, verdict: Verdict, reason: str) -> None:
    """Against the objective and against what was read before; few earlier calls are no yardstick."""
    state = after(promoted(*before, asked), bad, asked)
    assert baking.decide(state, asked, POLICY) == (verdict, reason)


def test_it_starts_with_nothing_but_what_the_one_before_it_read() -> None:
    """What it read as a canary is neither held against it nor a credit."""
    state = promoted(30, 0.1)
    assert state == judge.start(ASKED).model_copy(update={"stable_calls": 30, "stable_sum": 3.0})


@given(st.floats(0, 1), st.integers(1, 400), st.integers(0, 2**32))
def test_the_bound_lies_above_the_reading_and_nears_it(mean: float, calls: int, seed: int) -> None:
    bound = baking.upper_bound(mean, calls, 200)
    assert mean <= bound <= 1
    assert baking.upper_bound(mean, 4 * calls, 200) <= bound + 1e-9
    assert baking.upper_bound(mean, 0, 200) == 1.0, seed


@pytest.mark.parametrize("chance", [0.01, 0.2])
def test_the_bound_is_hardly_ever_too_low(chance: float) -> None:
    """At any number of calls: whoever promotes when stable just looks good gains nothing by it."""
    wrong = 0
    for seed in range(300):
        dice, total = random.Random(seed), 0
        for calls in range(1, 81):
            total += dice.random() < chance
            if baking.upper_bound(total / calls, calls, 20) < chance:
                wrong += 1
                break
    assert wrong <= 300 / 20


@pytest.mark.parametrize(("chance", "allowed"), [(0.05, 5), (0.3, 5), (0.3, 60)])
def test_a_revision_that_is_like_the_one_before_it_is_hardly_ever_sent_back(chance: float, allowed: int) -> None:
    """Looked at after every call, also where both miss the objective."""
    sent_back, asked = 0, slo(max_percent=allowed, margin_percent=1)
    for seed in range(60):
        dice = random.Random(seed)
        earlier = sum(dice.random() < chance for _ in range(200)) / 200
        state = promoted(200, earlier, asked)
        for _ in range(120):
            state = baking.update(state, float(dice.random() < chance), asked, POLICY)
            if baking.decide(state, asked, POLICY)[0] is Verdict.FAIL:
                sent_back += 1
                break
    assert sent_back <= 3


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(0, 30))
def test_a_restart_changes_no_number(bad: list[float], cut: int) -> None:
    """State written as JSON and read again goes on to exactly the same state."""
    half = after(promoted(50, 0.02), bad[:cut])
    assert after(JudgeState.model_validate_json(half.model_dump_json(by_alias=True)), bad[cut:]) == after(
        promoted(50, 0.02), bad
    )


def test_a_reading_says_what_it_rests_on() -> None:
    """Stable's value is what the revision before it read."""
    reading = baking.read(after(promoted(400, 0.1, LOOSE), [0.5] * 60, LOOSE), LOOSE, POLICY)
    assert (reading.value, reading.stable_value, reading.reason) == (50.0, 10.0, "WorseThanBefore")
    assert reading.evidence >= 100
    assert reading.message.endswith("worse than what the revision before it read")
