"""Turns, seen as levels of audio frames and moments of the egress. Times are seconds since the call was accepted."""

from typing import Any

import pytest

from understudy.domain.calls.ledger import VOICE_ALONE_S, Ledger
from understudy.domain.calls.observation import MAX_TURNS, CallEnd, CallObservation, Defect
from understudy.domain.routing.document import Arm

LOUD, QUIET = 60.0, 2.0
START = 1000.0
EPOCH = 1_700_000_000.0


def play(*script: tuple[Any, ...], end: float = 100.0, how: CallEnd = CallEnd.CALLER_HUNG_UP) -> CallObservation:
    """A call that follows `script`: (seconds, what, more…)."""
    ledger = Ledger(call_id="CA1", revision="aaaaaaaa", arm=Arm.CANARY, budget_ms=1200, started_at=EPOCH, now=START)
    steps = {
        "caller": lambda now: ledger.caller_frame(LOUD, now),
        "noise": lambda now: ledger.caller_frame(QUIET, now),
        "said": lambda now, text: ledger.caller_transcript(text, now),
        "request": lambda now: ledger.model_request(now, rescued=False),
        "rescued": lambda now: ledger.model_request(now, rescued=True),
        "clause": ledger.model_clause,
        "answer": lambda now, text, tools=0: ledger.model_done(text, tools, now),
        "to voice": ledger.voice_request,
        "from voice": ledger.voice_audio,
        "heard": lambda now, seconds=0.02: ledger.assistant_frame(LOUD, seconds, now),
        "silence": lambda now: ledger.assistant_frame(QUIET, 0.02, now),
        "clear": ledger.cleared,
    }
    for at, what, *more in script:
        steps[what](START + at, *more)
    return ledger.finish(how, "", START + end)


def test_a_turn_is_split_over_transcriber_model_and_voice() -> None:
    call = play(
        (1.0, "caller"),
        (1.02, "noise"),
        (1.3, "request"),
        (1.7, "clause"),
        (1.75, "to voice"),
        (1.85, "from voice"),
        (1.86, "silence"),
        (1.9, "heard"),
    )
    (turn,) = call.turns
    assert turn.total_ms == pytest.approx(900)
    assert turn.transcriber_ms == pytest.approx(300)
    assert turn.model_ms == pytest.approx(400)
    assert turn.voice_ms == pytest.approx(100)
    assert turn.answered
    assert (call.started_at, call.ended_at) == (EPOCH, EPOCH + 100)


def test_what_was_not_measured_is_absent_and_not_zero() -> None:
    (turn,) = play((1, "caller"), (1.2, "request"), (1.9, "heard")).turns
    assert turn.model_ms is None
    assert turn.voice_ms is None
    assert play().first_response_ms is None


def test_the_greeting_is_no_turn() -> None:
    call = play((0.1, "request"), (0.4, "clause"), (0.6, "heard"))
    assert call.turns == ()
    assert call.first_response_ms == pytest.approx(600)


def test_the_first_of_each_moment_counts() -> None:
    """A request after a tool call, and every later sentence, belong to the same answer."""
    (turn,) = play(
        (1, "caller"),
        (1.2, "request"),
        (1.4, "answer", "", 1),
        (1.6, "request"),
        (1.8, "clause"),
        (2.0, "clause"),
        (2.0, "heard"),
        (3.0, "heard"),
    ).turns
    assert turn.model_ms == pytest.approx(600)
    assert turn.total_ms == pytest.approx(1000)


def test_audio_that_waits_in_the_carrier_is_heard_when_it_is_played() -> None:
    """The agent may send faster than real time: the second answer starts when the first has been played."""
    call = play((1, "caller"), (1.1, "request"), (1.2, "heard", 3.0), (1.3, "caller"), (1.5, "request"), (1.6, "heard"))
    assert [turn.total_ms for turn in call.turns] == pytest.approx([200, 2900])


def test_an_interruption_discards_what_waits() -> None:
    call = play(
        (1, "caller"),
        (1.1, "request"),
        (1.2, "heard", 3.0),
        (1.3, "caller"),
        (1.4, "clear"),
        (1.5, "request"),
        (1.6, "heard"),
    )
    assert [turn.total_ms for turn in call.turns] == pytest.approx([200, 300])


def test_an_answer_that_was_cleared_before_it_was_played_was_not_heard() -> None:
    call = play(
        (1, "caller"),
        (1.1, "request"),
        (1.2, "heard", 2.0),
        (1.3, "caller"),
        (1.5, "request"),
        (1.5, "heard"),
        (1.6, "clear"),
    )
    assert [turn.answered for turn in call.turns] == [True, False]


def test_the_tail_of_the_previous_answer_is_not_the_next_one() -> None:
    call = play(
        (1, "caller"), (1.1, "request"), (1.2, "heard"), (2, "caller"), (2.1, "heard"), (2.5, "request"), (3, "heard")
    )
    assert [turn.total_ms for turn in call.turns] == pytest.approx([200, 1000])


@pytest.mark.parametrize(
    ("goes_on", "answered"),
    [
        pytest.param(2.0, [True], id="within the budget: he was not done, and it is one turn"),
        pytest.param(2.5, [False, True], id="after the budget: he was kept waiting"),
    ],
)
def test_a_caller_who_goes_on_before_an_answer(goes_on: float, answered: list[bool]) -> None:
    call = play((1, "caller"), (1.2, "request"), (goes_on, "caller"), (3, "request"), (3.1, "heard"))
    assert [turn.answered for turn in call.turns] == answered


@pytest.mark.parametrize(("left", "answered"), [(2.0, []), (3.0, [False])])
def test_a_caller_who_leaves_without_an_answer(left: float, answered: list[bool]) -> None:
    """One who says goodbye and hangs up waited for nothing."""
    call = play((1, "caller"), (1.2, "request"), end=left)
    assert [turn.answered for turn in call.turns] == answered


def test_line_noise_opens_no_turn() -> None:
    assert play((1, "noise"), (1.2, "request"), (1.5, "heard")).turns == ()


@pytest.mark.parametrize(
    ("silent_for", "turns"),
    [
        pytest.param(VOICE_ALONE_S + 0.1, 1, id="the agent speaks by itself after a silence"),
        pytest.param(0.1, 0, id="the next sentence of an answer that is being interrupted"),
    ],
)
def test_speech_without_a_model_request(silent_for: float, turns: int) -> None:
    call = play((1, "caller"), (1 + silent_for, "to voice"), (1.2 + silent_for, "heard"), end=1.3 + silent_for)
    assert len(call.turns) == turns


def test_rescued_turns_are_marked_one_by_one() -> None:
    call = play((1, "caller"), (1.1, "request"), (1.2, "heard"), (2, "caller"), (2.1, "rescued"), (2.2, "heard"))
    assert [turn.rescued for turn in call.turns] == [False, True]
    assert call.rescued


def test_a_defect_belongs_to_the_turn_of_the_answer() -> None:
    """The caller's saying it again speaks against the answer before, not the one to come."""
    wish = "I want a table for four tonight"
    call = play(
        (1, "caller"), (1.1, "said", wish), (1.2, "request"), (1.3, "answer", "We open at noon."), (1.4, "heard"),
        (2, "caller"), (2.1, "said", wish), (2.2, "request"), (2.3, "answer", ""), (2.4, "heard"),
        (3, "caller"), (3.1, "said", "Fine"), (3.2, "request"), (3.3, "answer", "Good, see you."), (3.4, "heard"),
    )  # fmt: skip
    assert [turn.defects for turn in call.turns] == [(Defect.REPROMPT,), (Defect.EMPTY,), ()]
    assert call.completed is True


def test_tools_webhooks_and_failovers_are_counted() -> None:
    ledger = Ledger(call_id="CA1", revision="a", arm=Arm.STABLE, budget_ms=1200, started_at=EPOCH, now=START)
    ledger.model_done("", 2, START)
    ledger.tool_result(ok=True)
    ledger.tool_result(ok=False)
    ledger.webhook_result(ok=False)
    ledger.webhook_result(ok=True)
    ledger.failover("model")
    call = ledger.finish(CallEnd.DROPPED, "AgentLost", START)
    assert (call.tool_calls, call.tool_failures) == (2, 1)
    assert (call.webhook_calls, call.webhook_errors) == (2, 1)
    assert (call.failovers, call.cause, call.completed) == (1, "AgentLost", None)


def test_turns_of_an_endless_call_are_bounded() -> None:
    script = [step for turn in range(MAX_TURNS + 5) for step in ((turn, "caller"), (turn, "request"), (turn, "heard"))]
    assert len(play(*script, end=1000).turns) == MAX_TURNS


def ledger() -> Ledger:
    return Ledger(call_id="CA1", revision="aaaaaaaa", arm=Arm.STABLE, budget_ms=1200, started_at=EPOCH, now=START)


def test_a_turns_budget_begins_with_the_callers_last_word() -> None:
    """What the transcriber and the agent took is gone; a greeting has all of it, since nobody has spoken."""
    kept = ledger()
    kept.model_request(START + 3, rescued=False)
    assert kept.budget_left(START + 3) == pytest.approx(1.2)
    kept.caller_frame(LOUD, START + 5)
    kept.model_request(START + 5.4, rescued=False)
    assert kept.budget_left(START + 5.4) == pytest.approx(0.8)
    assert kept.budget_left(START + 7) == pytest.approx(-0.8)


def test_a_request_after_an_answer_is_heard_has_a_budget_of_its_own() -> None:
    """As after a tool call that was announced."""
    kept = ledger()
    kept.caller_frame(LOUD, START + 5)
    kept.model_request(START + 5.4, rescued=False)
    kept.voice_request(START + 5.8)
    kept.assistant_frame(LOUD, 1.0, START + 6)
    assert kept.budget_left(START + 9) == pytest.approx(1.2)


def test_how_long_the_voice_took_is_told_once_a_turn() -> None:
    kept = ledger()
    assert kept.voice_audio(START) is None
    for begin in (START + 5, START + 10):
        kept.caller_frame(LOUD, begin)
        kept.model_request(begin + 0.4, rescued=False)
        kept.voice_request(begin + 0.8)
        assert kept.voice_audio(begin + 1.0) == pytest.approx(0.2)
        assert kept.voice_audio(begin + 1.1) is None


def test_turns_are_told_apart_by_their_beginning() -> None:
    kept = ledger()
    kept.caller_frame(LOUD, START + 5)
    kept.model_request(START + 5.4, rescued=False)
    first = kept.turn_opened
    kept.model_request(START + 6, rescued=False)
    assert kept.turn_opened == first
    kept.caller_frame(LOUD, START + 8)
    kept.model_request(START + 8.4, rescued=False)
    assert kept.turn_opened != first
