"""The restaurant's conversation: what is understood, what is said, from the messages alone."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from understudy.apps.simulator.caller import dialogue
from understudy.apps.simulator.model import wording
from understudy.apps.simulator.model.conversation import Act, follow
from understudy.apps.simulator.model.reply import Reply, reply
from understudy.apps.simulator.model.understanding import understand
from understudy.apps.simulator.script import Persona

BOOKING = ("can i book a table please", "for four people", "friday evening", "at eight thirty", "my name is johnson")
TOOLS = [
    {"type": "function", "function": {"name": "find_order", "parameters": {}}},
    {
        "type": "function",
        "function": {
            "name": "makeReservation",
            "parameters": {
                "properties": {"party_size": {"type": "integer"}, "date": {}, "hour": {}, "guestName": {}, "note": {}}
            },
        },
    },
]


def says(
    lines: Sequence[str], persona: Persona = Persona.GOOD, tools: Sequence[dict[str, Any]] = (), seed: int = 0
) -> Reply:
    messages = [{"role": "user", "content": line} for line in lines]
    return reply(messages, tools, persona, random.Random(seed))


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("a table for four people", {"people": "four", "wants_table": True}),
        ("Table for 2, please.", {"people": "2", "wants_table": True}),
        ("at eight o'clock", {"time": "eight o'clock", "people": None}),
        ("for eight thirty", {"time": "eight thirty", "people": None}),
        ("half past nine please", {"time": "half past nine"}),
        ("19:30 on Friday evening", {"time": "19:30", "day": "friday evening"}),
        ("my name is johnson", {"name": "johnson"}),
        ("how much is a table", {"topic": "price", "wants_table": False}),
        ("Where can I park?", {"topic": "parking"}),
        ("do you have vegan food", {"topic": "vegetarian"}),
        ("yes that is right", {"yes": True, "no": False}),
        ("no that is wrong", {"no": True}),
        ("no that is all thank you", {"goodbye": True, "no": False}),
        ("Bye!", {"goodbye": True}),
        ("lorem ipsum", {"topic": None, "goodbye": False}),
    ],
)
def test_understanding(text: str, slots: dict[str, object]) -> None:
    """What an utterance says, and what it does not."""
    heard = understand(text)
    assert {name: getattr(heard, name) for name in slots} == slots


@pytest.mark.parametrize(
    ("lines", "acts"),
    [
        ([], (Act.GREET,)),
        (["what time do you open tomorrow"], (Act.HOURS,)),
        (["is there parking nearby"], (Act.PARKING,)),
        (BOOKING[:1], (Act.ASK_PEOPLE,)),
        ([BOOKING[0], "four"], (Act.ASK_DAY,)),
        (BOOKING[:3], (Act.ASK_TIME,)),
        ([*BOOKING[:3], "eight"], (Act.ASK_NAME,)),
        (BOOKING, (Act.CONFIRM,)),
        ([*BOOKING[:4], "johnson"], (Act.CONFIRM,)),
        (["a table for two people on monday at nine o'clock my name is smith"], (Act.CONFIRM,)),
        ([*BOOKING[:2], "do you have vegetarian food"], (Act.VEGETARIAN, Act.ASK_DAY)),
        ([*BOOKING, "yes"], (Act.BOOK,)),
        ([*BOOKING, "no that is wrong"], (Act.START_OVER, Act.ASK_PEOPLE)),
        ([*BOOKING, "yes", "no"], (Act.GOODBYE,)),
        (["thank you goodbye"], (Act.GOODBYE,)),
        (["lorem ipsum"], (Act.OFFER,)),
        (["yes"], (Act.ANYTHING_ELSE,)),
    ],
)
def test_the_next_thing_said_follows_from_everything_before(lines: Sequence[str], acts: tuple[Act, ...]) -> None:
    """A booking goes step by step, in any order of information, with questions in between."""
    assert follow(lines).acts == acts


@pytest.mark.parametrize("persona", [Persona.GOOD, Persona.OTHER_WORDS])
@pytest.mark.parametrize("part", dialogue.load(), ids=lambda part: part.name)
def test_a_good_model_answers_every_built_in_dialogue_without_a_defect(
    part: dialogue.Dialogue, persona: Persona
) -> None:
    """No empty answer, no sentence twice, no request to repeat; the last answer is a goodbye."""
    lines = [line.text for line in part.lines]
    answers = [says(lines[:count], persona).text for count in range(len(lines) + 1)]
    assert all(answers)
    assert len(set(answers)) == len(answers)
    assert not any("repeat" in answer.lower() for answer in answers)
    assert "goodbye" in answers[-1].lower()


def test_the_two_good_models_never_use_the_same_words() -> None:
    """So that one can be told from the other by ear."""
    for count in range(len(BOOKING) + 1):
        assert says(BOOKING[:count]).text != says(BOOKING[:count], Persona.OTHER_WORDS).text


def test_a_confirmed_booking_calls_the_booking_tool_by_whatever_name_it_has() -> None:
    """The arguments go where the parameters' names say, numbers as numbers; what we do not know is left out."""
    answer = says([*BOOKING, "yes that is right"], tools=TOOLS)
    assert (answer.text, answer.tool) == ("", "makeReservation")
    assert json.loads(answer.arguments) == {
        "party_size": 4,
        "date": "friday evening",
        "hour": "eight thirty",
        "guestName": "johnson",
    }


@pytest.mark.parametrize(
    ("result", "said"), [('{"id": 7}', "Your table is booked"), ('{"error": "closed"}', "cannot book that table")]
)
def test_the_tools_result_decides_what_the_caller_hears(result: str, said: str) -> None:
    """An error is not called a success."""
    messages = [{"role": "user", "content": line} for line in [*BOOKING, "yes"]]
    messages.append({"role": "tool", "content": result})
    assert said in reply(messages, TOOLS, Persona.GOOD, random.Random(0)).text


def test_without_tools_a_confirmed_booking_is_simply_confirmed() -> None:
    """No tool, no call."""
    assert says([*BOOKING, "yes"]) == Reply("Your table is booked. Is there anything else?")


def test_a_poor_model_mostly_gives_no_answer_but_greets_well() -> None:
    """Empty, repeated and reprompting answers in about equal parts; repeatable for a seed."""
    messages = [
        {"role": "user", "content": "what are your opening hours"},
        {"role": "assistant", "content": "We are open."},
        {"role": "user", "content": "where are you located"},
    ]
    answers = Counter(reply(messages, [], Persona.POOR, random.Random(seed)).text for seed in range(300))
    assert all(60 < answers[text] < 120 for text in ("", "We are open.", wording.REPROMPT))
    assert 5 < 300 - sum(answers[text] for text in ("", "We are open.", wording.REPROMPT)) < 60
    assert "Copper Kettle" in says([], Persona.POOR).text


def test_content_in_parts_is_read_like_a_string() -> None:
    """OpenAI's other form of content."""
    parts = [{"type": "text", "text": "what are your"}, {"type": "text", "text": "opening hours"}]
    answer = reply([{"role": "user", "content": parts}], [], Persona.GOOD, random.Random(0))
    assert answer == says(["what are your opening hours"])
