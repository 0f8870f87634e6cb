"""When streamed text can be spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.clauses import LONGEST_UNIT, FirstClause, Sentences


@pytest.mark.parametrize(
    ("pieces", "completed_by"),
    [
        (["Sure", ",", " I can"], 1),
        (["Sure", ", I can"], 1),
        (["Hello!"], 0),
        (["It is 3", ".", "5 euros", "."], 3),
        (["At 7", ":", "30, ", "yes"], 2),
        (["Dr", ".", " Who", " is", " in."], 4),
        (["…", " well", ","], 2),
        (["はい、", "そうです"], 0),
        (["no mark at all"], None),
        (["x" * (LONGEST_UNIT + 1)], 0),
    ],
)
def test_first_clause(pieces: list[str], completed_by: int | None) -> None:
    clause = FirstClause()
    completed = [index for index, piece in enumerate(pieces) if clause.feed(piece)]
    assert completed == ([] if completed_by is None else [completed_by])


def test_end_of_text_completes_a_clause() -> None:
    clause = FirstClause()
    clause.feed("yes")
    assert clause.finish()
    assert not clause.finish()


def test_nothing_said_is_no_clause() -> None:
    assert not FirstClause().finish()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hi there. Which day?", ["Hi there.", "Which day?"]),
        ("Mr. Who came at 3.5 p.m. sharp.", ["Mr. Who came at 3.5 p.m. sharp."]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("はい。どうぞ。", ["はい。", "どうぞ。"]),
        ("  ", []),
    ],
)
@pytest.mark.parametrize("step", [1, 4, 1000])
def test_sentences(text: str, sentences: list[str], step: int) -> None:
    splitter = Sentences()
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    found = [sentence for piece in pieces for sentence in splitter.feed(piece)]
    assert found + splitter.flush() == sentences


@given(st.text(alphabet="ab .,!?1", max_size=600), st.integers(1, 40))
def test_no_character_is_lost(text: str, step: int) -> None:
    """Sentences hold every character but white space, in order, and none is endless."""
    splitter = Sentences()
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    found = [sentence for piece in pieces for sentence in splitter.feed(piece)] + splitter.flush()
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(sentence) <= LONGEST_UNIT + step for sentence in found)
