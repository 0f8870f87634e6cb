"""Entra tokens from a token endpoint on a real socket: got once, renewed early, kept through an outage."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from tests.integration.proxy_credentials.conftest import LIFE_S, Endpoint, fine
from understudy.apps.proxy.credentials import Credentials, CredentialUnavailable
from understudy.apps.proxy.entra import END_MARGIN_S, REFRESH_BEFORE_S, REFUSED_AFTER_S, RETRY_S, SCOPE
from understudy.apps.proxy.mounted import RECHECK_S
from understudy.base.clock import ManualClock
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.revision.snapshot import Account, Agent, Model, Snapshot

NAME = "entra"

EAST = Account(
    name="east",
    provider="azure-openai",
    base_url="https://east.openai.azure.com",
    secret=NAME,
    auth="EntraToken",
)

SNAPSHOT = Snapshot(
    accounts={"east": EAST},
    model=Model(targets=(), system_prompt=""),
    transcribers=(),
    voices=(),
    agent=Agent(image="i"),
)


@dataclass
class Stage:
    """Credentials whose Secret is at `root`."""

    credentials: Credentials
    endpoint: Endpoint
    clock: ManualClock
    root: Path

    def mount(self, **files: str) -> None:
        """Put keys into the Secret, as the kubelet does."""
        folder = self.root / "ns" / NAME
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("_", "-")).write_text(text)

    def mount_client(self, **files: str) -> None:
        """A complete Secret whose tokens come from the endpoint."""
        own = {"tenantId": "tenant-1", "clientId": "client-1", "clientSecret": "s3cret"}
        self.mount(**{**own, "tokenUrl": self.endpoint.url, "allowed_hosts": "127.0.0.1", **files})

    async def header(self, account: Account = EAST) -> str:
        """What a request to the account carries."""
        headers = await self.credentials.headers_for("ns", account)
        assert list(headers) == ["Authorization"]
        return headers["Authorization"]

    def version(self) -> str:
        """Of the account's credentials."""
        return self.credentials.version("ns", EAST)

    def problems(self) -> tuple[CredentialProblem, ...]:
        """What the proxy reports."""
        return self.credentials.problems("ns", [SNAPSHOT])


@pytest.fixture
async def stage(endpoint: Endpoint, tmp_path: Path) -> AsyncIterator[Stage]:
    clock = ManualClock()
    async with ClientSession() as session:
        yield Stage(Credentials(clock, tmp_path, lambda: session), endpoint, clock, tmp_path)


async def settle(condition: Callable[[], bool]) -> None:
    """Let the server and the background fetch run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what a server and a task of the product have done
            await asyncio.sleep(0)


async def test_a_token_is_got_once_and_kept(stage: Stage) -> None:
    """By the client-credentials grant, for Azure's scope; requests at once share one fetch."""
    stage.mount_client()
    got = await asyncio.gather(*(stage.header() for _ in range(5)))
    assert set(got) == {"Bearer token-1"}
    assert stage.endpoint.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "client-1",
            "client_secret": "s3cret",
            "scope": SCOPE,
        }
    ]


async def test_another_cloud_has_another_scope(stage: Stage) -> None:
    stage.mount_client(scope="https://cognitiveservices.azure.us/.default")
    await stage.header()
    assert stage.endpoint.asked[0]["scope"] == "https://cognitiveservices.azure.us/.default"


async def test_a_token_is_renewed_before_it_ends_and_nobody_waits(stage: Stage) -> None:
    """The old one is good meanwhile."""
    stage.mount_client()
    await stage.header()
    stage.clock.advance(LIFE_S - END_MARGIN_S - REFRESH_BEFORE_S)
    stage.endpoint.gate.clear()
    assert await stage.header() == "Bearer token-1"
    await settle(lambda: len(stage.endpoint.asked) == 2)
    assert await stage.header() == "Bearer token-1"
    before = stage.version()
    stage.endpoint.gate.set()
    await settle(lambda: stage.version() != before)
    assert await stage.header() == "Bearer token-2"


async def test_an_outage_of_the_endpoint_is_noticed_only_when_the_token_ends(stage: Stage) -> None:
    """Then it is reported, and asked again after a pause rather than by every request."""
    stage.mount_client()
    await stage.header()
    stage.endpoint.answer = lambda _: web.Response(status=503)
    stage.clock.advance(LIFE_S - END_MARGIN_S - 1)
    assert await stage.header() == "Bearer token-1"
    await settle(lambda: stage.problems() != ())
    stage.clock.advance(RETRY_S)
    for _ in range(3):
        with pytest.raises(CredentialUnavailable) as raised:
            await stage.header()
        assert raised.value.problem.reason == "TokenUnavailable"
    assert len(stage.endpoint.asked) == 3
    stage.endpoint.answer = fine
    stage.clock.advance(RETRY_S)
    assert await stage.header() == "Bearer token-4"
    assert stage.problems() == ()


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (401, {"error": "invalid_client", "error_description": "of Ms X"}, "TokenRefused", "401 (invalid_client)"),
        (400, {"error": "unauthorized_client"}, "TokenRefused", "400 (unauthorized_client)"),
        (400, {"error": "secret s3cret is wrong"}, "TokenRefused", "answered 400"),
        (429, {}, "TokenUnavailable", "answered 429"),
        (200, {"access_token": "", "expires_in": 1}, "TokenUnavailable", "answered 200"),
        (200, ["no object"], "TokenUnavailable", "answered 200"),
        (302, {}, "TokenUnavailable", "answered 302"),
    ],
)
async def test_a_refusal_is_reported_in_our_words(
    stage: Stage, status: int, body: object, reason: str, words: str
) -> None:
    """The endpoint's text names clients and may quote secrets; only its code is told."""
    stage.mount_client()
    stage.endpoint.answer = lambda _: web.json_response(
        body, status=status, headers={"Location": "http://127.0.0.1:1/"}
    )
    with pytest.raises(CredentialUnavailable) as raised:
        await stage.header()
    assert (raised.value.problem.reason, raised.value.problem.account) == (reason, "east")
    assert words in raised.value.problem.message
    assert not {"Ms X", "s3cret", "client-1"} & set(raised.value.problem.message.split())
    assert stage.problems() == (raised.value.problem,)


async def test_what_is_no_json_is_no_token(stage: Stage) -> None:
    stage.mount_client()
    stage.endpoint.answer = lambda _: web.Response(text="<html>sign in</html>")
    with pytest.raises(CredentialUnavailable, match="cannot be asked"):
        await stage.header()


async def test_a_new_secret_brings_a_new_token(stage: Stage) -> None:
    """Rotation is no restart."""
    stage.mount_client()
    await stage.header()
    before = stage.version()
    stage.mount(clientSecret="n3w")
    stage.clock.advance(RECHECK_S)
    assert await stage.header() == "Bearer token-2"
    assert stage.endpoint.asked[1]["client_secret"] == "n3w"
    assert stage.version() != before


async def test_a_token_that_a_provider_refused_is_replaced(stage: Stage) -> None:
    """A role that was given meanwhile is in a new token only; and a wrong one is not fetched for every request."""
    stage.mount_client()
    await stage.header()
    stage.credentials.report_refused("ns", EAST)
    assert [each.reason for each in stage.problems()] == ["Refused"]
    await stage.header()
    assert len(stage.endpoint.asked) == 1
    stage.clock.advance(REFUSED_AFTER_S)
    before = stage.version()
    stage.credentials.report_refused("ns", EAST)
    await stage.header()
    await settle(lambda: stage.version() != before)
    assert await stage.header() == "Bearer token-2"


@pytest.mark.parametrize(
    ("files", "account", "words"),
    [
        ({"clientSecret": ""}, EAST, "has no key 'clientSecret'"),
        ({"allowed_hosts": ""}, EAST, "does not list 127.0.0.1"),
        (
            {},
            EAST.model_copy(update={"base_url": "https://evil.example", "default_host": False}),
            "does not list evil.example",
        ),
        ({"tenantId": "../common"}, EAST, "tenantId is neither an id nor a domain"),
    ],
)
async def test_a_secret_goes_only_where_it_may(
    stage: Stage, files: dict[str, str], account: Account, words: str
) -> None:
    """Neither the client's secret without TLS to a host that is not listed, nor a token to somebody else's host."""
    stage.mount_client(**files)
    with pytest.raises(CredentialUnavailable, match=words):
        await stage.credentials.headers_for("ns", account)
    assert stage.endpoint.asked == []


async def test_tokens_are_there_before_the_first_call(stage: Stage) -> None:
    """`keep_tokens` fetches what the revisions need, each once."""
    stage.mount_client()
    before = stage.version()
    keeping = asyncio.create_task(stage.credentials.keep_tokens(lambda: [("ns", EAST), ("ns", EAST)]))
    await settle(lambda: stage.version() != before)
    stage.endpoint.gate.clear()
    assert await stage.header() == "Bearer token-1"
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert len(stage.endpoint.asked) == 1
