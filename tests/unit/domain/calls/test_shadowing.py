"""A mirrored turn as evidence."""

import pytest

from understudy.domain.calls.observation import Defect, TurnRecord
from understudy.domain.calls.shadowing import Heard, shadow_turn

CASES = {
    "what stable's model did not take": (TurnRecord(total_ms=1000, model_ms=400), 400.0, 600.0),
    "never less than nothing": (TurnRecord(total_ms=300, model_ms=400), 400.0, 0.0),
    "nothing was heard": (TurnRecord(transcriber_ms=200, voice_ms=100, answered=False), 400.0, 300.0),
    "stable had no answer": (TurnRecord(total_ms=900, transcriber_ms=200), None, 200.0),
    "nothing is known": (TurnRecord(answered=False), None, 0.0),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rest_of_the_turn(case: str) -> None:
    turn, stable_ms, expected = CASES[case]
    assert shadow_turn(Heard(stable_ms), Heard(500.0), turn).other_ms == expected


def test_both_answers_are_kept_apart() -> None:
    told = shadow_turn(Heard(400.0), Heard(None, (Defect.EMPTY,)), TurnRecord(total_ms=1000))
    assert (told.stable_ms, told.stable_defects) == (400.0, ())
    assert (told.canary_ms, told.canary_defects) == (None, (Defect.EMPTY,))
