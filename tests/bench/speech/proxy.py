"""The real routing-proxy as a process of its own, with an assistant for each case.

    python -m tests.bench.speech.proxy FOLDER

Only the source of its documents is not the product's: thousands of assistants, read once from one file.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop

from tests.bench.lines import NAMESPACE
from tests.bench.speech import lag
from tests.bench.speech.told import ASSISTANTS, LOG, STALLS
from understudy.apps.proxy import egress
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.settings import Settings
from understudy.base.clock import SystemClock
from understudy.base.digest import short_digest
from understudy.domain.routing.document import RevisionRef, RoutingDocument


class Still:
    """Documents that never change."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    async def routing(self, namespace: str, assistant: str) -> AsyncIterator[str]:
        """The assistant's document, once."""
        revision = self._told["revisions"][assistant]
        stable = RevisionRef(name=short_digest(revision), object_name=assistant, agent_service=self._told["agents"])
        document = RoutingDocument(namespace=namespace, assistant=assistant, generation=1, stable=stable)
        yield json.dumps(document.to_json())
        await asyncio.Event().wait()

    async def snapshot(self, namespace: str, object_name: str) -> str:  # noqa: ARG002 - there is one
        """Its revision."""
        return json.dumps(self._told["revisions"][object_name])


async def run(folder: Path) -> None:
    """Serve until killed."""
    told = json.loads((folder / ASSISTANTS).read_text())
    port, admin = told["ports"]
    settings = Settings(
        assistants=tuple((NAMESPACE, name) for name in told["revisions"]),
        port=port,
        admin_port=admin,
        state_dir=folder / "state",
        credentials_dir=folder / "credentials",
    )
    async with Proxy(settings, Still(told), SystemClock(), egress.routes):
        await lag.watch(lag.into(folder / STALLS))


if __name__ == "__main__":
    place = Path(sys.argv[1])
    logging.basicConfig(
        level=os.environ.get("SPEECH_BENCH_LOG", "WARNING"),
        filename=place / LOG,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    uvloop.run(run(place))
