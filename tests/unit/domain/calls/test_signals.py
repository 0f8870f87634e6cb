"""What a call tells besides its turns. Times are seconds since the call was accepted."""

from collections.abc import Callable

import pytest

from understudy.domain.calls.ledger import TALKED_OVER_FRAMES, Ledger
from understudy.domain.calls.observation import JUDGED_TURNS, CallEnd, CallPart, Defect
from understudy.domain.routing.document import Arm

LOUD, QUIET = 60.0, 2.0
FRAME_S = 0.02


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(call_id="CA1", revision="aaaaaaaa", arm=Arm.CANARY, budget_ms=1200, started_at=0.0, now=0.0)


def turn(ledger: Ledger, at: float, answer_s: float = 2.0) -> None:
    """The caller speaks, and the answer plays from 0.5 s later on."""
    ledger.caller_frame(LOUD, at)
    ledger.model_request(at + 0.2, rescued=False)
    ledger.model_done(f"Answer at {at}.", 0, at + 0.4)
    ledger.assistant_frame(LOUD, answer_s, at + 0.5)


def talk(ledger: Ledger, at: float, frames: int = TALKED_OVER_FRAMES, level: float = LOUD) -> None:
    """The caller speaks for some frames."""
    for count in range(frames):
        ledger.caller_frame(level, at + count * FRAME_S)


TALKS: dict[str, tuple[int, Callable[[Ledger], None]]] = {
    "while it plays": (1, lambda ledger: talk(ledger, 2.0)),
    "for long": (1, lambda ledger: talk(ledger, 2.0, 50)),
    "briefly": (0, lambda ledger: talk(ledger, 2.0, TALKED_OVER_FRAMES - 1)),
    "noise": (0, lambda ledger: talk(ledger, 2.0, level=QUIET)),
    "after it": (0, lambda ledger: talk(ledger, 3.6)),
    "briefly, cut off": (1, lambda ledger: (talk(ledger, 2.0, 2), ledger.cleared(2.1))[1]),
    "cut off twice": (1, lambda ledger: (talk(ledger, 2.0), ledger.cleared(2.1), ledger.cleared(2.2))[2]),
    "cut off without the caller": (0, lambda ledger: ledger.cleared(2.1)),
    "before it is heard": (0, lambda ledger: (talk(ledger, 1.2, 2), ledger.cleared(1.3))[1]),
}


@pytest.mark.parametrize("how", TALKS)
def test_interruptions(how: str, ledger: Ledger) -> None:
    """An answer plays from 1.5 to 3.5 s."""
    expected, talks = TALKS[how]
    turn(ledger, 1.0)
    talks(ledger)
    assert ledger.finish(CallEnd.CALLER_HUNG_UP, "", 9.0).interruptions == expected


def test_each_answer_is_interrupted_once(ledger: Ledger) -> None:
    for at in (1.0, 5.0, 9.0):
        turn(ledger, at)
        talk(ledger, at + 1.0, 40)
    assert ledger.finish(CallEnd.CALLER_HUNG_UP, "", 20.0).interruptions == 3


def test_a_greeting_that_is_talked_over_is_no_interrupted_answer(ledger: Ledger) -> None:
    ledger.model_request(0.1, rescued=False)
    ledger.assistant_frame(LOUD, 3.0, 0.5)
    talk(ledger, 1.0)
    assert ledger.finish(CallEnd.CALLER_HUNG_UP, "", 9.0).interruptions == 0


def test_failovers_are_counted_by_what_failed(ledger: Ledger) -> None:
    for kind in ("voice", "model", "voice", "transcriber"):
        ledger.failover(kind)
    call = ledger.finish(CallEnd.CALLER_HUNG_UP, "", 9.0)
    assert (call.failovers, call.voice_failovers, call.transcriber_failovers) == (4, 2, 1)


def test_a_call_is_connected_once_an_agent_took_it(ledger: Ledger) -> None:
    assert not ledger.finish(CallEnd.DROPPED, "NoAgentCapacity", 1.0).connected
    ledger.connected()
    assert ledger.finish(CallEnd.DROPPED, "AgentLost", 2.0).connected


def test_the_greeting_is_told_from_turns(ledger: Ledger) -> None:
    ledger.model_request(0.1, rescued=False)
    assert ledger.greeting
    turn(ledger, 1.0)
    assert not ledger.greeting


def test_a_turn_is_found_by_when_it_opened(ledger: Ledger) -> None:
    turn(ledger, 1.0)
    opened = ledger.turn_opened
    assert ledger.record_of(opened) is None, "it goes on"
    turn(ledger, 5.0)
    record = ledger.record_of(opened)
    assert record is not None
    assert record.total_ms == pytest.approx(500)


def test_what_is_wrong_with_an_answer_is_told_at_once(ledger: Ledger) -> None:
    said = "We are open from six to eleven."
    assert ledger.model_done(said, 0, 1.0) == ()
    assert ledger.model_done(said, 0, 2.0) == (Defect.REPEATED,)
    assert ledger.answers == ("we are open from six to eleven",) * 2


def test_a_long_call_is_told_in_two_parts(ledger: Ledger) -> None:
    """Together they say what the whole would have; each thing once."""
    ledger.connected()
    for count in range(JUDGED_TURNS):
        assert not ledger.ripe
        turn(ledger, 10.0 * count)
    turn(ledger, 10.0 * JUDGED_TURNS)
    ledger.tool_result(ok=False)
    assert ledger.ripe
    turns = ledger.so_far(10.0 * JUDGED_TURNS + 1)
    assert not ledger.ripe
    assert (turns.part, len(turns.turns), turns.tool_failures, turns.completed) == (
        CallPart.TURNS,
        JUDGED_TURNS,
        1,
        None,
    )
    whole = ledger.finish(CallEnd.DROPPED, "AgentLost", 999.0)
    end = ledger.last_part(whole)
    assert (whole.part, len(whole.turns)) == (CallPart.WHOLE, JUDGED_TURNS + 1)
    assert (end.part, end.end, end.cause, end.turns, end.tool_failures) == (
        CallPart.END,
        CallEnd.DROPPED,
        "AgentLost",
        (),
        0,
    )


def test_a_usual_call_is_told_whole(ledger: Ledger) -> None:
    turn(ledger, 1.0)
    whole = ledger.finish(CallEnd.CALLER_HUNG_UP, "", 9.0)
    assert ledger.last_part(whole) is whole
