"""One answer a `Finalize`, text where there is some, and audio kept until it is final."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.codec import AudioFormat, Notice, Result
from understudy.domain.speech.listening import Listening, ToAgent
from understudy.domain.speech.replay import KEPT_S, AudioLog

AUDIO = AudioFormat("linear16", 8000, 1)
SECOND = b"\0" * AUDIO.bytes_per_second


def result(text: str, *, final: bool = True, finalize: bool = False, end: float | None = None) -> Result:
    words = [{"word": word, "start": 0.0, "end": 1.0} for word in text.split()]
    message: dict[str, Any] = {
        "type": "Results",
        "start": 0.0,
        "duration": end or 0.0,
        "is_final": final,
        "from_finalize": finalize,
        "channel": {"alternatives": [{"transcript": text, "words": words}]},
    }
    return Result(text, final, finalize, end, message)


def finals(told: list[ToAgent]) -> list[tuple[str, bool]]:
    """(text, answers a Finalize) of each final."""
    return [
        (item.message["channel"]["alternatives"][0]["transcript"], item.message["from_finalize"])
        for item in told
        if item.message.get("is_final")
    ]


def listening(**options: bool) -> Listening:
    socket = Listening(AUDIO, **options)
    socket.connected()
    return socket


def test_held_final_answers_an_empty_finalize() -> None:
    """The provider ended the utterance just before the agent did: the text comes with the answer, once."""
    socket = listening()
    assert finals(socket.received(result("a table"))) == []
    assert socket.holding()
    socket.finalize()
    assert finals(socket.received(result("", finalize=True))) == [("a table", True)]
    assert not socket.holding()


def test_held_final_is_known_as_an_interim_meanwhile() -> None:
    told = listening().received(result("a table"))
    assert [(item.message["is_final"], item.final_text) for item in told] == [(False, "")]


def test_held_final_comes_before_more_text() -> None:
    socket = listening()
    socket.received(result("a table"))
    socket.finalize()
    assert finals(socket.received(result("for two", finalize=True))) == [("a table", False), ("for two", True)]


def test_held_final_is_let_go_when_no_finalize_comes() -> None:
    socket = listening()
    socket.received(result("a table"))
    assert finals(socket.release()) == [("a table", False)]
    assert socket.release() == []


def test_held_final_waits_for_the_answer_that_is_owed() -> None:
    socket = listening()
    socket.received(result("a table"))
    socket.finalize()
    assert socket.release() == []
    assert finals(socket.finalize_overdue()) == [("a table", True)]


def test_provider_turns_are_not_held() -> None:
    """A client that leaves turns to the provider gets its finals at once."""
    assert finals(listening(agent_turns=False).received(result("a table"))) == [("a table", False)]


def test_late_answer_is_not_a_second_one() -> None:
    socket = listening()
    socket.finalize()
    assert finals(socket.finalize_overdue()) == [("", True)]
    told = socket.received(result("late", finalize=True)) + socket.release()
    assert finals(told) == [("late", False)]


def test_silent_connection_is_dead_after_two_finalizes() -> None:
    socket = listening()
    for dead in (False, True):
        socket.finalize()
        socket.finalize_overdue()
        assert socket.is_dead() is dead
    socket.received(Notice({"type": "Metadata"}))
    assert not socket.is_dead()


def test_replay_begins_behind_the_last_final() -> None:
    """What a final covers is not sent again; what it does not is, and unanswered `Finalize`s are asked again."""
    socket = listening()
    for _ in range(4):
        socket.audio(SECOND)
    socket.finalize()
    while socket.next_to_send():
        pass
    socket.received(result("one two", end=2.0))
    socket.connected()
    sent = []
    while item := socket.next_to_send():
        sent.append(item)
    assert [item.is_finalize for item in sent] == [False, False, True]


def test_times_after_a_replay_continue() -> None:
    socket = listening()
    for _ in range(4):
        socket.audio(SECOND)
    socket.received(result("one", end=3.0))
    socket.connected()
    told = socket.received(result("two", final=False, end=1.0))
    assert told[-1].message["start"] == 3.0
    assert told[-1].message["channel"]["alternatives"][0]["words"][0]["end"] == 4.0


def test_answered_finalize_makes_all_before_it_final() -> None:
    """Providers round times; what was asked to be final is."""
    socket = listening()
    socket.audio(SECOND)
    socket.finalize()
    socket.received(result("one", finalize=True, end=0.98))
    socket.connected()
    assert socket.next_to_send() is None


def test_log_is_bounded_and_says_what_it_lost() -> None:
    log = AudioLog(AUDIO.bytes_per_second)
    for _ in range(int(KEPT_S) + 2):
        log.audio(SECOND)
    assert log.lost == 2 * AUDIO.bytes_per_second
    assert log.position(log.oldest()) == log.lost


EVENTS = st.lists(
    st.one_of(
        st.just("finalize"),
        st.just("overdue"),
        st.just("release"),
        st.just("reconnect"),
        st.builds(result, st.sampled_from(["", "x"]), final=st.booleans(), finalize=st.booleans()),
    ),
    max_size=40,
)


@given(EVENTS)
def test_exactly_one_answer_a_finalize(events: list[Any]) -> None:
    """Whatever the provider does: as many answers as `Finalize`s, no text twice, none lost."""
    socket = listening()
    told: list[ToAgent] = []
    asked = 0
    for event in events:
        match event:
            case "finalize":
                asked += 1
                socket.finalize()
            case "overdue":
                told += socket.finalize_overdue()
            case "release":
                told += socket.release()
            case "reconnect":
                socket.connected()
            case Result():
                told += socket.received(event)
    while socket.owed:
        told += socket.finalize_overdue()
    told += socket.release()
    assert sum(answer for _, answer in finals(told)) == asked
    spoken = [event for event in events if isinstance(event, Result) and event.final and event.text]
    assert sum(text == "x" for text, _ in finals(told)) == len(spoken)
    assert sum(bool(item.final_text) for item in told) == len(spoken)
