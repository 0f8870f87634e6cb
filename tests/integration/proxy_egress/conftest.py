"""A proxy's egress on loopback, in front of providers that a test plays itself."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from understudy.apps.proxy.calls import Call, Registry
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.credentials import Credentials, CredentialUnavailable
from understudy.apps.proxy.egress import routes
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.http.listener import Listener
from understudy.apps.proxy.metrics import Metrics
from understudy.apps.proxy.pools import Pools
from understudy.base.clock import SystemClock
from understudy.base.errors import Unauthorized
from understudy.domain.calls.golden_account import GoldenAccount
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.calls.token import CallToken
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Pool, Snapshot, Transcriber, Voice

TOKEN = "the-call-token"


class FakeLedger:
    """Writes down what it is told, in order."""

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []
        self.written = asyncio.Event()
        self.budget_s = 1.2

    def names(self) -> list[str]:
        return [entry[0] for entry in self.entries]

    turn_opened = 0.0

    def budget_left(self, _now: float) -> float:
        return self.budget_s

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Any method of a ledger."""

        def note(*args: Any, **named: Any) -> None:
            plain = [arg for arg in args if not isinstance(arg, float)]
            self.entries.append((name, *plain, *named.values()))
            self.written.set()

        return note


class FakeCall:
    """A call without an audio stream."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.id = "CA1"
        self.namespace = "ns"
        self.assistant = "ns/desk"
        self.token = CallToken("ns", "desk", "CA1", "stable", "abcd1234", 1200, 2_000_000_000, "k")
        self.ledger = FakeLedger()
        self.resources: set[Callable[[], None]] = set()
        self.dialogue: list[dict[str, Any]] = []
        self.earlier: list[dict[str, Any]] = []
        self.failure = ""
        self.has_farewell = asyncio.Event()
        self._farewell = b""
        self.asked_to_repeat = 0
        self.bridged_at: float | None = None
        self.better_voice = ""
        self.golden: GoldenAccount | None = None
        self.served_by = "abcd1234"
        self.serving = snapshot

    @property
    def farewell(self) -> bytes:
        return self._farewell

    @farewell.setter
    def farewell(self, audio: bytes) -> None:
        self._farewell = audio
        self.has_farewell.set()

    def snapshot(self) -> Snapshot:
        return self.serving

    def answered(self, message: dict[str, Any]) -> None:
        self.dialogue = [*self.dialogue, message]

    def begin_model_turn(self, now: float) -> Snapshot:
        self.ledger.model_request(now, rescued=False)
        return self.serving


class InOrder(random.Random):
    """Chance that takes equals in their order, and explores when it is sure to."""

    def random(self) -> float:
        return 0.0


class FakeRegistry:
    def __init__(self, call: FakeCall) -> None:
        self.call = call
        self.assistants: dict[str, Any] = {}
        self.finishers: list[Any] = []

    def authenticate(self, token: str) -> FakeCall:
        if token != TOKEN:
            raise Unauthorized("the call token is not one of ours")
        return self.call


class FakeCredentials:
    def __init__(self) -> None:
        self.keys: dict[str, str | None] = {}
        self.refused: list[str] = []

    def key_for(self, _namespace: str, account: Account) -> str | None:
        if account.name not in self.keys:
            problem = CredentialProblem(account=account.name, secret="", reason="MissingSecret", message="missing")
            raise CredentialUnavailable(problem)
        return self.keys[account.name]

    async def headers_for(self, namespace: str, account: Account) -> dict[str, str]:
        key = self.key_for(namespace, account)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def version(self, _namespace: str, account: Account) -> str:
        return self.keys.get(account.name) or ""

    def secret_for(self, _namespace: str, secret: str, _url: str) -> str:
        return f"secret-of-{secret}"

    def report_refused(self, _namespace: str, account: Account) -> None:
        self.refused.append(account.name)


@dataclass
class Proxy:
    """A running egress and everything a test looks at."""

    url: str
    call: FakeCall
    credentials: FakeCredentials
    metrics: Metrics
    session: aiohttp.ClientSession
    pools: Pools
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws")

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    async def chat(self, **body: Any) -> aiohttp.ClientResponse:
        asked = {"model": "agents-own", "messages": [{"role": "user", "content": "hi"}], **body}
        return await self.session.post(f"{self.url}/v1/chat/completions", json=asked, headers=self.headers)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


Serve = Callable[..., Awaitable[str]]


@pytest.fixture
def serve(stack: AsyncExitStack) -> Serve:
    """Starts a server of `routes` on a free port and returns its URL; `cancels`: handlers whose client has gone."""

    async def start(*routes: web.RouteDef, cancels: bool = True) -> str:
        app = web.Application()
        app.add_routes(routes)
        runner = web.AppRunner(app, handler_cancellation=cancels, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    return start


StartProxy = Callable[[Snapshot], Awaitable[Proxy]]


@pytest.fixture
def start_proxy(stack: AsyncExitStack) -> StartProxy:
    async def start(snapshot: Snapshot) -> Proxy:
        call, credentials, metrics = FakeCall(snapshot), FakeCredentials(), Metrics()
        pools = Pools(InOrder(0))
        credentials.keys = {name: f"key-of-{name}" for name in snapshot.accounts}
        upstreams = await stack.enter_async_context(aiohttp.ClientSession())
        transport = KeptTransport()
        stack.push_async_callback(transport.close)
        context = ProxyContext(
            registry=cast("Registry", FakeRegistry(call)),
            credentials=cast("Credentials", credentials),
            clock=SystemClock(),
            metrics=metrics,
            session_factory=lambda: upstreams,
            transport=transport,
            pools=pools,
        )
        listener = Listener(routes(context))
        stack.push_async_callback(listener.close)
        await listener.start("127.0.0.1", 0)
        url = f"http://127.0.0.1:{listener.port}"
        session = await stack.enter_async_context(aiohttp.ClientSession())
        return Proxy(url, call, credentials, metrics, session, pools)

    return start


def as_call(call: FakeCall) -> Call:
    return cast("Call", call)


def snapshot(**parts: Any) -> Snapshot:
    """A revision with nothing but what a test names."""
    bare: dict[str, Any] = {
        "accounts": {},
        "model": Model(targets=(), system_prompt="Be brief."),
        "transcribers": (),
        "voices": (),
        "agent": Agent(image="agent"),
    }
    return Snapshot(**{**bare, **parts})


def models(*urls: str, timeout_ms: int = 300, **model: Any) -> Snapshot:
    """A revision whose targets `t0`, `t1`, … are at `urls`, on accounts `a0`, `a1`, …; fired only on purpose."""
    model.setdefault("pool", Pool(explore_percent=0, hedge=False))
    accounts = {
        f"a{i}": Account(name=f"a{i}", provider="openai", base_url=f"{url}/v1", default_host=False)
        for i, url in enumerate(urls)
    }
    targets = tuple(ModelTarget(name=f"t{i}", account=f"a{i}", model=f"model-{i}") for i in range(len(urls)))
    told = Model(targets=targets, system_prompt="Be brief.", attempt_timeout_ms=timeout_ms, **model)
    return snapshot(accounts=accounts, model=told)


def transcribers(*urls: str, **settings: Any) -> Snapshot:
    """A revision with Deepgram transcribers at `urls`, on accounts `a0`, `a1`, …."""
    accounts = {
        f"a{i}": Account(name=f"a{i}", provider="deepgram", base_url=url, default_host=False)
        for i, url in enumerate(urls)
    }
    listed = tuple(
        Transcriber(account=name, provider="deepgram", model="nova-3", language="en", settings=settings)
        for name in accounts
    )
    return snapshot(accounts=accounts, transcribers=listed)


def voices(*listed: tuple[str, str]) -> Snapshot:
    """A revision with voices (provider, URL) in order, on accounts `a0`, `a1`, …; voice ids `v0`, `v1`, …."""
    accounts = {
        f"a{i}": Account(name=f"a{i}", provider=provider, base_url=url, default_host=False)
        for i, (provider, url) in enumerate(listed)
    }
    spoken = tuple(
        Voice(account=f"a{i}", provider=provider, voice_id=f"v{i}", model=f"m{i}", language="en")
        for i, (provider, _) in enumerate(listed)
    )
    return snapshot(accounts=accounts, voices=spoken)
