"""One long poll for each proxy pod: what a proxy records is here a round trip later."""

import asyncio
import logging
from collections.abc import Callable, Mapping

import httpx
from pydantic import ValidationError

from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.apps.controller.reports import Reports
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.naming import ADMIN_PORT

log = logging.getLogger(__name__)

WAIT_S = 20
"""How long a proxy may hold a poll open. Live calls and problems are at most this old without other news."""

ANSWER_MARGIN_S = 5.0
"""How much longer than `WAIT_S` we wait before we take the proxy for dead."""

CONNECT_TIMEOUT_S = 2.0
"""Pods are close; one that takes no connection for so long is not there."""

FIRST_RETRY_S = 0.25
"""Before a proxy that did not answer is asked again; doubled each time."""
LONGEST_RETRY_S = 5.0
"""However often it did not: a proxy that is back is heard of within this."""

MAX_CONNECTIONS = 5000
"""One per proxy pod: 2500 assistants with two proxies each."""

Target = tuple[str, str]
"""(pod name, pod IP)"""


def make_client() -> httpx.AsyncClient:
    """The HTTP client of the observers."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(WAIT_S + ANSWER_MARGIN_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=None),
        trust_env=False,
    )


class Observers:
    """Polling tasks, started and stopped as pods come and go."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        reports: Reports,
        on_news: Callable[[Key], None],
        metrics: Metrics,
        port: int = ADMIN_PORT,
    ) -> None:
        self._client = client
        self._reports = reports
        self._on_news = on_news
        self._metrics = metrics
        self._port = port
        self._tasks: dict[Key, dict[Target, asyncio.Task[None]]] = {}

    def sync(self, key: Key, pods: Mapping[str, str]) -> None:
        """Watch exactly `pods` (name → IP) of the assistant."""
        wanted = set(pods.items())
        running = self._tasks.setdefault(key, {})
        ended = {target for target, task in running.items() if task.done()}
        for target in set(running) - wanted | ended:
            running.pop(target).cancel()
        for target in wanted - set(running):
            running[target] = asyncio.get_running_loop().create_task(self._watch(key, *target))
        self._reports.retain(key, frozenset(pods))
        if not running:
            del self._tasks[key]

    def forget(self, key: Key) -> None:
        """Stop watching the assistant's pods."""
        for task in self._tasks.pop(key, {}).values():
            task.cancel()
        self._reports.forget(key)

    async def close(self) -> None:
        """Stop everything."""
        tasks = [task for running in self._tasks.values() for task in running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _watch(self, key: Key, pod: str, ip: str) -> None:
        pause = FIRST_RETRY_S
        while True:
            try:
                report = await self._poll(key, pod, ip)
            except (httpx.HTTPError, httpx.InvalidURL, ValidationError) as error:
                self._metrics.polled("error")
                log.debug("%s: proxy %s: %r", key, pod, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_RETRY_S)
                continue
            pause = FIRST_RETRY_S
            self._metrics.polled("ok")
            if report.pod != pod:  # another pod has taken the address of one that is gone
                await asyncio.sleep(LONGEST_RETRY_S)
            elif self._reports.receive(key, report):
                self._on_news(key)

    async def _poll(self, key: Key, pod: str, ip: str) -> ProxyReport:
        after, generation = self._reports.position(key, pod)
        host = f"[{ip}]" if ":" in ip else ip
        response = await self._client.get(
            f"http://{host}:{self._port}/v1/state",
            params={"assistant": str(key), "after": after, "generation": generation, "wait": WAIT_S},
        )
        response.raise_for_status()
        return ProxyReport.model_validate_json(response.content)
