"""A transcriber that keeps its connection and does nothing useful is noticed; a silent caller is no failure."""

import pytest

from understudy.domain.speech.codec import Ack, Traits
from understudy.domain.speech.failure_watch import (
    ANSWER_LEAST_S,
    ANSWER_S,
    DEAF,
    DEAF_LEAST_S,
    DEAF_S,
    EMPTY,
    EMPTY_S,
    KNOWN,
    FailureWatch,
    Habits,
)

TRAITS = Traits(Ack.WORD)


def watch(habits: Habits | None = None, **traits: bool) -> FailureWatch:
    return FailureWatch(Traits(Ack.WORD, **traits), 0.0, habits)  # type: ignore[arg-type]


def test_silence_while_the_caller_speaks() -> None:
    seen = watch()
    seen.sent(DEAF_S)
    assert seen.verdict(DEAF_S - 0.1) == ""
    assert seen.verdict(DEAF_S) == DEAF


def test_silent_caller_proves_nothing() -> None:
    assert watch().verdict(600.0) == ""


def test_replayed_speech_needs_its_time() -> None:
    """Ten seconds of it may be sent at once: the provider has to have had the time to say something."""
    seen = watch()
    seen.sent(10.0)
    assert seen.verdict(1.0) == ""


def test_provider_without_interims_may_be_silent_until_it_is_asked() -> None:
    seen = watch(interims=False)
    seen.sent(20.0)
    assert seen.verdict(20.0) == ""


def test_transcripts_that_stop_in_mid_utterance_are_noticed_the_sooner_the_quicker_they_came() -> None:
    seen, now = watch(), 0.0
    for _ in range(KNOWN):
        now += 0.25
        seen.sent(0.25)
        seen.heard(now, text=True)
    seen.sent(DEAF_LEAST_S)
    assert seen.verdict(now + DEAF_LEAST_S) == DEAF


def test_habits_are_known_from_other_calls() -> None:
    habits = Habits()
    for _ in range(KNOWN):
        habits.gaps.learn(0.5)
    seen = watch(habits)
    seen.sent(2.0)
    assert (seen.verdict(1.9), seen.verdict(2.0)) == ("", DEAF)


def test_empty_transcripts_are_given_longer_and_are_another_verdict() -> None:
    """It hears; it may be noise."""
    seen = watch()
    seen.heard(0.0, text=False)
    seen.sent(EMPTY_S)
    assert (seen.verdict(EMPTY_S - 0.1), seen.verdict(EMPTY_S)) == ("", EMPTY)
    seen.armed = False
    assert seen.verdict(EMPTY_S) == ""


def test_doubt_counts_at_once() -> None:
    seen = watch()
    seen.doubt()
    assert seen.verdict(0.0) == EMPTY


@pytest.mark.parametrize(("known", "patience"), [(0, ANSWER_S), (KNOWN, ANSWER_LEAST_S)])
def test_unanswered_finalize(known: int, patience: float) -> None:
    """Of a provider that answers quickly an answer is missed soon."""
    habits = Habits()
    for _ in range(known):
        habits.answers.learn(0.2)
    seen = watch(habits)
    seen.asked(1, 0.0, speech=True)
    assert (seen.verdict(patience - 0.1), bool(seen.verdict(patience))) == ("", True)


def test_answered_or_covered_finalize_is_not_missed() -> None:
    answered, covered = watch(), watch()
    for seen in (answered, covered):
        seen.asked(1, 0.0, speech=True)
    answered.answered(1, 0.1)
    covered.settled()
    assert (answered.verdict(60.0), covered.verdict(60.0)) == ("", "")


def test_two_unanswered_finalizes_without_speech() -> None:
    """One may be skipped where there is nothing to transcribe; silence to two, and to all else, is death."""
    seen = watch()
    seen.asked(1, 0.0, speech=False)
    assert seen.verdict(60.0) == ""
    seen.asked(2, 1.0, speech=False)
    assert seen.verdict(ANSWER_S) == "says nothing"
    seen.alive()
    assert seen.verdict(60.0) == ""
