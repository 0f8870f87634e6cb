"""A whole proxy has its tokens before anybody calls."""

import asyncio
from pathlib import Path

from tests.integration.proxy_credentials.conftest import Endpoint
from tests.integration.proxy_front.documents import (
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
from understudy.apps.proxy.files import FileDocuments
from understudy.apps.proxy.settings import Settings
from understudy.base.clock import SystemClock
from understudy.domain.revision.snapshot import Account

EAST = Account(
    name="east",
    provider="azure-openai",
    base_url="https://east.openai.azure.com",
    secret="entra",  # noqa: S106 - a name
    auth="EntraToken",
)


async def test_a_proxy_gets_its_revisions_tokens_by_itself(endpoint: Endpoint, tmp_path: Path) -> None:
    """No request of a model is made; the headers of the first one are at hand."""
    secret = tmp_path / "keys" / NAMESPACE / "entra"
    secret.mkdir(parents=True)
    files = {"tenantId": "t", "clientId": "c", "clientSecret": "s", "tokenUrl": endpoint.url}
    for name, text in {**files, "allowed-hosts": "127.0.0.1"}.items():
        (secret / name).write_text(text)
    publish_revision(tmp_path / "documents", STABLE, snapshot("p", accounts={"east": EAST}))
    publish(tmp_path / "documents", document(1, stable=make_ref(STABLE, "127.0.0.1:1")))
    settings = Settings(
        assistants=((NAMESPACE, NAME),),
        port=0,
        admin_port=0,
        state_dir=tmp_path / "state",
        credentials_dir=tmp_path / "keys",
    )
    async with Proxy(settings, FileDocuments(tmp_path / "documents"), SystemClock(), lambda _: []) as proxy:
        await asyncio.wait_for(endpoint.asked_first.wait(), 10)
        headers = await proxy.context.credentials.headers_for(NAMESPACE, EAST)
    assert headers == {"Authorization": "Bearer token-1"}
    assert len(endpoint.asked) == 1
