"""What is written down of the assistant's part in a golden call."""

import json
from typing import Any

from understudy.domain.calls.golden_account import GoldenAccount, GoldenAnswer


def says(text: str | None, *tools: str) -> dict[str, Any]:
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in tools]
    return {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}


def test_answers_are_kept_in_order_with_their_tools() -> None:
    account = GoldenAccount({})
    account.asked([])
    account.answered(says("One moment.", "look_up", "book"))
    account.asked([says("One moment.")])
    account.answered(says(None))
    assert account.answers == [GoldenAnswer("One moment.", ("look_up", "book")), GoldenAnswer("", ())]


def test_an_answer_is_awaited_from_the_question_on_and_after_a_tool_call() -> None:
    account = GoldenAccount({})
    assert not account.unfinished
    account.asked([])
    assert account.unfinished
    account.answered(says(None, "book"))
    assert account.unfinished, "the model is told the result, and goes on"
    account.asked([])
    account.answered(says("Booked."))
    assert not account.unfinished


def test_after_hanging_up_nothing_is_awaited() -> None:
    """`end_call` is the agent's to carry out: no result is told."""
    account = GoldenAccount({})
    account.asked([])
    account.answered(says("Goodbye.", "end_call"))
    assert not account.unfinished


def test_of_an_answer_that_was_talked_over_only_what_was_heard_counts() -> None:
    """The agent's next request tells it."""
    account = GoldenAccount({})
    account.asked([])
    account.answered(says("On which day would you like to come?", "look_up"))
    account.asked([says("On which"), {"role": "user", "content": "Friday."}])
    assert account.answers == [GoldenAnswer("On which", ("look_up",))]


def test_other_words_of_the_agents_change_nothing() -> None:
    """An agent that tells the dialogue in its own way, in parts, or leaves the answer out, proves nothing."""
    told: list[list[dict[str, Any]]] = [
        [],
        [says("On what day")],
        [says("On which day would you like to come?")],
        [{"role": "assistant", "content": [{"type": "text", "text": "On which day would you like to come?"}]}],
    ]
    for dialogue in told:
        account = GoldenAccount({})
        account.answered(says("On which day would you like to come?"))
        account.asked(dialogue)
        assert account.answers[0].text == "On which day would you like to come?"


def test_tools_answer_from_the_script() -> None:
    account = GoldenAccount({"book": {"booked": True}, "count": 3})
    assert [json.loads(account.result_of(name)) for name in ("book", "count", "other")] == [{"booked": True}, 3, {}]
