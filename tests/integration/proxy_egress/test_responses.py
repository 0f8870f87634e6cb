"""The Responses API passes as it is, to the deployment that is fastest; fallbacks only before the first byte."""

import json
from typing import Any

import aiohttp
import pytest

from understudy.domain.revision.snapshot import Graceful, Pool, Tool

from .conftest import Proxy, Serve, StartProxy, models
from .fake_responses import CALL, TEXT, FakeResponses


async def ask(proxy: Proxy, **body: Any) -> aiohttp.ClientResponse:
    asked = {"model": "agents-own", "input": "hi", **body}
    return await proxy.session.post(f"{proxy.url}/v1/responses", json=asked, headers=proxy.headers)


def events(stream: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]


async def test_prompt_tools_and_limits_are_the_revisions(serve: Serve, start_proxy: StartProxy) -> None:
    provider = FakeResponses()
    tool = Tool(name="book", description="Books.")
    revision = models(
        await serve(provider.route()), tools=(tool,), temperature=0.3, max_tokens=50, reasoning_effort="low"
    )
    proxy = await start_proxy(revision)
    proxy.call.earlier = [{"role": "user", "content": "before"}]
    said = [{"role": "developer", "content": "stale"}, {"role": "user", "content": "hello"}]
    own = [{"type": "function", "name": name, "parameters": {}} for name in ("book", "hang_up")]
    async with await ask(proxy, input=said, instructions="stale", tools=own, previous_response_id="resp_0") as response:
        assert (await response.json())["output"][0]["content"][0]["text"] == TEXT
    sent = provider.requests[0]
    assert sent["instructions"] == "Be brief."
    assert [item["content"] for item in sent["input"]] == ["before", "hello"]
    assert [(tool["name"], tool.get("strict")) for tool in sent["tools"]] == [("book", False), ("hang_up", None)]
    assert (sent["model"], sent["temperature"], sent["max_output_tokens"]) == ("model-0", 0.3, 50)
    assert (sent["reasoning"], sent["previous_response_id"]) == ({"effort": "low"}, "resp_0")
    assert proxy.call.dialogue == [{"role": "user", "content": "hello"}, {"role": "assistant", "content": TEXT}]


@pytest.mark.parametrize("stream", [True, False])
async def test_the_next_answers_before_the_first_byte(stream: bool, serve: Serve, start_proxy: StartProxy) -> None:  # noqa: FBT001
    bad, good = FakeResponses(status=500), FakeResponses()
    revision = models(await serve(bad.route()), await serve(good.route()), pool=Pool(explore_percent=0))
    proxy = await start_proxy(revision)
    async with await ask(proxy, stream=stream) as response:
        assert response.status == 200
        text = await response.text()
    assert TEXT in text
    assert [len(model.requests) for model in (bad, good)] == [1, 1]
    assert proxy.call.ledger.entries[-2:] == [("model_done", TEXT, 0), ("failover", "model")]


@pytest.mark.parametrize("part", ["failed", "empty"])
async def test_a_stream_without_output_goes_to_the_next(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeResponses(part).route()), await serve(FakeResponses().route())))
    async with await ask(proxy, stream=True) as response:
        kinds = [event["type"] for event in events(await response.text())]
    assert kinds == [
        "response.created",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.completed",
    ]


async def test_a_break_after_output_is_told_and_not_hidden(serve: Serve, start_proxy: StartProxy) -> None:
    good = FakeResponses()
    proxy = await start_proxy(models(await serve(FakeResponses("cut").route()), await serve(good.route())))
    async with await ask(proxy, stream=True) as response:
        last = events(await response.text())[-1]
    assert (last["type"], last["code"]) == ("error", "stream_broken")
    assert good.requests == []


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_calls_are_counted(stream: bool, serve: Serve, start_proxy: StartProxy) -> None:  # noqa: FBT001
    proxy = await start_proxy(models(await serve(FakeResponses("tool").route())))
    async with await ask(proxy, stream=stream) as response:
        assert CALL["name"] in await response.text()
    assert proxy.call.ledger.entries[-1] == ("model_done", "", 1)


async def test_errors_are_told_and_nothing_is_made_up(serve: Serve, start_proxy: StartProxy) -> None:
    """A plea for the caller to repeat has the shape of a chat completion, so there is none."""
    revision = models(await serve(FakeResponses(status=500).route()), graceful=Graceful(ask_to_repeat="Once more?"))
    proxy = await start_proxy(revision)
    async with await ask(proxy) as response:
        assert response.status == 502
    for wrong in (None, [1], 3):
        async with await ask(proxy, input=wrong) as response:
            assert response.status == 400
