"""What a stream of chunks has said, and what an agent may be given of it."""

from typing import Any

import orjson
import pytest

from understudy.domain.routing.completion import Completion, Malformed, Progress, ending


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> bytes:
    return orjson.dumps({"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]})


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        (None, Progress.NOTHING),
        (b"[DONE]", Progress.DONE),
        (chunk({"role": "assistant", "content": ""}), Progress.NOTHING),
        (chunk({"reasoning_content": "hm"}), Progress.NOTHING),
        (b'{"choices":[],"usage":{}}', Progress.NOTHING),
        (chunk({}, "stop"), Progress.NOTHING),
        (chunk({"content": "Hi"}), Progress.USEFUL),
        (chunk({"refusal": "No"}), Progress.USEFUL),
        (chunk({"tool_calls": [{"index": 0}]}), Progress.USEFUL),
        (chunk({"content": "Hi"}, index=1), Progress.USEFUL),
    ],
)
def test_what_counts_as_useful(data: bytes | None, progress: Progress) -> None:
    assert Completion().event(data) is progress


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b"{}", b'{"choices":[1]}', b'{"choices":{}}', b'{"error":{"message":"x"}}']
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        Completion().event(data)


def test_text_is_the_first_choices() -> None:
    completion = Completion()
    for data in (chunk({"content": "Hi"}), chunk({"content": "no"}, index=1), chunk({"content": "!"}, "stop")):
        completion.event(data)
    assert (completion.text, completion.finish_reason, completion.latest) == ("Hi!", "stop", "!")


def test_tool_calls_are_put_together() -> None:
    completion = Completion()
    for delta in (
        {"index": 0, "id": "a", "function": {"name": "book", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"day":'}},
        {"index": 1, "id": "b", "function": {"name": "look", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": "1}"}},
    ):
        completion.event(chunk({"tool_calls": [delta]}))
    assert completion.calling
    completion.event(chunk({}, "tool_calls"))
    assert not completion.calling
    calls = completion.message()["tool_calls"]
    assert [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls] == [
        ("a", "book", '{"day":1}'),
        ("b", "look", "{}"),
    ]


def test_ending_of_a_broken_stream_says_that_it_is_short() -> None:
    completion = Completion()
    completion.event(b'{"id":"","choices":[],"prompt_filter_results":[]}')  # Azure's first chunk has no frame
    completion.event(chunk({"content": "Hi"}))
    first, last = ending(completion.frame).split(b"\n\n")[:2]
    document = orjson.loads(first.removeprefix(b"data: "))
    assert (document["id"], document["choices"][0]["finish_reason"]) == ("c", "length")
    assert last == b"data: [DONE]"
