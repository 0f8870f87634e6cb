"""A model target that fails before its first useful output is replaced by the next; after it nothing is repeated."""

import asyncio
import json

import pytest

from .conftest import Serve, StartProxy, models
from .fake_model import TEXT, FakeModel


def said(stream: str) -> str:
    """The text that an agent reads from a stream, which has to be a proper one."""
    events = [line[6:] for line in stream.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


@pytest.mark.parametrize(
    "part",
    [
        "hang",
        "headers_then_hang",
        "keep_alive_only",
        "role_then_hang",
        "cut_at_once",
        "malformed",
        "error_in_stream",
        "empty",
        "half_a_tool",
    ],
)
async def test_next_target_answers(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    """Whatever the first target does short of useful output, the agent gets the second's answer and only that."""
    bad, good = FakeModel(part), FakeModel()
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    async with await proxy.chat(stream=True) as response:
        assert response.headers["X-Understudy-Target"] == "t1"
        assert said(await response.text()) == TEXT
    assert ("failover", "model") in proxy.call.ledger.entries
    assert proxy.metric("understudy_provider_failovers_total", part="model", account="a1") == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("stream", [True, False])
async def test_error_status_goes_to_the_next(
    status: int, *, stream: bool, serve: Serve, start_proxy: StartProxy
) -> None:
    bad, good = FakeModel(status=status), FakeModel()
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    async with await proxy.chat(stream=stream) as response:
        assert response.status == 200
        text = await response.text()
    assert (said(text) if stream else json.loads(text)["choices"][0]["message"]["content"]) == TEXT
    assert proxy.credentials.refused == (["a0"] if status == 401 else [])


async def test_connection_refused_goes_to_the_next(serve: Serve, start_proxy: StartProxy) -> None:
    good = FakeModel()
    proxy = await start_proxy(models("http://127.0.0.1:1", await serve(good.route())))
    async with await proxy.chat(stream=True) as response:
        assert said(await response.text()) == TEXT


async def test_missing_key_goes_to_the_next(serve: Serve, start_proxy: StartProxy) -> None:
    """A target whose key may not be used is never asked."""
    first, good = FakeModel(), FakeModel()
    proxy = await start_proxy(models(await serve(first.route()), await serve(good.route())))
    del proxy.credentials.keys["a0"]
    async with await proxy.chat(stream=True) as response:
        assert said(await response.text()) == TEXT
    assert first.requests == []


@pytest.mark.parametrize("part", ["cut_after_two", "malformed_after_two"])
async def test_break_after_output_ends_the_stream_properly(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    """Where nobody can go on, the agent keeps what it has: a finish reason and [DONE]."""
    bad = FakeModel(part)
    proxy = await start_proxy(models(await serve(bad.route()), "http://127.0.0.1:1"))
    async with await proxy.chat(stream=True) as response:
        text = await response.text()
    assert said(text) == "Sure,"
    assert '"finish_reason":"length"' in text
    assert proxy.metric("understudy_provider_breaks_total", part="model", account="a0") == 1
    assert proxy.call.ledger.entries[-1] == ("model_done", "Sure,", 0)


async def test_all_failed_names_each_cause_and_no_secret(serve: Serve, start_proxy: StartProxy) -> None:
    """The error is OpenAI's shape, lists what each target did, and tells SDKs not to repeat it."""
    refusing, hanging = FakeModel(status=500), FakeModel("hang")
    proxy = await start_proxy(models(await serve(refusing.route()), await serve(hanging.route()), timeout_ms=100))
    async with await proxy.chat(stream=True) as response:
        assert response.status == 502
        assert response.headers["x-should-retry"] == "false"
        text = await response.text()
    causes = json.loads(text)["error"]["causes"]
    assert [cause["account"] for cause in causes] == ["a0", "a1", "a1", "a1"]  # what hangs is asked again
    assert "answered 500 (some_code)" in causes[0]["message"]
    assert "nothing useful in time" in causes[1]["message"]
    assert "sk-secret" not in text
    assert "key-of" not in text


async def test_all_busy_is_said_as_busy(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel(status=429).route())))
    async with await proxy.chat(stream=True) as response:
        assert response.status == 503


async def test_only_empty_answers_are_counted_as_empty(serve: Serve, start_proxy: StartProxy) -> None:
    """A model that answers with nothing is an error to the agent, a defect in the ledger, and no end of the call."""
    dead = FakeModel(status=500)
    proxy = await start_proxy(models(await serve(FakeModel("empty").route()), await serve(dead.route())))
    async with await proxy.chat(stream=True) as response:
        assert response.status == 502
    assert proxy.call.ledger.entries[-1] == ("model_done", "", 0)
    assert not proxy.call.failure


async def test_failure_is_noted_until_the_next_success(serve: Serve, start_proxy: StartProxy) -> None:
    """A call that ends while its model is unavailable was dropped, one that recovered was not."""
    model = FakeModel(status=500)
    proxy = await start_proxy(models(await serve(model.route())))
    async with await proxy.chat(stream=True):
        assert proxy.call.failure == "ModelUnavailable"
    model.status = 200
    async with await proxy.chat(stream=True) as response:
        await response.read()
    assert proxy.call.failure == ""


@pytest.mark.parametrize("part", ["hang", "role_then_hang", "first_then_hang"])
async def test_agent_gone_cancels_upstream(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    """An agent that hangs up, before or after the first byte, ends the provider's request at once."""
    model = FakeModel(part)
    proxy = await start_proxy(models(await serve(model.route()), timeout_ms=20_000))
    request = asyncio.create_task(proxy.chat(stream=True))
    await model.asked.wait()
    if part == "first_then_hang":
        (await request).close()
    else:
        request.cancel()
    async with asyncio.timeout(5):
        await model.aborted.wait()
    assert proxy.metric("understudy_provider_cancels_total", part="model", account="a0") == 1
    assert "model_done" not in proxy.call.ledger.names()
    assert proxy.call.resources == set()


async def test_end_of_call_cancels_upstream(serve: Serve, start_proxy: StartProxy) -> None:
    model = FakeModel("first_then_hang")
    proxy = await start_proxy(models(await serve(model.route())))
    async with await proxy.chat(stream=True):
        for cancel in list(proxy.call.resources):
            cancel()
        async with asyncio.timeout(5):
            await model.aborted.wait()


async def test_timed_out_attempt_is_cancelled_upstream(serve: Serve, start_proxy: StartProxy) -> None:
    """A target given up on is not left generating."""
    slow, good = FakeModel("role_then_hang"), FakeModel()
    proxy = await start_proxy(models(await serve(slow.route()), await serve(good.route()), timeout_ms=100))
    async with await proxy.chat(stream=True) as response:
        await response.read()
    async with asyncio.timeout(5):
        await slow.aborted.wait()
