"""How loud a frame of the assistant is, where nobody needs to know."""

from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.loudness import AUDIBLE
from understudy.domain.calls.observation import CallEnd
from understudy.domain.routing.document import Arm

STEPS = st.lists(st.sampled_from(["caller", "request", "loud", "quiet", "clear", "voice"]), max_size=40)


def ledger() -> Ledger:
    return Ledger(call_id="CA1", revision="a", arm=Arm.STABLE, budget_ms=1200, started_at=0, now=0.0)


def step(kept: Ledger, what: str, level: float, now: float) -> None:
    match what:
        case "caller":
            kept.caller_frame(AUDIBLE, now)
        case "request":
            kept.model_request(now, rescued=False)
        case "clear":
            kept.cleared(now)
        case "voice":
            kept.voice_request(now)
        case _:
            kept.assistant_frame(level, 0.02, now)


@given(STEPS)
def test_a_ledger_that_does_not_ask_is_none_the_wiser(script: list[str]) -> None:
    """What it is told then changes nothing of what it finds."""
    told, spared = ledger(), ledger()
    for number, what in enumerate(script):
        now = number * 0.3
        level = AUDIBLE if what == "loud" else 0.0
        step(told, what, level, now)
        step(spared, what, level if spared.awaits_sound else 0.0, now)
    assert told.finish(CallEnd.CALLER_HUNG_UP, "", 100) == spared.finish(CallEnd.CALLER_HUNG_UP, "", 100)
    assert told.plays_until == spared.plays_until


def test_only_the_beginning_of_an_answer_has_to_be_heard() -> None:
    kept = ledger()
    asks = [kept.awaits_sound]
    for what in ("loud", "caller", "request", "quiet", "loud", "loud"):
        step(kept, what, AUDIBLE if what == "loud" else 0.0, 1.0)
        asks.append(kept.awaits_sound)
    assert asks == [True, False, False, True, True, False, False]
