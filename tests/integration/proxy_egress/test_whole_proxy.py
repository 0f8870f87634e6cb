"""The egress in the proxy that it is part of: real calls, tokens, Secrets and metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.integration.proxy_front.documents import NAME, NAMESPACE, STABLE, document, publish, publish_revision, ref
from tests.integration.proxy_front.whole import documents_in, put_secret, whole_proxy
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.calls import Call
from understudy.domain.calls.observation import CallEnd
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import Arm

from .conftest import Serve, models
from .fake_model import TEXT, FakeModel
from .test_chat_fallback import said


@dataclass
class World:
    """A running proxy with one call."""

    proxy: Proxy
    call: Call
    session: aiohttp.ClientSession

    def ask(self) -> "aiohttp.client._RequestContextManager":
        headers = {"Authorization": f"Bearer {self.call.token_text}"}
        body = {"model": "x", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        return self.session.post(f"http://127.0.0.1:{self.proxy.port}/v1/chat/completions", json=body, headers=headers)

    def hang_up(self) -> None:
        self.proxy.context.registry.close(self.call, CallEnd.CALLER_HUNG_UP, "")


def with_secret(revision: Snapshot) -> Snapshot:
    accounts = {name: each.model_copy(update={"secret": "models"}) for name, each in revision.accounts.items()}
    return revision.model_copy(update={"accounts": accounts})


@asynccontextmanager
async def world(revision: Snapshot, root: Path) -> AsyncIterator[World]:
    put_secret(root, "models", "sk-real")
    documents = documents_in(root)
    publish_revision(documents, STABLE, revision)
    routing = document(1, stable=ref(STABLE, "127.0.0.1:1"))
    publish(documents, routing)
    async with (
        whole_proxy(root) as proxy,
        aiohttp.ClientSession() as session,
    ):
        assistant = proxy.context.registry.assistants[f"{NAMESPACE}/{NAME}"]
        assert await assistant.changed.until(lambda: assistant.document == routing, 5)
        yield World(proxy, proxy.context.registry.open(assistant, "CA1", Arm.STABLE, STABLE), session)


async def test_answer_key_and_metrics(serve: Serve, tmp_path: Path) -> None:
    """The Secret's key reaches the provider, the answer the agent, and the counters Prometheus."""
    model = FakeModel()
    async with world(with_secret(models(await serve(model.route()))), tmp_path) as running:
        async with running.ask() as response:
            assert said(await response.text()) == TEXT
        async with running.session.get(f"http://127.0.0.1:{running.proxy.admin_port}/metrics") as metrics:
            text = await metrics.text()
    assert model.headers[0]["Authorization"] == "Bearer sk-real"
    assert 'understudy_provider_attempts_total{account="a0",outcome="ok",part="model"} 1.0' in text
    assert 'understudy_model_first_clause_seconds_count{account="a0"} 1.0' in text


async def test_agent_gone_cancels_upstream(serve: Serve, tmp_path: Path) -> None:
    """In the real server too, whose handlers outlive their connections."""
    model = FakeModel("hang")
    async with world(with_secret(models(await serve(model.route()), timeout_ms=20_000)), tmp_path) as running:
        request = asyncio.ensure_future(running.ask().__aenter__())
        await model.asked.wait()
        request.cancel()
        async with asyncio.timeout(5):
            await model.aborted.wait()


async def test_hang_up_cancels_upstream_and_ends_the_token(serve: Serve, tmp_path: Path) -> None:
    model = FakeModel("first_then_hang")
    async with world(with_secret(models(await serve(model.route()))), tmp_path) as running, running.ask():
        running.hang_up()
        async with asyncio.timeout(5):
            await model.aborted.wait()
        async with running.ask() as response:
            assert response.status == 401


async def test_key_does_not_leave_for_other_hosts(serve: Serve, tmp_path: Path) -> None:
    """A Secret that does not allow the account's host is not sent there; the error says why and shows no key."""
    model = FakeModel()
    async with world(with_secret(models(await serve(model.route()))), tmp_path) as running:
        (tmp_path / "secrets" / NAMESPACE / "models" / "allowed-hosts").write_text("api.example.com")
        async with running.ask() as response:
            assert response.status == 502
            text = await response.text()
    assert "HostNotAllowed" in text
    assert "sk-real" not in text
    assert model.requests == []
