"""When streamed text can be spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.clauses import LONGEST_UNIT, Sentences, clause_end, sentences_end


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
    whole = ["".join(pieces[: count + 1]) for count in range(len(pieces))]
    completed = [index for index, text in enumerate(whole) if clause_end(text) is not None]
    assert completed[:1] == ([] if completed_by is None else [completed_by])


@pytest.mark.parametrize(
    ("text", "clause", "sentences"),
    [
        ("Sure, I can. Which day", "Sure,", "Sure, I can."),
        ("Yes. No! Well,", "Yes.", "Yes. No!"),
        ("It is 3.5 euros", None, None),
        ('"Yes." Then', '"Yes."', '"Yes."'),
        ("... ", None, None),
        ("word " * 60, "word " * 48, "word " * 48),
    ],
)
def test_where_text_ends(text: str, clause: str | None, sentences: str | None) -> None:
    """What may be passed on: up to the first clause, up to the last whole sentence."""
    assert text[: clause_end(text) or 0] == (clause or "")
    assert text[: sentences_end(text) or 0] == (sentences or "")


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
