"""A proxy with two agent pods, a stable revision and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from tests.integration.proxy_front.agent import AgentCall, FakeAgent
from tests.integration.proxy_front.documents import (
    CANARY,
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish,
    publish_revision,
    snapshot,
)
from tests.integration.proxy_front.documents import ref as make_ref
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.files import FileDocuments
from understudy.apps.proxy.settings import Settings
from understudy.base.clock import ManualClock
from understudy.base.errors import Unauthorized
from understudy.domain.routing.arm import bucket
from understudy.domain.routing.document import RevisionRef, RoutingDocument


def ask_facade(context: ProxyContext) -> list[web.RouteDef]:
    """In place of the providers: one request is a whole model answer, spoken at once."""

    async def ask(request: web.Request) -> web.Response:
        try:
            call = context.registry.authenticate(request.headers["Authorization"].removeprefix("Bearer "))
        except Unauthorized as error:
            return web.Response(status=401, text=str(error))
        body = await request.json()
        now = context.clock.monotonic()
        if "heard" in body:
            call.ledger.caller_transcript(body["heard"], now)
        served_by = call.begin_model_turn(now)
        call.ledger.model_clause(now)
        call.ledger.model_done(body["answer"], 0, now)
        call.dialogue = [*body.get("dialogue", []), {"role": "assistant", "content": body["answer"]}]
        return web.json_response({"prompt": served_by.model.system_prompt, "earlier": call.earlier})

    return [web.post("/ask", ask)]


class World:
    """The proxy under test and what surrounds it."""

    def __init__(self, tmp_path: Path) -> None:
        self.documents = tmp_path / "documents"
        self.state = tmp_path / "state"
        self.clock = ManualClock()
        self.incoming: asyncio.Queue[AgentCall] = asyncio.Queue()
        self.agents = (FakeAgent(self.incoming), FakeAgent(self.incoming))
        self.proxy: Proxy
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def assistant(self) -> Any:
        return self.proxy.context.registry.assistants[f"{NAMESPACE}/{NAME}"]

    async def call(self) -> AgentCall:
        """The next call that is put through to either pod."""
        return await asyncio.wait_for(self.incoming.get(), 5)

    def ref(self, name: str, *agents: FakeAgent) -> RevisionRef:
        """A revision with these pods, or both."""
        return make_ref(name, ",".join(agent.address for agent in agents or self.agents))

    def canary(self, generation: int, weight: int, **changes: object) -> RoutingDocument:
        """A rollout under way, with a lease of half a minute."""
        both = {"stable": self.ref(STABLE), "canary": self.ref(CANARY), "canary_weight": weight}
        return document(generation, **{**both, "lease_expires_at": self.clock.now() + 30, **changes})

    def publish(self, routing: RoutingDocument) -> None:
        publish(self.documents, routing)

    async def applied(self, routing: RoutingDocument) -> None:
        """Publish, and wait until the proxy acknowledges."""
        self.publish(routing)
        assert await self.assistant.changed.until(lambda: self.assistant.document == routing, 5)

    async def start(self) -> None:
        """Start the proxy."""
        settings = Settings(
            assistants=((NAMESPACE, NAME),), port=0, admin_port=0, state_dir=self.state, credentials_dir=self.state
        )
        proxy = Proxy(settings, FileDocuments(self.documents), self.clock, ask_facade)
        self.proxy = await self._stack.enter_async_context(proxy)

    async def stop(self) -> None:
        """Stop the proxy, as a crash would as far as calls go."""
        await self._stack.aclose()

    async def state_of(self, **query: object) -> dict[str, Any]:
        """What the operator reads."""
        found = await self.admin("/v1/state", assistant=f"{NAMESPACE}/{NAME}", **query)
        report: dict[str, Any] = found[1]
        return report

    async def admin(self, path: str, **query: object) -> tuple[int, Any]:
        """Status and body of a page on the admin port."""
        url = f"http://127.0.0.1:{self.proxy.admin_port}{path}"
        parameters = {name: str(value) for name, value in query.items()}
        async with ClientSession() as session, session.get(url, params=parameters) as reply:
            as_json = reply.content_type == "application/json"
            return reply.status, await (reply.json() if as_json else reply.text())


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[World]:
    """Agents and revisions, no document and no proxy yet."""
    world = World(tmp_path)
    async with world.agents[0], world.agents[1]:
        publish_revision(world.documents, STABLE, snapshot("stable"))
        publish_revision(world.documents, CANARY, snapshot("canary"))
        try:
            yield world
        finally:
            await world.stop()


@pytest.fixture
async def world(bare: World) -> World:
    """A proxy that serves the stable revision."""
    await bare.start()
    await bare.applied(document(1, stable=bare.ref(STABLE)))
    return bare


@pytest.fixture
def on_arm() -> Callable[[str], str]:
    """A call id that falls on an arm at weight 50."""

    def find(arm: str) -> str:
        ids = (f"CA{number}" for number in range(1000))
        return next(each for each in ids if (bucket(each, CANARY) < 5000) == (arm == "canary"))

    return find
