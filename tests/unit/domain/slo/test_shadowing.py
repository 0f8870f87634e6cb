"""Mirrored turns: the same questions to both models, and who answered worse."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.slo.calls import call, mirrored
from understudy.api.evidence import ShadowStatus, Verdict
from understudy.api.rollout import DEFAULT_SLOS, RatioSignal, RatioSlo, Slo
from understudy.domain.calls.observation import CallObservation, CallPart, Defect, ShadowTurn
from understudy.domain.slo import shadowing
from understudy.domain.slo.policy import JudgePolicy
from understudy.domain.slo.shadowing import Asked

STRICT = JudgePolicy(min_calls=30, evidence_needed=100)
CALLS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40)
QUICK, LATE = 300.0, 5000.0


def shadowed(stable: int, canary: int, turns: int = 4) -> CallObservation:
    """A call of so many turns, of which the first ones were late."""
    return mirrored(*((LATE if n < stable else QUICK, LATE if n < canary else QUICK) for n in range(turns)))


def after(pairs: list[tuple[int, int]]) -> ShadowStatus:
    """What mirrored calls with so many late turns of four, on stable and on the canary, have shown."""
    return shadowing.hear(ShadowStatus(), (shadowed(*pair) for pair in pairs), DEFAULT_SLOS)


@pytest.mark.parametrize(
    ("turn", "bad"),
    [
        (ShadowTurn(canary_ms=QUICK), 0.0),
        (ShadowTurn(canary_ms=LATE), 1.0),
        (ShadowTurn(canary_ms=1000, other_ms=150), 0.0),
        (ShadowTurn(canary_ms=1000, other_ms=250), 1.0),
        (ShadowTurn(canary_ms=None), 1.0),
        (ShadowTurn(canary_ms=QUICK, canary_defects=(Defect.EMPTY,)), 1.0),
        (ShadowTurn(canary_ms=QUICK, canary_defects=(Defect.REPROMPT,)), 1.0),
        (ShadowTurn(canary_ms=QUICK, stable_defects=(Defect.REPROMPT,)), 0.0),
    ],
)
def test_a_mirrored_turn_is_bad_when_it_was_late_empty_or_failed(turn: ShadowTurn, bad: float) -> None:
    """The latency objective holds for the whole turn, of which the rest is the same on both."""
    found = shadowing.badness([turn], Asked.of(DEFAULT_SLOS))
    assert found is not None
    assert found[1] == bad


def test_what_makes_a_turn_bad_is_what_the_slos_ask() -> None:
    """Without an SLO on turns time does not matter; a dry run asks nothing; an empty answer is bad in any case."""
    reprompts = Slo(name="r", ratio=RatioSlo(signal=RatioSignal.REPROMPTS, max_percent=5))
    assert Asked.of([reprompts]) == Asked(None, frozenset({Defect.EMPTY, Defect.REPROMPT}), 0.0, shadowing.MARGIN)
    tried = [slo.model_copy(update={"dry_run": True}) for slo in DEFAULT_SLOS]
    assert Asked.of(tried) == Asked(None, frozenset({Defect.EMPTY}), 0.0, shadowing.MARGIN)
    assert Asked.of(DEFAULT_SLOS) == Asked(1200, frozenset(Defect), 0.0, 0.02)


@pytest.mark.parametrize(
    ("pairs", "verdict", "reason"),
    [
        ([], Verdict.INSUFFICIENT, "NoCalls"),
        ([(0, 0)] * 9, Verdict.INSUFFICIENT, "TooFewCalls"),
        ([(0, 0)] * 10, Verdict.PASS, "Passed"),
        ([(4, 4)] * 10, Verdict.PASS, "Passed"),
        ([(4, 0)] * 10, Verdict.PASS, "Passed"),
        ([(0, 4)] * 10, Verdict.FAIL, "Worse"),
        ([(0, 4)] * 4, Verdict.INSUFFICIENT, "TooFewCalls"),
        ([(0, 0)] * 9 + [(0, 4)], Verdict.INSUFFICIENT, "NotProven"),
        ([(0, 0)] * 1000 + [(0, 4)] * 30, Verdict.FAIL, "Worse"),
    ],
)
def test_verdicts(pairs: list[tuple[int, int]], verdict: Verdict, reason: str) -> None:
    """A model that is bad on both arms is not the canary's fault; a late regression is found all the same."""
    reading = shadowing.read(after(pairs), DEFAULT_SLOS, STRICT, min_calls=10)
    assert (reading.verdict, reading.reason) == (verdict, reason)


@given(CALLS, st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_expected_to_be_gained_while_the_canary_is_no_worse(
    before: list[tuple[int, int]], one: float, other: float
) -> None:
    """After any calls and for any two chances of a bad call, on the same turns: a fair game at best."""
    status, stable, canary = after(before), max(one, other), min(one, other)
    expected = sum(
        (stable if s else 1 - stable)
        * (canary if c else 1 - canary)
        * shadowing.evidence(shadowing.hear(status, [shadowed(4 * s, 4 * c)], DEFAULT_SLOS))
        for s in (0, 1)
        for c in (0, 1)
    )
    assert expected <= shadowing.evidence(status) * (1 + 1e-9)


@given(CALLS, st.integers(0, 40))
def test_a_restart_changes_no_number(pairs: list[tuple[int, int]], cut: int) -> None:
    """Status written as JSON and read again goes on to exactly the same status."""
    half = ShadowStatus.model_validate_json(after(pairs[:cut]).model_dump_json(by_alias=True))
    whole = shadowing.hear(half, (shadowed(*pair) for pair in pairs[cut:]), DEFAULT_SLOS)
    assert whole == after(pairs)


@pytest.mark.parametrize("chance", [0.02, 0.3])
def test_equal_models_are_hardly_ever_blamed(chance: float) -> None:
    """Looked at after every call, at alpha 1 %."""
    blamed = 0
    for seed in range(200):
        dice, status = random.Random(seed), ShadowStatus()
        for _ in range(100):
            late = [sum(dice.random() < chance for _ in range(4)) for _ in range(2)]
            status = shadowing.hear(status, [shadowed(*late)], DEFAULT_SLOS)
            if STRICT.fails(shadowing.evidence(status), status.calls):
                blamed += 1
                break
    assert blamed <= 4


def test_calls_without_mirrored_turns_and_the_ends_of_long_calls_say_nothing() -> None:
    """Each mirrored call counts once, also where it is told in two parts."""
    first = shadowed(0, 4).model_copy(update={"part": CallPart.TURNS})
    last = first.model_copy(update={"part": CallPart.END})
    status = shadowing.hear(ShadowStatus(), [call(), first, last], DEFAULT_SLOS)
    assert (status.calls, status.turns, status.stable_bad, status.canary_bad) == (1, 4, 0.0, 1.0)


def test_a_reading_says_what_it_rests_on() -> None:
    reading = shadowing.read(after([(0, 4)] * 3), DEFAULT_SLOS, STRICT, min_calls=10)
    assert (reading.slo, reading.value, reading.stable_value, reading.calls_needed) == ("shadow", 100.0, 0.0, 7)
    assert reading.message.startswith(
        "mirrored turns late, empty or failed: canary 100 %, stable 0 %; the same 12 turns"
    )
    assert reading.message.endswith("3 of 10 calls")
    nothing = shadowing.read(ShadowStatus(), DEFAULT_SLOS, STRICT, min_calls=10)
    assert nothing.message == "mirrored turns: no data; 0 of 10 calls"
