"""What a model is sent, and what passes through."""

import json

from understudy.domain.revision.snapshot import Tool

from .conftest import Serve, StartProxy, models
from .fake_model import TEXT, FakeModel


async def test_prompt_tools_and_limits_are_the_revisions(serve: Serve, start_proxy: StartProxy) -> None:
    """The agent's own instructions and model go; its dialogue, tools of other names and options stay."""
    model = FakeModel()
    tool = Tool(name="book", description="Books.", parameters={"type": "object", "properties": {"day": {}}})
    proxy = await start_proxy(models(await serve(model.route()), tools=(tool,), temperature=0.3, max_tokens=50))
    proxy.call.earlier = [{"role": "user", "content": "before"}]
    own = [{"type": "function", "function": {"name": name}} for name in ("book", "hang_up")]
    messages = [
        {"role": "system", "content": "stale"},
        {"role": "developer", "content": "stale"},
        {"role": "user", "content": "hello"},
    ]
    options = {"include_usage": True}
    async with await proxy.chat(
        stream=True, messages=messages, tools=own, max_completion_tokens=9, stream_options=options
    ):
        pass
    sent = model.requests[0]
    assert [message["content"] for message in sent["messages"]] == ["Be brief.", "before", "hello"]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["book", "hang_up"]
    assert sent["tools"][0]["function"]["description"] == "Books."
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("model-0", 0.3, 50)
    assert "max_completion_tokens" not in sent
    assert sent["stream_options"] == options
    assert model.headers[0]["Authorization"] == "Bearer key-of-a0"


async def test_ledger_follows_the_turn(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    async with await proxy.chat(stream=True) as response:
        text = await response.text()
    assert '"total_tokens":9' in text
    assert proxy.call.ledger.names() == ["model_request", "model_clause", "model_done"]
    assert proxy.call.ledger.entries[-1] == ("model_done", TEXT, 0)
    assert proxy.call.dialogue == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": TEXT}]


async def test_tool_calls_arrive_whole(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel("tool").route())))
    async with await proxy.chat(stream=True) as response:
        text = await response.text()
    assert text.count("tool_calls") >= 3
    assert proxy.call.ledger.entries[-1] == ("model_done", "", 1)
    assert proxy.call.dialogue[-1]["tool_calls"][0]["function"] == {"name": "book", "arguments": '{"day":"Friday"}'}


async def test_whole_answers_pass(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    async with await proxy.chat() as response:
        assert json.loads(await response.text())["choices"][0]["message"]["content"] == TEXT
    assert proxy.call.ledger.names() == ["model_request", "model_clause", "model_done"]


async def test_connections_are_used_again(serve: Serve, start_proxy: StartProxy) -> None:
    """The second request takes the first one's connection, which the provider sees as the same peer."""
    model = FakeModel()
    proxy = await start_proxy(models(await serve(model.route())))
    for _ in range(2):
        async with await proxy.chat(stream=True) as response:
            await response.read()
    assert len(model.requests) == 2


async def test_wrong_token_is_refused(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    proxy.headers = {"Authorization": "Bearer other"}
    async with await proxy.chat() as response:
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "invalid_api_key"


async def test_bad_bodies_are_refused(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    for messages in ("hello", [1], None):
        async with await proxy.chat(messages=messages) as response:
            assert response.status == 400
