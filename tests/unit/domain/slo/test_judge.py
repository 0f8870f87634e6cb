"""The verdict on one SLO: early, and hardly ever by chance (O6, P2)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.slo.worlds import Draw, greatest_odds, often, share, simulate, slo
from understudy.api.evidence import JudgeState, Verdict
from understudy.api.rollout import Slo
from understudy.domain.routing.document import Arm
from understudy.domain.slo import judge
from understudy.domain.slo.betting import Terms
from understudy.domain.slo.policy import JudgePolicy

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


def test_worse_by_no_more_than_the_tolerance_is_no_fail() -> None:
    """A difference that the user calls none rolls nothing back; by default every difference beyond chance does."""
    for tolerance, verdict in ((0, Verdict.FAIL), (40, Verdict.PASS)):
        asked = slo(max_percent=50, margin_percent=45, tolerance_percent=tolerance)
        state = after([0.3] * 300, [0.0] * 300, asked=asked)
        assert judge.decide(state, asked, DEMO)[0] is verdict


def test_pass_waits_for_proof_where_proof_is_asked_for() -> None:
    """Eight good calls show no difference and prove nothing; what is still needed is said (O6)."""
    asked = slo(max_percent=5, margin_percent=5)
    strict = JudgePolicy.sharing(8, 5, tests=3, false_promotion_percent=1)
    early, late = after([0.0] * 8, [0.0] * 8, asked=asked), after([0.0] * 400, [0.0] * 400, asked=asked)
    assert judge.decide(early, asked, DEMO)[0] is Verdict.PASS
    assert judge.decide(early, asked, strict) == (Verdict.INSUFFICIENT, "MoreProofNeeded")
    assert judge.decide(late, asked, strict) == (Verdict.PASS, "Passed")
    reading = judge.read(after([0.0] * 60, [0.0] * 60, asked=asked), asked, strict)
    assert reading.proof_needed == 100
    assert reading.calls_needed
    assert f"about {reading.calls_needed} more canary calls" in reading.message


@pytest.mark.parametrize(("weight", "stable"), [(10, 0.02), (50, 0.2), (80, 0.7)])
def test_a_canary_that_is_worse_by_the_margin_is_hardly_ever_passed(weight: int, stable: float) -> None:
    """Looked at after every call, the share of false proofs stays within beta, and so for each beta."""
    terms = Terms(weight / 100, 0.0, 0.05)
    _, proof = greatest_odds(stable + 0.05, stable, terms=terms, rollouts=3000, calls=600, seed=weight)
    for beta in (0.2, 0.05, 0.01):
        assert (proof >= 1 / beta).mean() <= beta


def test_a_state_of_an_older_release_keeps_its_counts_and_starts_its_bets_anew() -> None:
    """An upgrade in mid-rollout loses evidence, and neither calls nor its mind."""
    old = {"slo": "bad", "canaryCalls": 7, "canarySum": 2.0, "comparedCalls": 14, "comparedSum": 2, "rounds": 7}
    old |= {"logWealth": [0.1, 0.2, 0.3, 0.4, 0.5], "waitingCanary": [1.0], "waitingStable": []}
    state = judge.update(JudgeState.model_validate(old), Arm.CANARY, 1.0, ASKED, 50)
    assert (state.canary_calls, state.canary_sum, state.compared_calls) == (8, 3.0, 1)
    assert judge.decide(state, ASKED, DEMO)[0] is Verdict.INSUFFICIENT


@pytest.mark.parametrize(("weight", "arm"), [(0, Arm.CANARY), (0, Arm.STABLE), (100, Arm.STABLE)])
def test_a_call_whose_arm_was_not_drawn_by_lot_is_counted_and_not_compared(weight: int, arm: Arm) -> None:
    """What still ends when all calls go to one arm already: there is nothing at the same time to hold it against."""
    state = judge.update(judge.start(ASKED), arm, 1.0, ASKED, weight)
    assert state.canary_calls + state.stable_calls == 1
    assert (state.compared_calls, state.alone_calls) == (0, 0)


@pytest.mark.parametrize(("times", "seeds"), [(1.0, 12), (5.0, 12)])
def test_a_regression_after_many_good_calls_is_found(times: float, seeds: int) -> None:
    """The reserve is bet anew: two hundred good calls hide a bad one for a few dozen calls at most."""
    found = []
    for seed in range(seeds):
        dice, state = random.Random(seed), judge.start(ASKED)
        while state.canary_calls < 260 and judge.decide(state, ASKED, DEMO)[0] is not Verdict.FAIL:
            arm = Arm.CANARY if dice.random() < 0.5 else Arm.STABLE
            chance = min(1.0, 0.02 + 0.15 * times) if arm is Arm.CANARY and state.canary_calls >= 200 else 0.02
            state = judge.update(state, arm, share(chance, 8)(dice), ASKED, 50)
        found.append(200 < state.canary_calls < 260)
    assert sum(found) >= 0.9 * seeds


def test_with_every_call_on_the_canary_the_objective_alone_decides() -> None:
    """At weight 100 there is no stable to compare with."""
    assert judge.decide(after([1.0] * 8, [], weight=100), ASKED, DEMO) == (Verdict.FAIL, "MissesObjective")
    assert judge.decide(after([0.0] * 8, [], weight=100), ASKED, DEMO) == (Verdict.PASS, "Passed")


@pytest.mark.parametrize(("weight", "chance"), [(50, 0.02), (50, 0.4), (10, 0.3), (80, 0.1), (1, 0.02)])
def test_identical_arms_are_blamed_no_more_often_than_allowed(weight: int, chance: float) -> None:
    """Looked at after every call: the share of false alarms stays within alpha, and so for each alpha."""
    terms = Terms(weight / 100, 0.0, 0.05)
    evidence, _ = greatest_odds(chance, chance, terms=terms, rollouts=3000, calls=600, seed=weight)
    for alpha in (0.2, 0.05, 0.01):
        assert (evidence >= 1 / alpha).mean() <= alpha


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
        for seed in range(40)
    ]
    assert sum(each.verdict is Verdict.FAIL for each in outcomes) >= 36


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
