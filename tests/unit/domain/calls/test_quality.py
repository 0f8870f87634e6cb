import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.calls.observation import CallEnd, Defect, TurnRecord
from understudy.domain.calls.quality import completed, defects_of, normal, says_again

LONG = "We have a table for four at seven this evening."


@pytest.mark.parametrize(
    ("answer", "tools", "earlier", "defects"),
    [
        ("", 0, [], (Defect.EMPTY,)),
        (" … ", 0, [], (Defect.EMPTY,)),
        ("", 1, [], ()),
        (LONG, 0, [], ()),
        (LONG, 0, [LONG], (Defect.REPEATED,)),
        (LONG.upper(), 0, ["Good evening.", LONG], (Defect.REPEATED,)),
        (LONG.replace("this", "that"), 0, [LONG], (Defect.REPEATED,)),
        (LONG.replace("four at seven this evening", "six at nine on Friday"), 0, [LONG], ()),
        ("The soup is nine euros.", 0, ["The fish is nine euros."], ()),
        ("Yes, of course.", 0, ["Yes, of course."], ()),
        ("Sorry, could you say that again?", 0, [], (Defect.REPROMPT,)),
        ("Could you please repeat the date?", 0, [], (Defect.REPROMPT,)),
        ("I didn\u2019t quite catch your name.", 0, [], (Defect.REPROMPT,)),
        ("I'm afraid I do not understand.", 0, [], (Defect.REPROMPT,)),
        ("Could you tell me your name?", 0, [], ()),
        ("We don't get fresh fish on Mondays.", 0, [], ()),
        ("You can say yes or no.", 0, [], ()),
        ("I could not get that.", 0, ["I could not get that."], (Defect.REPEATED, Defect.REPROMPT)),
    ],
)
def test_defects_of_an_answer(answer: str, tools: int, earlier: list[str], defects: tuple[Defect, ...]) -> None:
    assert defects_of(answer, tools, tuple(map(normal, earlier))) == defects


@pytest.mark.parametrize(
    ("utterance", "previous", "again"),
    [
        ("I want a table for four", "I want a table for four.", True),
        ("I want a table for four please", "I want a table for four", True),
        ("I want a table for six", "I want a table for four", False),
        ("At seven tonight please", "I want a table for four", False),
        ("Hello", "Hello", False),
    ],
)
def test_a_caller_who_says_the_same_again(utterance: str, previous: str, again: bool) -> None:  # noqa: FBT001
    assert says_again(utterance, previous) is again


@pytest.mark.parametrize(
    ("end", "caller", "answers", "last", "expected"),
    [
        pytest.param(CallEnd.CALLER_HUNG_UP, ["thank you, bye"], [], TurnRecord(), True, id="the caller says goodbye"),
        pytest.param(CallEnd.CALLER_HUNG_UP, ["thanks"], ["Have a nice evening!"], TurnRecord(), True, id="we do"),
        pytest.param(CallEnd.ASSISTANT_ENDED, ["no"], ["Goodbye."], TurnRecord(), True, id="we end it with a goodbye"),
        pytest.param(CallEnd.CALLER_HUNG_UP, ["Never mind, bye."], [], TurnRecord(), False, id="he gives up politely"),
        pytest.param(CallEnd.CALLER_HUNG_UP, ["hello?"], [], TurnRecord(answered=False), False, id="left waiting"),
        pytest.param(
            CallEnd.CALLER_HUNG_UP, ["four"], [LONG], TurnRecord(defects=(Defect.REPEATED,)), False, id="left annoyed"
        ),
        pytest.param(CallEnd.CALLER_HUNG_UP, ["four"], [LONG], TurnRecord(), None, id="left after a fair answer"),
        pytest.param(CallEnd.CALLER_HUNG_UP, [], [], None, None, id="never spoke"),
        pytest.param(CallEnd.DROPPED, ["bye"], ["Goodbye."], TurnRecord(), None, id="dropped: nobody can tell"),
        pytest.param(CallEnd.MAX_DURATION, ["four"], [LONG], TurnRecord(), None, id="time ran out"),
    ],
)
def test_whether_a_call_reached_its_goal(
    end: CallEnd,
    caller: list[str],
    answers: list[str],
    last: TurnRecord | None,
    expected: bool | None,  # noqa: FBT001
) -> None:
    assert completed(end, caller, answers, [last] if last else []) is expected


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_plain_text_is_made_normal_as_any_other(text: str) -> None:
    """The short way for plain text finds the words that the long way finds; an apostrophe leads there."""
    assert normal(text.replace("'", "")) == normal(text.replace("'", "") + " \u00e9").removesuffix("\u00e9").rstrip()
