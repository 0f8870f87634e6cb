"""Scores of finished calls by rule: read by the same code that reads a real judge's."""

import random
from typing import Any

import pytest

from understudy.apps.simulator.model.judging import NOT_JSON, served
from understudy.apps.simulator.model.reply import answer
from understudy.apps.simulator.model.wording import REPROMPT
from understudy.apps.simulator.script import ModelSettings, Persona
from understudy.domain.calls.answers import judge_messages, judge_score
from understudy.domain.calls.transcript import Line

GREETING = Line("assistant", "Good evening.")
HOURS = [Line("caller", "when do you open"), Line("assistant", "At noon.")]


def judged(messages: list[dict[str, Any]]) -> str:
    return answer(messages, [], ModelSettings(persona=Persona.JUDGE), random.Random(0)).text


@pytest.mark.parametrize(
    ("lines", "score"),
    [
        ([GREETING, *HOURS], 1.0),
        ([GREETING, *HOURS, Line("caller", "where are you"), Line("assistant", REPROMPT)], 0.5),
        ([GREETING, *HOURS, Line("caller", "where are you"), Line("assistant", "At noon.")], 0.5),
        ([GREETING, Line("caller", "hello"), *HOURS], 0.5),
        ([GREETING, *HOURS, Line("assistant", "Anything else?")], 1.0),
        ([GREETING, Line("caller", "hello")], 0.0),
        ([GREETING], 1.0),
    ],
    ids=["answered", "asked again", "repeated", "not answered", "two answers", "the last word", "nothing asked"],
)
def test_the_score_is_the_share_of_turns_that_were_served(lines: list[Line], score: float) -> None:
    assert judge_score(judged(judge_messages("Was the caller served?", lines))) == score
    assert served([line._asdict() for line in lines]) == score


@pytest.mark.parametrize("content", ["what are your opening hours", "[1]", '[{"role": "caller"}]', "7"])
def test_what_is_no_transcript_gets_prose_and_so_no_score(content: str) -> None:
    assert judged([{"role": "user", "content": content}]) == NOT_JSON


def test_a_judge_that_is_asked_nothing_says_what_it_wants() -> None:
    assert judged([{"role": "system", "content": "You score calls."}]) == NOT_JSON
