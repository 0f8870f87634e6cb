"""What is known of a voice's timing."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.pace import ENOUGH, LONGEST_S, UNKNOWN_S, Onset, Tempo

TEXTS = [
    "One moment please.",
    "We open at nine, and the kitchen closes at ten.",
    "Yes.",
    "A table for two on Friday?",
    "Thank you very much for calling us today, and goodbye.",
]


def learned(*seconds: float) -> Onset:
    onset = Onset()
    for value in seconds:
        onset = onset.learn(value)
    return onset


def test_an_unknown_voice_is_waited_for() -> None:
    assert Onset().patience == UNKNOWN_S
    assert learned(0.1).patience == UNKNOWN_S


def test_a_quick_and_steady_voice_is_not_waited_for_long() -> None:
    """100 ms, always: something is wrong after 200."""
    assert learned(*[0.1] * 10).patience == pytest.approx(0.2)


@given(st.lists(st.floats(0.01, 10.0), min_size=ENOUGH, max_size=60))
def test_patience_is_more_than_the_mean_and_bounded(seconds: list[float]) -> None:
    onset = learned(*seconds)
    assert min(onset.mean, LONGEST_S) <= onset.patience <= LONGEST_S


def test_a_voice_is_known_after_a_few_texts() -> None:
    """By words and characters together: 0.1 s a word and 0.05 s a character."""
    draw, tempo = random.Random(1), Tempo()
    for _ in range(20):
        text = draw.choice(TEXTS)
        tempo.learn(text, 0.1 * len(text.split()) + 0.05 * len(text.replace(" ", "")))
    expected = tempo.expected("I am sorry, but we are closed on Mondays.")
    assert expected == pytest.approx(0.1 * 9 + 0.05 * 33, rel=0.05)
    assert tempo.least(TEXTS[1]) > 0.8 * (tempo.expected(TEXTS[1]) or 0)


def test_an_irregular_voice_is_judged_leniently() -> None:
    draw, tempo = random.Random(1), Tempo()
    for _ in range(30):
        text = draw.choice(TEXTS)
        tempo.learn(text, 0.07 * len(text) * draw.uniform(0.6, 1.4))
    assert tempo.least(TEXTS[1]) == pytest.approx(0.5 * (tempo.expected(TEXTS[1]) or 0))


def test_an_unknown_voice_is_judged_by_the_others_and_by_what_nobody_can_say() -> None:
    others = Tempo()
    new = Tempo(others)
    text = TEXTS[1]
    assert new.least(text) == pytest.approx(sum(map(str.isalnum, text)) / 22)
    for _ in range(20):
        others.learn(text, 4.0)
    assert new.least(text) == pytest.approx(4.0 * 0.8, rel=0.05)


def test_how_a_voice_ends_is_known_after_some_texts() -> None:
    """Of a voice that dies away at the end; a single abrupt one is a fault of the text's, two are its manner."""
    others = Tempo()
    voice = Tempo(others)
    for _ in range(10):
        assert not voice.dies_away()
        voice.learn(TEXTS[1], 3.0, soft=True)
        if voice.dies_away():
            break
    assert voice.dies_away()
    assert Tempo(others).dies_away()
    for _ in range(3):
        voice.learn(TEXTS[1], 3.0, soft=False)
    assert not voice.dies_away()


def test_what_was_asked_to_be_fast_may_be() -> None:
    assert Tempo(speed=2.0).least(TEXTS[1]) == pytest.approx(Tempo().least(TEXTS[1]) / 2)


def test_the_silence_behind_a_text_tells_whether_it_is_its_end() -> None:
    """Of a voice that always ends in 30 ms of it; of one whose endings differ, little is said."""
    steady, varied = Tempo(), Tempo()
    assert steady.tails() == (0.0, math.inf)
    for number in range(20):
        steady.learn(TEXTS[1], 3.0, soft=True, tail=0.03)
        varied.learn(TEXTS[1], 3.0, soft=True, tail=0.05 + 0.1 * (number % 3))
    shortest, longest = steady.tails()
    assert 0.0 < shortest < 0.03 < longest < 0.3
    assert varied.tails()[0] < 0.0
    assert varied.tails()[1] > 0.4


def test_share_of_a_text() -> None:
    tempo = Tempo()
    for _ in range(5):
        tempo.learn(TEXTS[1], 3.0)
    assert tempo.share(TEXTS[1], 1.5) == pytest.approx(0.5, rel=0.05)
    assert tempo.share(TEXTS[1], 9.0) == 1.0
    assert 0.0 < Tempo().share(TEXTS[1], 1.0) < 1.0
