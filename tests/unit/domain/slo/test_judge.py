"""The verdict on one SLO: early, and hardly ever by chance (O6, P2)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.slo.worlds import Draw, often, share, simulate, slo
from understudy.api.rollout import PrometheusSlo, Slo
from understudy.api.status import MAX_WAITING, JudgeState, Verdict
from understudy.domain.routing.document import Arm
from understudy.domain.slo import judge
from understudy.domain.slo.judge import JudgePolicy

DEMO = JudgePolicy.sharing(min_calls=8, false_rollback_percent=5, tests=3)
ASKED = slo(max_percent=5, margin_percent=1)


def after(canary: list[float], stable: list[float], weight: int = 50, asked: Slo = ASKED) -> JudgeState:
    """The judge after these calls, the arms taking turns."""
    state = judge.start(asked)
    for index in range(max(len(canary), len(stable))):
        for arm, calls in ((Arm.CANARY, canary), (Arm.STABLE, stable)):
            if index < len(calls):
                state = judge.update(state, arm, calls[index], asked, weight)
    return state


@pytest.mark.parametrize(
    ("canary", "stable", "verdict", "reason"),
    [
        ([], [0.0] * 50, Verdict.INSUFFICIENT, "NoCalls"),
        ([0.0] * 7, [0.0] * 50, Verdict.INSUFFICIENT, "TooFewCalls"),
        ([0.0] * 8, [0.0] * 8, Verdict.PASS, "Passed"),
        ([0.0] * 8, [], Verdict.PASS, "Passed"),
        ([1.0] * 4, [0.0] * 40, Verdict.INSUFFICIENT, "TooFewCalls"),
        ([1.0] * 6, [0.0] * 6, Verdict.FAIL, "Worse"),
        ([1.0] * 50, [1.0] * 50, Verdict.INSUFFICIENT, "BothArmsBad"),
        ([1.0] + [0.0] * 8, [0.0] * 9, Verdict.INSUFFICIENT, "NotProven"),
        ([1.0] * 200, [], Verdict.INSUFFICIENT, "NotProven"),
    ],
)
def test_verdicts(canary: list[float], stable: list[float], verdict: Verdict, reason: str) -> None:
    """No calls, too few, both arms bad and worse by chance are four different answers, none of them Pass or Fail."""
    assert judge.decide(after(canary, stable), ASKED, DEMO) == (verdict, reason)


def test_worse_beyond_chance_but_within_objective_and_margin_is_no_fail() -> None:
    """A difference that nobody would act on rolls nothing back."""
    lenient = slo(max_percent=50, margin_percent=40)
    state = after([0.3] * 2000, [0.0] * 2000, asked=lenient)
    assert judge.read(state, lenient, DEMO).evidence > DEMO.evidence_needed
    assert judge.decide(state, lenient, DEMO)[0] is Verdict.PASS


def test_with_every_call_on_the_canary_the_objective_alone_decides() -> None:
    """At weight 100 there is no stable to compare with."""
    assert judge.decide(after([1.0] * 8, [], weight=100), ASKED, DEMO) == (Verdict.FAIL, "MissesObjective")
    assert judge.decide(after([0.0] * 8, [], weight=100), ASKED, DEMO) == (Verdict.PASS, "Passed")


def test_a_source_that_does_not_answer_is_an_error() -> None:
    """Error holds the rollout; it is neither Insufficient nor Fail."""
    query = Slo(name="q", prometheus=PrometheusSlo(query="up"))
    assert judge.decide(judge.start(query), query, DEMO) == (Verdict.ERROR, "NoSource")


@pytest.mark.parametrize(("weight", "chance"), [(50, 0.02), (50, 0.4), (10, 0.3), (80, 0.1)])
def test_identical_arms_are_blamed_no_more_often_than_allowed(weight: int, chance: float) -> None:
    """Looked at after every call, with an objective nobody meets: the share of false alarms stays within alpha."""
    strict, alpha, runs = slo(max_percent=0, margin_percent=0), 10, 300
    policy = JudgePolicy.sharing(8, alpha, tests=1)
    world: Draw = share(chance, 4)
    outcomes = [
        simulate(world, world, weight=weight, policy=policy, max_calls=60, seed=seed, asked=strict)
        for seed in range(runs)
    ]
    assert sum(each.verdict is Verdict.FAIL for each in outcomes) <= runs * alpha / 100


def test_an_outage_of_both_arms_blames_nobody() -> None:
    """Both arms turn bad half-way: the canary is held, not failed."""
    dice, state = random.Random(7), judge.start(ASKED)
    for index in range(400):
        arm = Arm.CANARY if dice.random() < 0.5 else Arm.STABLE
        state = judge.update(state, arm, float(index > 200), ASKED, 50)
    assert judge.decide(state, ASKED, DEMO) == (Verdict.INSUFFICIENT, "BothArmsBad")


@pytest.mark.parametrize(
    ("canary", "stable", "weight", "within"),
    [
        (often(1), often(0), 50, 12),
        (share(1, 8), share(0.05, 8), 50, 12),
        (share(0.5, 8), share(0.03, 8), 50, 25),
        (share(0.5, 8), share(0.03, 8), 10, 10),
        (often(0.3), often(0.01), 50, 60),
    ],
)
def test_a_clear_regression_is_found_within_few_canary_calls(
    canary: Draw, stable: Draw, weight: int, within: int
) -> None:
    """Nine of ten simulated rollouts fail within this many canary calls, at alpha 5 % shared by three SLOs."""
    outcomes = [
        simulate(canary, stable, weight=weight, policy=DEMO, max_calls=within, seed=seed, asked=ASKED)
        for seed in range(60)
    ]
    assert sum(each.verdict is Verdict.FAIL for each in outcomes) >= 54


@given(st.lists(st.tuples(st.booleans(), st.floats(min_value=0, max_value=1)), max_size=60), st.integers(0, 60))
def test_a_restart_changes_no_number(calls: list[tuple[bool, float]], cut: int) -> None:
    """State written as JSON and read again goes on to exactly the same state."""

    def run(*, restart: bool) -> JudgeState:
        state = judge.start(ASKED)
        for index, (canary, bad) in enumerate(calls):
            state = judge.update(state, Arm.CANARY if canary else Arm.STABLE, bad, ASKED, 50)
            if restart and index == cut:
                state = JudgeState.model_validate_json(state.model_dump_json(by_alias=True))
        return state

    assert run(restart=True) == run(restart=False)


def test_what_waits_is_bounded() -> None:
    """An arm without calls does not let the status grow with the other's (P15)."""
    assert len(after([], [0.5] * 500).waiting_stable) == MAX_WAITING


def test_a_reading_says_what_it_rests_on() -> None:
    """Metric, value, stable's value, objective, samples and evidence, in the user's own terms (P7)."""
    reading = judge.read(after([1.0] * 6, [0.0] * 6), ASKED, DEMO)
    assert (reading.metric, reading.value, reading.stable_value, reading.threshold) == ("DroppedCalls", 100.0, 0.0, 5.0)
    assert reading.message.startswith(
        "dropped calls: canary 100 %, stable 0 %; objective ≤ 5 %; 6 canary and 6 stable calls; evidence "
    )
    waiting = judge.read(after([0.0] * 3, []), ASKED, DEMO)
    assert "stable no data" in waiting.message
    assert waiting.message.endswith("3 of 8 canary calls")
