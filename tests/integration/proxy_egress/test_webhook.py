"""A tool call is carried out once, signed, and its failure is said."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, web

from understudy.domain.revision.snapshot import Webhook

from .conftest import Proxy, Serve, StartProxy, snapshot


class FakeServer:
    """The user's server; `answer` makes its answer."""

    def __init__(self, answer: Callable[[], web.Response] | None = None) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.hangs = False
        self.breaks = False
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._answer = answer or (lambda: web.json_response({"booked": True}))

    def route(self) -> web.RouteDef:
        return web.post("/tools", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        self.asked.set()
        await self.may_answer.wait()
        if self.breaks:
            assert request.transport is not None
            request.transport.abort()
        return self._answer()


def call_tool(proxy: Proxy, **body: Any) -> Awaitable[ClientResponse]:
    asked = {"toolCallId": "call_1", "name": "book", "arguments": '{"day":"Friday"}', **body}
    return proxy.session.post(f"{proxy.url}/v1/webhook", json=asked, headers=proxy.headers)


async def start(server: FakeServer, serve: Serve, start_proxy: StartProxy, **webhook: Any) -> Proxy:
    url = await serve(server.route())
    return await start_proxy(snapshot(webhook=Webhook(url=f"{url}/tools", **webhook)))


async def test_answer_is_passed_back(serve: Serve, start_proxy: StartProxy) -> None:
    """The server gets the arguments as an object, the call's coordinates and a key that names the tool call."""
    server = FakeServer()
    proxy = await start(server, serve, start_proxy)
    async with await call_tool(proxy) as response:
        assert (response.status, await response.json()) == (200, {"booked": True})
    headers, _ = server.requests[0]
    assert headers["Idempotency-Key"] == "CA1:call_1"
    assert "X-Understudy-Signature" not in headers
    assert proxy.call.ledger.entries == [("webhook_result", True), ("tool_result", True)]


async def test_body_names_the_call(serve: Serve, start_proxy: StartProxy) -> None:
    received: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        received.append(await request.json())
        return web.json_response({})

    url = await serve(web.post("/tools", handle))
    proxy = await start_proxy(snapshot(webhook=Webhook(url=f"{url}/tools")))
    async with await call_tool(proxy):
        pass
    about = {"id": "CA1", "assistant": "desk", "namespace": "ns", "revision": "abcd1234", "arm": "stable"}
    tool = {"id": "call_1", "name": "book", "arguments": {"day": "Friday"}}
    assert received == [{"type": "tool-call", "call": about, "toolCall": tool}]


async def test_signature_covers_time_and_body(serve: Serve, start_proxy: StartProxy) -> None:
    server = FakeServer()
    proxy = await start(server, serve, start_proxy, secret="hooks")  # noqa: S106 - the name of a Secret
    async with await call_tool(proxy):
        pass
    headers, body = server.requests[0]
    at, mac = (part.partition("=")[2] for part in headers["X-Understudy-Signature"].split(","))
    expected = hmac.new(b"secret-of-hooks", at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert mac == expected


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: web.Response(status=500), "refused"),
        (lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), "refused"),
        (lambda: web.Response(text="sure"), "not_json"),
        (lambda: web.Response(body=b"1" * 300_000), "too_long"),
    ],
)
async def test_bad_answers_are_said(answer: Any, code: str, serve: Serve, start_proxy: StartProxy) -> None:
    server = FakeServer(answer)
    proxy = await start(server, serve, start_proxy)
    async with await call_tool(proxy) as response:
        assert response.status == 502
        assert (await response.json())["error"]["code"] == code
    assert len(server.requests) == 1
    assert proxy.call.ledger.entries == [("webhook_result", False), ("tool_result", False)]


async def test_broken_connection_is_not_repeated(serve: Serve, start_proxy: StartProxy) -> None:
    """Nobody knows whether the action was carried out, so it is not asked for twice."""
    server = FakeServer()
    server.breaks = True
    proxy = await start(server, serve, start_proxy)
    async with await call_tool(proxy) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (502, "unreachable")
    assert len(server.requests) == 1


async def test_timeout_is_said(serve: Serve, start_proxy: StartProxy) -> None:
    server = FakeServer()
    server.may_answer.clear()
    proxy = await start(server, serve, start_proxy, timeout_ms=100)
    async with await call_tool(proxy) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (504, "timeout")
    assert len(server.requests) == 1


async def test_action_goes_on_without_the_agent(serve: Serve, start_proxy: StartProxy) -> None:
    """An agent that goes away after the action began leaves it to end properly, and be counted."""
    server = FakeServer()
    server.may_answer.clear()
    proxy = await start(server, serve, start_proxy)
    request = asyncio.ensure_future(call_tool(proxy))
    await server.asked.wait()
    request.cancel()
    server.may_answer.set()
    async with asyncio.timeout(5):
        await proxy.call.ledger.written.wait()
    assert proxy.call.ledger.entries[0] == ("webhook_result", True)


async def test_without_a_server_the_tool_fails(start_proxy: StartProxy) -> None:
    proxy = await start_proxy(snapshot())
    async with await call_tool(proxy) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (502, "no_webhook")
    assert proxy.call.ledger.entries == [("tool_result", False)]
