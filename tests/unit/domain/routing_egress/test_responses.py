"""The Responses API's requests and events."""

from typing import Any

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.completion import EmptyAnswer, Malformed, NoAnswer
from understudy.domain.routing.responses import ResponsesReading, items, responses_url, spoken, take_whole
from understudy.domain.routing.whole import MAX_WHOLE_BYTES, WholeReader

TARGET = ModelTarget(name="t", account="a", model="m", deployment="d")


def event(kind: str, **fields: Any) -> bytes:
    return b"data: " + orjson.dumps({"type": kind, **fields}) + b"\n\n"


@pytest.mark.parametrize(
    ("provider", "base", "version", "url"),
    [
        ("openai", "https://h/v1", None, "https://h/v1/responses"),
        ("openai", "http://h", None, "http://h/v1/responses"),
        ("azure-openai", "https://r.openai.azure.com", None, "https://r.openai.azure.com/openai/v1/responses"),
        ("azure-openai", "https://r.openai.azure.com", "2024-10-21", "https://r.openai.azure.com/openai/v1/responses"),
    ],
)
def test_urls(provider: str, base: str, version: str | None, url: str) -> None:
    account = Account(name="a", provider=provider, base_url=base, api_version=version)
    assert responses_url(account, TARGET) == url


def test_input_is_a_text_or_items() -> None:
    assert items({"input": "hi"}) == [{"role": "user", "content": "hi"}]
    for wrong in (None, 3, ["hi"]):
        with pytest.raises(ValueError, match="input"):
            items({"input": wrong})


def test_what_was_said_is_told_as_messages() -> None:
    """Calls and their results stay with the provider's items; another agent pod is told words."""
    listed = [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]},
        {"type": "function_call", "name": "book"},
        {"role": "user", "content": "Bye"},
    ]
    assert [(each["role"], each["content"]) for each in spoken(listed)] == [
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "Bye"),
    ]


def test_nothing_passes_before_output() -> None:
    """And then everything that was held back, as it came."""
    first, second = event("response.created"), event("response.output_text.delta", delta="Hi")
    reading = ResponsesReading()
    reading.feed(first)
    assert (reading.take(), reading.useful) == ((b"", ""), False)
    reading.feed(second)
    assert reading.take() == (first + second, "Hi")
    assert reading.take() == (b"", "")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"data: {oops\n\n", Malformed),
        (b"data: []\n\n", Malformed),
        (event("error"), Malformed),
        (event("response.failed"), Malformed),
        (event("response.completed", response={}), EmptyAnswer),
        (event("response.output_text.delta", delta="Hi"), NoAnswer),
    ],
)
def test_what_is_no_answer(data: bytes, error: type[Exception]) -> None:
    reading = ResponsesReading()
    reading.feed(data)
    reading.finish()
    assert isinstance(reading.error, error)


def test_calls_and_usage_are_taken_from_the_end() -> None:
    call = {"type": "function_call", "call_id": "1", "name": "book", "arguments": "{}"}
    response = {"model": "m-1", "output": [call], "usage": {"input_tokens": 3, "output_tokens": 2}}
    reading = ResponsesReading()
    reading.feed(event("response.function_call_arguments.delta", delta="{}"))
    reading.take()
    assert reading.calls_passed
    reading.feed(event("response.completed", response=response))
    reading.finish()
    assert (reading.complete, reading.error, reading.completion.tool_calls) == (True, None, 1)
    assert reading.completion.usage == {"prompt_tokens": 3, "completion_tokens": 2}
    assert reading.completion.frame["model"] == "m-1"


@pytest.mark.parametrize(("body", "error"), [(b"{", Malformed), (b"{}", Malformed), (b'{"output":[]}', EmptyAnswer)])
def test_whole_answers_that_are_none(body: bytes, error: type[Exception]) -> None:
    reading = WholeReader(take_whole)
    reading.feed(body)
    reading.finish()
    assert isinstance(reading.error, error)


def test_a_whole_response_is_bounded() -> None:
    """A provider that never ends does not fill our memory."""
    reading = WholeReader(take_whole)
    reading.feed(b" " * (MAX_WHOLE_BYTES + 1))
    assert isinstance(reading.error, Malformed)
