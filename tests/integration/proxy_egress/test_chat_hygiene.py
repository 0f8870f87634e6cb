"""What is left behind: nothing. And what passes as it came."""

import asyncio
import json

import pytest

from understudy.apps.proxy.egress import chat_turn

from .conftest import Serve, StartProxy, models
from .fake_model import FakeModel, sse


async def test_an_agent_that_reads_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, start_proxy: StartProxy
) -> None:
    """What it does not take is not read from the provider either, and after a while the provider is let go."""
    monkeypatch.setattr(chat_turn, "SLOW_READER_S", 0.1)
    monkeypatch.setattr(chat_turn, "WRITING_S", 0.1)
    model = FakeModel("endless")
    proxy = await start_proxy(models(await serve(model.route()), timeout_ms=20_000))
    response = await proxy.chat(stream=True)
    async with asyncio.timeout(20):
        await model.aborted.wait()
    response.close()
    sent = len(model.sent)
    assert sent < 64 * 2**20 // model.sent[0]
    assert proxy.metric(
        "understudy_model_requests_total", account="a0", deployment="t0", why="fastest", outcome="cancelled"
    )


async def test_parallel_calls_pass_as_they_came(serve: Serve, start_proxy: StartProxy) -> None:
    """Their interleaved pieces, byte for byte."""
    pieces = [
        sse({"tool_calls": [{"index": i, "id": f"c{i}", "function": {"name": "book", "arguments": ""}}]})
        for i in (0, 1)
    ]
    pieces += [sse({"tool_calls": [{"index": i, "function": {"arguments": part}}]}) for part in "{}" for i in (1, 0)]
    model = FakeModel("given")
    model.given = b"".join(pieces) + sse({}, "tool_calls") + b"data: [DONE]\n\n"
    proxy = await start_proxy(models(await serve(model.route())))
    async with await proxy.chat(stream=True, parallel_tool_calls=True) as response:
        assert await response.read() == model.given
    calls = proxy.call.dialogue[-1]["tool_calls"]
    assert [(call["id"], json.loads(call["function"]["arguments"])) for call in calls] == [("c0", {}), ("c1", {})]


@pytest.mark.parametrize("stream", [True, False])
async def test_nothing_goes_on_after_an_answer(stream: bool, serve: Serve, start_proxy: StartProxy) -> None:  # noqa: FBT001
    """No task, no timer and no hold on the call outlives it."""
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    before = asyncio.all_tasks()
    for _ in range(3):
        async with await proxy.chat(stream=stream) as response:
            await response.read()
    async with asyncio.timeout(5):
        while any("Attempt" in repr(task) for task in asyncio.all_tasks() - before):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
    assert proxy.call.resources == set()
