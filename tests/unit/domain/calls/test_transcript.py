import pytest

from understudy.domain.calls.transcript import LEFT_OUT, MAX_CHARACTERS, Line, transcript


def user(text: object) -> dict[str, object]:
    return {"role": "user", "content": text}


def assistant(text: object, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": text, **more}


def test_only_what_was_said_is_in_it() -> None:
    """No instructions, no tools and their answers, nothing empty; parts of a message are one text."""
    messages = [
        {"role": "system", "content": "secret prompt"},
        {"role": "developer", "content": "secret prompt"},
        assistant("Hello!"),
        user([{"type": "text", "text": "A table"}, {"type": "image"}, {"type": "text", "text": "for two."}]),
        assistant(None, tool_calls=[{"id": "1"}]),
        {"role": "tool", "content": '{"ok": true}'},
        assistant("  "),
        assistant("Done."),
    ]
    assert transcript(messages) == (
        Line("assistant", "Hello!"),
        Line("caller", "A table for two."),
        Line("assistant", "Done."),
    )


@pytest.mark.parametrize(
    ("unanswered", "heard"),
    [
        ("", ["hi"]),
        ("  ", ["hi"]),
        ("never mind", ["hi", "never mind"]),
        ("Hi!", ["hi"]),
    ],
)
def test_the_callers_last_words_belong_to_it_once(unanswered: str, heard: list[str]) -> None:
    """Heard after the last answer they are in no request; heard before it they are in the dialogue already."""
    lines = transcript([user("hi"), assistant("Hello.")], unanswered)
    assert [line.text for line in lines if line.role == "caller"] == heard


def test_a_long_call_keeps_beginning_and_end() -> None:
    """Whole lines, in order, with a mark where the middle was; bounded."""
    messages = [user(f"{number} " + "x" * 996) for number in range(200)]
    lines = transcript(messages)
    numbers = [int(line.text.split()[0]) for line in lines if line.text != LEFT_OUT]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (0, 199)
    assert [line.text for line in lines].count(LEFT_OUT) == 1
    assert sum(len(line.text) for line in lines) <= MAX_CHARACTERS + len(LEFT_OUT)


def test_one_endless_line_does_not_break_it() -> None:
    lines = transcript([user("x" * (MAX_CHARACTERS + 1)), assistant("Bye.")])
    assert lines == (Line("assistant", LEFT_OUT), Line("assistant", "Bye."))
