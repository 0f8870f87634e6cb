"""What a model is sent, and what passes through."""

import asyncio
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


async def test_stale_connection_is_tried_once_more(start_proxy: StartProxy) -> None:
    """A kept-alive connection that the provider closed meanwhile is no failure of the target."""
    body = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}'
    requests: list[int] = []
    closed: list[int] = []
    both = asyncio.Event()

    async def serve_one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(1 if requests else 2):
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(size)
            requests.append(number)
            if number == 0:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()  # the second request on the first connection gets no answer
        await writer.wait_closed()
        closed.append(1)
        if len(closed) == 2:
            both.set()

    server = await asyncio.start_server(serve_one_each, "127.0.0.1", 0)
    async with server:
        proxy = await start_proxy(models(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        for _ in range(2):
            async with await proxy.chat() as response:
                assert response.status == 200
        await both.wait()
    assert requests == [0, 1, 0]
    assert proxy.metric("understudy_provider_attempts_total", part="model", account="a0", outcome="broke") == 0


async def test_a_fresh_connection_that_breaks_is_not_tried_again(start_proxy: StartProxy) -> None:
    """A provider that accepts and closes is not asked twice for each request; only a kept connection may be stale."""
    connections, closed = 0, asyncio.Event()

    async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        closed.set()

    server = await asyncio.start_server(close_at_once, "127.0.0.1", 0)
    async with server:
        proxy = await start_proxy(models(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        async with await proxy.chat() as response:
            assert response.status == 502
            await closed.wait()
    assert connections == 1
