"""From what a user writes to an answer: the egress in front of a simulated Azure OpenAI, with keys and with tokens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from tests.integration.proxy_egress.conftest import TOKEN, FakeCall, FakeRegistry, InOrder
from understudy.api.assistant import VoiceAssistantSpec
from understudy.apps.proxy.calls import Registry
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.egress import routes
from understudy.apps.proxy.http.client import KeptTransport
from understudy.apps.proxy.metrics import Metrics
from understudy.apps.proxy.mounted import RECHECK_S
from understudy.apps.proxy.pools import Pools
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import Simulator, running
from understudy.base.clock import ManualClock, SystemClock
from understudy.domain.revision.resolve import resolve
from understudy.domain.revision.snapshot import Snapshot

QUESTION = [{"role": "user", "content": "What are your opening hours?"}]
ANSWER = "We are open from noon to eleven, every day of the week."

SCRIPT = parse(
    {
        "recogniserProcesses": 0,
        "deployments": {
            "east": {
                "apiKeys": ["k"],
                "entra": {"clientId": "app", "clientSecret": "s3cret", "expiresS": 3600},
                "models": {"mini-2": {"firstMs": 0, "tokenMs": 0}},
            }
        },
    }
)

KEY, TENANT = {"apiKey": "k"}, {"tenantId": "t-1", "clientId": "app", "clientSecret": "s3cret"}


def resolved(simulator: Simulator, **account: str) -> Snapshot:
    """The revision of an assistant whose only model is an Azure deployment at the simulator."""
    east = {
        "name": "east",
        "provider": "azure-openai",
        "baseUrl": simulator.url("east"),
        "credentialsRef": {"name": "azure"},
        **account,
    }
    deployment = {"name": "east", "account": "east", "deployment": "mini-2"}
    written = {
        "accounts": [east, *({"name": n, "provider": n, "baseUrl": "http://unused"} for n in ("deepgram", "cartesia"))],
        "model": {"name": "gpt-4o-mini", "systemPrompt": "You answer the phone.", "deployments": [deployment]},
        "transcriber": {"provider": "deepgram"},
        "voice": {"provider": "cartesia", "voiceId": "v"},
    }
    return resolve(VoiceAssistantSpec.model_validate(written), None, None, "agent:1").snapshot


@dataclass
class Stage:
    """A running egress with real credentials, whose clock stands still."""

    url: str
    session: aiohttp.ClientSession
    credentials: Credentials
    clock: ManualClock
    root: Path
    simulator: Simulator
    call: FakeCall

    def mount(self, **files: str) -> None:
        """Put keys into the account's Secret; the credentials look again."""
        folder = self.root / "ns" / "azure"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"allowed-hosts": "127.0.0.1", **files}.items():
            (folder / name).write_text(text)
        self.clock.advance(RECHECK_S)

    async def ask(self, snapshot: Snapshot) -> tuple[int, Any]:
        """Status and body of one request of an agent."""
        self.call.serving = snapshot
        response = await self.session.post(
            f"{self.url}/v1/chat/completions",
            json={"model": "agents-own", "messages": QUESTION},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        async with response:
            return response.status, await response.json()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(running(SCRIPT))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        transport = KeptTransport()
        stack.push_async_callback(transport.close)
        clock = ManualClock()
        credentials = Credentials(clock, tmp_path, lambda: session)
        call = FakeCall(resolved(simulator))
        context = ProxyContext(
            registry=cast("Registry", FakeRegistry(call)),
            credentials=credentials,
            clock=SystemClock(),
            metrics=Metrics(),
            session_factory=lambda: session,
            transport=transport,
            pools=Pools(InOrder(0)),
        )
        app = web.Application()
        app.add_routes(routes(context))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Stage(url, session, credentials, clock, tmp_path, simulator, call)


@pytest.mark.parametrize("version", [None, "2024-10-21"])
@pytest.mark.parametrize("auth", ["ApiKey", "EntraToken"])
async def test_an_azure_deployment_answers(stage: Stage, auth: str, version: str | None) -> None:
    """Both shapes of URL, with the key and with a token; the deployment is called otherwise than its model."""
    tokens = stage.simulator.url("east") + "/t-1/oauth2/v2.0/token"
    stage.mount(**(KEY if auth == "ApiKey" else TENANT | {"tokenUrl": tokens}))
    dated = {"apiVersion": version} if version else {}
    status, answer = await stage.ask(resolved(stage.simulator, auth=auth, **dated))
    assert (status, answer["choices"][0]["message"]["content"]) == (200, ANSWER)


async def test_a_refused_key_ejects_until_the_secret_changes(stage: Stage) -> None:
    """The operator is told, and the very next request after the Secret changed is answered."""
    snapshot = resolved(stage.simulator)
    stage.mount(apiKey="wrong")
    status, _ = await stage.ask(snapshot)
    assert status == 502
    assert [each.reason for each in stage.credentials.problems("ns", [snapshot])] == ["Refused"]
    stage.mount(**KEY)
    status, answer = await stage.ask(snapshot)
    assert (status, answer["choices"][0]["message"]["content"]) == (200, ANSWER)
    assert stage.credentials.problems("ns", [snapshot]) == ()


async def test_a_refused_client_is_reported_and_nothing_is_sent(stage: Stage) -> None:
    """Neither key nor token: the request fails with the cause, which the operator sees too."""
    tokens = stage.simulator.url("east") + "/t-1/oauth2/v2.0/token"
    stage.mount(**TENANT | {"clientSecret": "wrong", "tokenUrl": tokens})
    snapshot = resolved(stage.simulator, auth="EntraToken")
    status, answer = await stage.ask(snapshot)
    assert status == 502
    assert "TokenRefused" in answer["error"]["causes"][0]["message"]
    (problem,) = stage.credentials.problems("ns", [snapshot])
    assert (problem.account, problem.secret, problem.reason) == ("east", "azure", "TokenRefused")
