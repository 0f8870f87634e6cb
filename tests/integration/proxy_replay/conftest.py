"""A proxy, a real agent process for the canary, simulated providers: the whole path of a golden call."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from tests.integration.agent.agent_process import AgentProcess
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
from tests.integration.proxy_front.whole import documents_in, whole_proxy
from understudy.apps.agent import settings as agent_settings
from understudy.apps.proxy.app import Proxy
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import Simulator, running
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.observation import ReplayReport
from understudy.domain.revision.snapshot import (
    Account,
    Agent,
    Model,
    ModelTarget,
    Pool,
    Snapshot,
    Tool,
    Transcriber,
    Voice,
    Webhook,
)
from understudy.domain.routing.document import ReplayOrder, RoutingDocument

POD = "proxy-1"
KEY = f"{NAMESPACE}/{NAME}"
NOBODY = "127.0.0.1:1"
"""Where no agent is."""

LONGEST_REPLAY_S = 120
"""On a machine that has much else to do."""

BOOKING = Tool(name="book_table", parameters={"type": "object", "properties": {"name": {"type": "string"}}})


def script(**model: Any) -> dict[str, Any]:
    """The providers: a model with these settings, and quick speech that is really recognised."""
    voice = {"firstMs": 20, "speed": 20, "voices": {"v": "en-us+f2"}}
    quick = {"models": {"maitre": {"firstMs": 50}}}
    return {"recogniserProcesses": 0, "deployments": {"model": {**quick, **model}, "speech": {"voice": voice}}}


def revision(simulator: Simulator, webhook: str, model_name: str) -> Snapshot:
    """One account for the model, one for speech."""
    model = Account(name="model", provider="openai", base_url=f"{simulator.url('model')}/v1", default_host=False)
    speech = Account(name="speech", provider="any", base_url=simulator.url("speech"), default_host=False)
    return Snapshot(
        accounts={"model": model, "speech": speech},
        model=Model(
            targets=(ModelTarget(name="only", account="model", model=model_name),),
            system_prompt="You answer the phone for a restaurant.",
            tools=(BOOKING,),
            attempt_timeout_ms=2000,
            pool=Pool(hedge=False, explore_percent=0),
        ),
        transcribers=(Transcriber(account="speech", provider="deepgram", language="en"),),
        voices=(Voice(account="speech", provider="cartesia", voice_id="v", language="en"),),
        webhook=Webhook(url=webhook),
        agent=Agent(image="agent"),
    )


class World:
    """Everything that a golden call meets, and who orders it.

    Attributes:
        acted: requests that reached the user's server; there must be none.
    """

    def __init__(self, root: Path, agent: AgentProcess) -> None:
        self.agent = agent
        self.acted: list[Any] = []
        self.simulator: Simulator
        self.proxy: Proxy
        self._root = root
        self._stack = AsyncExitStack()
        self._generation = 0

    @property
    def assistant(self) -> Any:
        return self.proxy.context.registry.assistants[KEY]

    async def start(self, providers: dict[str, Any], model: str = "maitre") -> None:
        """Start providers and proxy; the stable revision has no agent, so that a call that strays is dropped."""
        self.simulator = await self._stack.enter_async_context(running(parse(providers)))
        canary = revision(self.simulator, await self._webhook(), model)
        documents = documents_in(self._root)
        publish_revision(documents, STABLE, canary.model_copy(update={"turn_budget_ms": 1}))
        publish_revision(documents, CANARY, canary)
        self.proxy = await self._stack.enter_async_context(whole_proxy(self._root, pod=POD))

    async def stop(self) -> None:
        await self._stack.aclose()

    async def order(
        self,
        *golden: dict[str, Any],
        pod: str = POD,
        order_id: str = "r1",
        canary: bool = True,
        agent: AgentProcess | None = None,
    ) -> None:
        """What the operator writes for these golden calls, and that it is in force."""
        place = f"127.0.0.1:{(agent or self.agent).port}"
        calls = tuple(GoldenCall.model_validate({"name": f"call-{at}", **each}) for at, each in enumerate(golden, 1))
        await self.publish(
            canary=ref(CANARY, place) if canary else None,
            replay=ReplayOrder(id=order_id, pod=pod, calls=calls) if calls else None,
        )

    async def publish(self, **parts: Any) -> None:
        self._generation += 1
        routing = document(self._generation, stable=ref(STABLE, NOBODY), **parts)
        publish(self._root / "documents", routing)
        assert await self.assistant.changed.until(lambda: _same(self.assistant.document, routing), 5)

    async def state(self, **query: Any) -> dict[str, Any]:
        """What the operator reads; with `wait` as it does it."""
        url = f"http://127.0.0.1:{self.proxy.admin_port}/v1/state"
        parameters = {"assistant": KEY, **{name: str(value) for name, value in query.items()}}
        async with ClientSession() as session, session.get(url, params=parameters) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def results(self, wait: float = 2) -> dict[str, tuple[str, ...]]:
        """Each golden call's failures once all were played: read as the operator does, with long polls of `wait`."""
        async with asyncio.timeout(LONGEST_REPLAY_S):
            while True:
                told = await self.state(after=0, generation=self._generation, wait=wait)
                report = ReplayReport.model_validate(told.get("replay") or {"id": ""})
                if report.done:
                    assert not report.error
                    return {result.name: result.failures for result in report.results}

    async def talking(self) -> None:
        """Wait until a golden call's assistant has been asked for its greeting."""
        calls = self.proxy.context.registry._by_token
        await until(lambda: any(call.golden and call.golden.unfinished for call in calls.values()))

    async def hung_up(self) -> None:
        """Wait until the canary's pod has no call."""
        async with asyncio.timeout(5), ClientSession() as session:
            while True:
                async with session.get(self.agent.url("/capacity")) as response:
                    if (await response.json())["live"] == 0:
                        return
                await asyncio.sleep(0.02)

    async def metric(self, name: str) -> str:
        """The lines of the metrics page that begin with `name`."""
        url = f"http://127.0.0.1:{self.proxy.admin_port}/metrics"
        async with ClientSession() as session, session.get(url) as response:
            return "\n".join(line for line in (await response.text()).splitlines() if line.startswith(name))

    async def _webhook(self) -> str:
        async def act(request: web.Request) -> web.Response:
            self.acted.append(await request.json())
            return web.json_response({})

        app = web.Application()
        app.router.add_post("/", act)
        runner = web.AppRunner(app)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something that does not signal."""
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _same(held: RoutingDocument | None, wanted: RoutingDocument) -> bool:
    return held is not None and held.generation == wanted.generation


@pytest.fixture(scope="session")
def canarys_agent() -> Iterator[AgentProcess]:
    """One pod; plain silence ends a turn, because the callers are synthetic voices."""
    process = start_agent()
    yield process
    process.stop()


def start_agent() -> AgentProcess:
    ending = {agent_settings.ENV_END_OF_TURN: "Silence", agent_settings.ENV_SILENCE_MS: "300"}
    return AgentProcess(**ending)


@pytest.fixture
async def world(tmp_path: Path, canarys_agent: AgentProcess) -> AsyncIterator[World]:
    """Not started yet: each test says what the providers do."""
    world = World(tmp_path, canarys_agent)
    try:
        yield world
    finally:
        await world.stop()
