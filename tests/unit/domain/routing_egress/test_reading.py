"""What of a stream may be passed on, and when."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.completion import EmptyAnswer, Malformed, NoAnswer
from understudy.domain.routing.joint import Joint
from understudy.domain.routing.reading import MAX_HELD_BYTES, Hold, Reading
from understudy.domain.routing.sse import EventTooLong

DONE = b"data: [DONE]\n\n"
FRAME = {"id": "first", "created": 7, "model": "one"}


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c", "created": 1, "model": "m", "choices": [choice], **more}) + b"\n\n"


def text(*pieces: str) -> bytes:
    return b"".join(event({"content": piece}) for piece in pieces)


def call(arguments: str) -> bytes:
    function = {"name": "book", "arguments": arguments}
    return event({"tool_calls": [{"index": 0, "id": "1", "function": function}]})


def chunks(data: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix(b"data: ") for line in data.split(b"\n\n") if line]
    return [orjson.loads(line) for line in lines if line != b"[DONE]"]


def content(data: bytes) -> str:
    deltas = [choice["delta"] for chunk in chunks(data) for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.parametrize(
    ("pieces", "passed"),
    [
        ([" "], ""),
        (["Sure"], ""),
        (["Sure", ", I"], "Sure,"),
        (["Sure, I can. Which"], "Sure, I can."),
        (["Yes.", " No", " way", "!"], "Yes. No way!"),
        (["It is 3", ".5 eu"], ""),
        (["word " * 60], "word " * 48),
    ],
)
def test_first_clause_then_whole_sentences(pieces: list[str], passed: str) -> None:
    """An event that holds more than may be passed on is split."""
    reading = Reading()
    taken = []
    for piece in pieces:
        reading.feed(text(piece))
        taken.append(reading.take())
    assert "".join(content(data) for data, _ in taken) == "".join(said for _, said in taken) == passed
    assert reading.speakable is bool(passed)


def test_role_keep_alives_and_reasoning_are_not_speakable() -> None:
    reading = Reading()
    reading.feed(b": ping\n\n" + event({"role": "assistant", "content": ""}) + event({"reasoning_content": "Well."}))
    assert not reading.useful
    assert reading.take() == (b"", "")


def test_bytes_pass_as_they_came() -> None:
    """Where nothing is split or renamed, no chunk is written again."""
    stream = [event({"role": "assistant", "content": ""}), text("Hi."), event({}, "stop"), DONE]
    reading = Reading()
    for data in stream:
        reading.feed(data)
    reading.finish()
    assert reading.take() == (b"".join(stream), "Hi.")
    assert (reading.complete, reading.error) == (True, None)


@given(st.text("ab .,!?1", max_size=300), st.integers(1, 40), st.integers(1, 90))
def test_no_character_is_lost_or_repeated(said: str, step: int, read: int) -> None:
    """However the text is cut into events and the events into reads, what is passed on adds up to the answer."""
    stream = text(*(said[at : at + step] for at in range(0, len(said), step))) + event({}, "stop") + DONE
    reading = Reading()
    taken = []
    for at in range(0, len(stream), read):
        reading.feed(stream[at : at + read])
        taken.append(reading.take())
    reading.finish()
    taken.append(reading.take())
    assert "".join(content(data) for data, _ in taken) == "".join(piece for _, piece in taken) == said


def test_tool_calls_pass_when_they_are_whole() -> None:
    """Text before them passes as always."""
    reading = Reading()
    reading.feed(text("One moment.") + call('{"day":'))
    assert reading.take()[1] == "One moment."
    reading.feed(call('"Friday"}'))
    assert (reading.take(), reading.calls_passed) == ((b"", ""), False)
    reading.feed(event({}, "tool_calls"))
    assert len(chunks(reading.take()[0])) == 3
    assert reading.calls_passed


def test_a_tool_call_alone_wins_at_its_end() -> None:
    reading = Reading()
    reading.feed(call("{}"))
    assert (reading.useful, reading.speakable) == (True, False)
    reading.feed(event({}, "tool_calls"))
    assert reading.speakable


@pytest.mark.parametrize(
    ("hold", "data", "passes"),
    [
        (Hold.FIRST_BYTE, text("Su"), True),
        (Hold.FIRST_BYTE, call("{"), False),
        (Hold.NOTHING, call("{"), True),
        (Hold.NOTHING, event({"role": "assistant"}), False),
    ],
)
def test_other_holds(hold: Hold, data: bytes, passes: bool) -> None:  # noqa: FBT001 - a table's column
    reading = Reading(hold)
    reading.feed(data)
    assert bool(reading.take()[0]) is passes


def test_a_foreign_frame_makes_it_one_completion() -> None:
    """A continuation carries the names of the answer it goes on with, and does not begin anew."""
    reading = Reading(joint=Joint("Sure,"))
    reading.feed(event({"role": "assistant", "content": ""}) + text("Sure, ", "we ", "can.") + event({}, "stop") + DONE)
    data, said = reading.take(FRAME)
    assert said == " we can."
    assert all({key: chunk[key] for key in FRAME} == FRAME for chunk in chunks(data))
    assert not any("role" in choice["delta"] for chunk in chunks(data) for choice in chunk["choices"])
    assert data.endswith(DONE)


@pytest.mark.parametrize(
    ("said", "data", "complete"),
    [
        ("Sure,", text("Sure,") + event({}, "stop"), False),
        ("Sure.", text("Sure.") + event({}, "stop"), True),
        ("Sure.", event({}, "stop"), True),
        ("Sure,", text("yes") + event({}, "stop"), True),
        ("Sure,", text("yes") + DONE, True),
        ("Sure,", call("{}") + event({}, "tool_calls"), True),
    ],
)
def test_a_continuation_has_to_finish_the_sentence(said: str, data: bytes, complete: bool) -> None:  # noqa: FBT001
    reading = Reading(joint=Joint(said))
    reading.feed(data)
    reading.finish()
    assert (reading.complete, isinstance(reading.error, EmptyAnswer)) == (complete, not complete)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"data: {oops\n\n", Malformed),
        (b'data: {"error":{}}\n\n', Malformed),
        (event({}, "stop"), EmptyAnswer),
        (DONE, EmptyAnswer),
        (text("Sure"), NoAnswer),
        (b"", NoAnswer),
    ],
)
def test_what_is_no_answer(data: bytes, error: type[Exception]) -> None:
    reading = Reading()
    reading.feed(data)
    reading.finish()
    assert isinstance(reading.error, error)


def test_what_came_before_an_error_can_be_taken() -> None:
    reading = Reading()
    reading.feed(text("Sure. ") + b"data: {oops\n\n")
    assert reading.take()[1] == "Sure."
    assert reading.error is not None


def test_a_finish_reason_is_end_enough() -> None:
    """Servers that close without `[DONE]`."""
    reading = Reading()
    reading.feed(text("Hi") + event({}, "stop"))
    reading.finish()
    assert reading.take()[0].endswith(DONE)


def test_an_endless_beginning_is_given_up() -> None:
    reading = Reading()
    reading.feed(event({"reasoning_content": "x" * 600_000}) * (MAX_HELD_BYTES // 600_000 + 1))
    assert isinstance(reading.error, EventTooLong)


def test_usage_and_model_are_kept() -> None:
    reading = Reading()
    reading.feed(text("Hi") + event({}, "stop", usage={"prompt_tokens": 3}) + DONE)
    assert (reading.completion.usage, reading.completion.frame["model"]) == ({"prompt_tokens": 3}, "m")
