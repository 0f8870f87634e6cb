"""Two whole proxies of one assistant that share through a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.integration.proxy_front.documents import (
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish,
    publish_revision,
    ref,
    snapshot,
)
from tests.integration.store.redis_process import RedisProcess
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.files import FileDocuments
from understudy.apps.proxy.pools import Kind
from understudy.apps.proxy.settings import Settings
from understudy.base.clock import SystemClock
from understudy.domain.revision.snapshot import Account, Model, ModelTarget
from understudy.domain.routing.pool.step import Ask

NAMES = ("east", "west")


class Replica:
    """One proxy process, as far as its pools go."""

    def __init__(self, proxy: Proxy, pod: str) -> None:
        self.proxy = proxy
        self.pod = pod

    def turn(self, seconds: float = 0.3) -> str:
        """A turn that was answered after `seconds`; by whom."""
        context = self.proxy.context
        assistant = context.registry.assistants[f"{NAMESPACE}/{NAME}"]
        route = context.pools.of(assistant.key, STABLE, assistant.snapshots[STABLE], Kind())
        assert route
        now = context.clock.monotonic()
        turn = route.pool.turn(Ask())
        shot = turn.start(now - seconds).fire[0]
        turn.clause(shot.id, now)
        turn.done(shot.id, now)
        return route.targets[shot.target].name

    async def admin(self, path: str, **query: str) -> tuple[int, str]:
        """Status and text of a page on the admin port."""
        url = f"http://127.0.0.1:{self.proxy.admin_port}{path}"
        async with ClientSession() as session, session.get(url, params=query) as reply:
            return reply.status, await reply.text()


def pooled(**changes: Any) -> Any:
    """A revision with a pool of two."""
    account = Account(name="azure", provider="azure-openai", base_url="https://eu.openai.azure.com", secret="s")  # noqa: S106 - a name
    targets = tuple(ModelTarget(name=name, account="azure", model="mini", deployment=name) for name in NAMES)
    return snapshot(
        "stable",
        accounts={"azure": account, "sim": Account(name="sim", provider="openai", base_url="http://127.0.0.1:1/v1")},
        model=Model(targets=targets, system_prompt="p"),
        **changes,
    )


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    """A fresh, empty server."""
    with RedisProcess() as process:
        yield process


Join = Callable[..., Awaitable[Replica]]


@pytest.fixture
async def join(tmp_path: Path) -> AsyncIterator[Join]:
    """Start a proxy that serves the pooled revision."""
    documents = tmp_path / "documents"
    publish_revision(documents, STABLE, pooled())
    publish(documents, document(1, stable=ref(STABLE, "127.0.0.1:1")))
    async with AsyncExitStack() as stack:

        async def start(pod: str, url: str = "") -> Replica:
            settings = Settings(
                assistants=((NAMESPACE, NAME),), pod=pod, port=0, admin_port=0, state_dir=tmp_path / pod,
                credentials_dir=tmp_path, shared_state_url=url,
            )  # fmt: skip
            proxy = Proxy(settings, FileDocuments(documents), SystemClock(), lambda _: [])
            await stack.enter_async_context(proxy)
            assistant = proxy.context.registry.assistants[f"{NAMESPACE}/{NAME}"]
            assert await assistant.changed.until(lambda: assistant.ready, 10)
            return Replica(proxy, pod)

        yield start
