"""Going on with an answer that broke off."""

import random
from typing import Any

import pytest

from understudy.apps.simulator.model.reply import answer
from understudy.apps.simulator.script import ModelSettings
from understudy.domain.routing.prompt import continued

ASK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "what are your opening hours"}]
WHOLE = "We are open from noon to eleven, every day of the week."


def said(messages: list[dict[str, Any]], **settings: Any) -> str:
    return answer(messages, [], ModelSettings.model_validate(settings), random.Random(0)).text


@pytest.mark.parametrize("broken_at", [1, len("We are open"), len(WHOLE) - 1])
def test_the_rest_follows_word_for_word_whoever_is_asked(broken_at: int) -> None:
    """By the instruction that our proxy sends, and by an assistant's message at the end."""
    begun = WHOLE[:broken_at]
    for messages in (continued(ASK, begun), [*ASK, {"role": "assistant", "content": begun}]):
        assert begun + said(messages) == WHOLE


def test_white_space_at_the_end_of_what_was_said_is_no_part_of_it() -> None:
    """Clients strip it or not."""
    assert (
        said([*ASK, {"role": "assistant", "content": "We are open "}]) == " from noon to eleven, every day of the week."
    )


def test_nothing_is_left_of_a_whole_answer() -> None:
    assert said(continued(ASK, WHOLE)) == ""


@pytest.mark.parametrize(
    ("continues", "text"),
    [("Overlapping", "are open from noon to eleven, every day of the week."), ("Anew", WHOLE)],
)
def test_a_sloppy_model_repeats_words_or_all_of_it(continues: str, text: str) -> None:
    """What a client has to glue."""
    assert said(continued(ASK, "We are open"), continues=continues) == text


def test_the_rest_of_other_words_is_not_known() -> None:
    """Then the model gives its own answer."""
    assert said(continued(ASK, "Our kitchen is open")) == WHOLE


def test_an_ordinary_dialogue_is_no_request_to_go_on() -> None:
    """A user's message at the end is answered; so is one with a tool call before it."""
    again = [*ASK, {"role": "assistant", "content": "We are open"}, ASK[1]]
    assert said(again).startswith("As I said")
    called = {"role": "assistant", "content": "We", "tool_calls": [{"id": "1"}]}
    assert said([*ASK, called]) == WHOLE


def test_an_answer_can_be_fixed_by_the_script() -> None:
    """And is gone on with like any other."""
    assert said(ASK, answer="One. Two.") == "One. Two."
    assert said(continued(ASK, "One."), answer="One. Two.") == " Two."
