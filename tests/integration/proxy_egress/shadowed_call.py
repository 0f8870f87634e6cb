"""A whole proxy between a stable and a canary revision, and calls whose audio is told to the ledger by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.integration.proxy_front.documents import (
    CANARY,
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish,
    publish_revision,
    ref,
)
from tests.integration.proxy_front.whole import documents_in, put_secret, whole_proxy
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Pool, Snapshot, Tool, Webhook
from understudy.domain.routing.document import Arm, RoutingDocument

from .conftest import snapshot

LOUD = 60.0
LEASE_S = 3600.0


def revision(url: str, prompt: str, *, account: str = "sim", model: str = "m", **parts: Any) -> Snapshot:
    """A revision with one model at `url`; `limits`, `tools` and `webhook` where given."""
    limits = parts.pop("limits", None)
    accounts = {
        account: Account(
            name=account,
            provider="openai",
            base_url=f"{url}/v1",
            default_host=False,
            secret="models",  # noqa: S106 - a name
            limits=limits,
        )
    }
    told = Model(
        targets=(ModelTarget(name=account, account=account, model=model),),
        system_prompt=prompt,
        tools=parts.pop("tools", ()),
        attempt_timeout_ms=2000,
        pool=Pool(explore_percent=0),
    )
    return snapshot(accounts=accounts, model=told, **parts)


BOOK = Tool(name="book", description="Books a table.", parameters={"type": "object", "properties": {}})


def webhook(url: str) -> Webhook:
    return Webhook(url=f"{url}/tools", timeout_ms=1000)


class World:
    """The proxy, and the documents it follows."""

    def __init__(self, proxy: Proxy, documents: Path, session: aiohttp.ClientSession) -> None:
        self.proxy = proxy
        self.documents = documents
        self.session = session
        self.url = f"http://127.0.0.1:{proxy.port}"

    @property
    def assistant(self) -> Assistant:
        return self.proxy.context.registry.assistants[f"{NAMESPACE}/{NAME}"]

    def metric(self, name: str, **labels: str) -> float:
        return self.proxy.context.metrics.registry.get_sample_value(name, labels) or 0.0

    def mirrors(self, outcome: str) -> float:
        return self.metric("understudy_shadow_turns_total", assistant=self.assistant.key, outcome=outcome)

    def shadowing(self, generation: int, **changes: object) -> RoutingDocument:
        both = {"stable": ref(STABLE, "127.0.0.1:1"), "canary": ref(CANARY, "127.0.0.1:1"), "shadow_percent": 100}
        lease = self.proxy.context.clock.now() + LEASE_S
        return document(generation, **{**both, "lease_expires_at": lease, **changes})

    async def applied(self, routing: RoutingDocument) -> None:
        publish(self.documents, routing)
        assert await self.assistant.changed.until(lambda: self.assistant.document == routing, 5)

    def open(self, call_id: str = "CA1", arm: Arm = Arm.STABLE) -> "Talk":
        name = STABLE if arm is Arm.STABLE else CANARY
        return Talk(self, self.proxy.context.registry.open(self.assistant, call_id, arm, name))


class Talk:
    """One call."""

    def __init__(self, world: World, call: Call) -> None:
        self.world = world
        self.call = call
        self._messages: list[dict[str, Any]] = []

    @property
    def now(self) -> float:
        return self.world.proxy.context.clock.monotonic()

    def post(self, **more: Any) -> "aiohttp.client._RequestContextManager":
        headers = {"Authorization": f"Bearer {self.call.token_text}"}
        body = {"model": "agents-own", "stream": True, "messages": self._messages, **more}
        return self.world.session.post(f"{self.world.url}/v1/chat/completions", json=body, headers=headers)

    def says(self, text: str) -> None:
        """The caller says something."""
        self.call.ledger.caller_frame(LOUD, self.now)
        self._messages.append({"role": "user", "content": text})

    async def turn(self, text: str, answer: str = "Noted.") -> str:
        """The caller says something, the agent asks the model, and the caller hears the answer; what the agent got."""
        self.says(text)
        async with self.post() as response:
            got = await response.text()
        self.call.ledger.assistant_frame(LOUD, 0.02, self.now)
        self._messages.append({"role": "assistant", "content": answer})
        return got

    async def hangs_up(self) -> CallObservation:
        """The caller hangs up; what the operator will read."""
        assistant = self.world.assistant
        before = assistant.finished.last
        self.world.proxy.context.registry.close(self.call, CallEnd.CALLER_HUNG_UP, "")
        assert await assistant.changed.until(lambda: assistant.finished.has_more(before), 10)
        return assistant.finished.since(before)[0]


@asynccontextmanager
async def shadowing(root: Path, stable: Snapshot, canary: Snapshot, **changes: object) -> AsyncIterator[World]:
    """Every call of stable's is mirrored to the canary, unless `changes` of the document say otherwise."""
    put_secret(root, "models", "key-of-sim")
    documents = documents_in(root)
    publish_revision(documents, STABLE, stable)
    publish_revision(documents, CANARY, canary)
    async with (
        whole_proxy(root) as proxy,
        aiohttp.ClientSession() as session,
    ):
        world = World(proxy, documents, session)
        await world.applied(world.shadowing(1, **changes))
        yield world


async def settled(condition: Any) -> None:
    """Let the loop run until `condition()`; fails after five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, of parts that do not signal
            await asyncio.sleep(0.005)
