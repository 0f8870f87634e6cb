"""Events that differ in their text alone."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.likeness import Likeness
from understudy.domain.routing.reading import LIKENESSES, Reading


def event(text: str, *, finish: str | None = None, more: str = "", **delta: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text, **delta}, "logprobs": None, "finish_reason": finish}
    chunk = {"id": "c", "created": 1, "model": "m", "choices": [choice], **({"obfuscation": more} if more else {})}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def of(raw: bytes) -> Likeness | None:
    return Likeness.of(raw, orjson.loads(raw[6:-2]))


def like(text: str) -> Likeness:
    found = of(event(text))
    assert found is not None
    return found


def test_a_row_is_what_follows_and_is_alike() -> None:
    alike = event(" a") + event("") + event(" ü€") + event(" b")
    row = like("x").row(b"before" + alike + event("", finish="stop"), 6)
    assert row is not None
    assert (row.raw, row.texts) == (alike, [" a", "", " ü€", " b"])


def test_padding_may_differ() -> None:
    """OpenAI's chunks end with random letters."""
    found = of(event("x", more="aZ09"))
    assert found is not None
    alike = event(" a", more="k") + event(" b", more="Lmnop")
    row = found.row(alike + event(" c") + event("", finish="stop", more="q"), 0)
    assert row is not None
    assert (row.raw, row.texts) == (alike, [" a", " b"])
    assert found.row(event(" a", more='"'), 0) is None


def test_looking_for_likeness_in_vain_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(Likeness, "of", lambda raw, _: looked.append(raw))
    reading = Reading()
    for number in range(3 * LIKENESSES):
        reading.feed(event(f"word{number} "))
    assert len(looked) == LIKENESSES


@pytest.mark.parametrize(
    "data",
    [
        event('"'),
        event("\n"),
        event("\\"),
        event("x", finish="stop"),
        event("x", more="abc"),
        event("x", role="assistant"),
        event("x")[:-1],
        b": ping\n\n" + event("x"),
        event("x").replace(b'"x"', b'"\xff"'),
        event("x").replace(b'"x"', b'"\x01"'),
        event("x").replace(b'"x"', b'"\\"'),
    ],
)
def test_what_only_a_parser_can_read_is_no_row(data: bytes) -> None:
    assert like("x").row(data, 0) is None


@pytest.mark.parametrize(
    "raw",
    [
        event("x", finish="stop"),
        event("x", role="assistant"),
        event('a "quoted" word'),
        event("x", refusal='"content":"x"'),
        event("x").replace(b'"index":0', b'"index":1'),
        event("x").replace(b'"id":"c"', b'"id":"c","usage":{"prompt_tokens":1}'),
        event("x").replace(b'"id":"c"', b'"content":"x"'),
        b"event: chunk\n" + event("x"),
    ],
)
def test_an_event_that_says_more_than_its_text_is_no_model(raw: bytes) -> None:
    assert of(raw) is None if raw.startswith(b"data") else Likeness.of(raw, orjson.loads(event("x")[6:-2])) is None


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8), st.integers(1, 400), st.sampled_from(["", "padding"]))
def test_rows_say_what_a_parser_would(texts: list[str], read: int, padding: str) -> None:
    """Whatever the texts and the reads; what is taken adds up to the same bytes' content."""
    data = b"".join(event(text, more=padding[: 1 + number % 7]) for number, text in enumerate(texts))
    reading = Reading()
    for at in range(0, len(data), read):
        reading.feed(data[at : at + read])
    reading.feed(event("", finish="stop"))
    assert reading.error is None
    assert reading.completion.text == "".join(texts)
    if reading.useful:
        assert reading.take() == (data + event("", finish="stop"), "".join(texts))


def test_a_row_is_parted_where_a_sentence_ends() -> None:
    """And the event in which it ends is split."""
    reading = Reading()
    reading.feed(event("Yes."))
    reading.feed(event(" I") + event(" do. But") + event(" not"))
    raw, said = reading.take()
    assert said == "Yes. I do."
    assert raw.startswith(event("Yes.") + event(" I"))
    reading.feed(event(" now.", finish="stop"))
    raw, said = reading.take()
    assert (said, raw.endswith(event(" not") + event(" now.", finish="stop"))) == (" But not now.", True)
