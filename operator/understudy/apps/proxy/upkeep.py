"""What is done between requests: warm connections, pools of revisions that nobody holds, reports of long calls."""

import asyncio

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.pools import Kind
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.providers import chat_url

EVERY_S = 20.0
"""Seconds between rounds: providers close connections that are idle for a minute, some after half of one."""

WARM = 3
"""Deployments at the head of the ranking that a connection is kept to: where a turn goes, and where it is fired again
twice. A handshake with TLS costs a turn 50 to 150 ms."""


class Upkeep:
    """Looks after the pools and the long calls of one process."""

    def __init__(self, context: ProxyContext) -> None:
        self._context = context

    def opened(self, call: Call) -> None:
        """A call was admitted: its first request is a second away."""
        self._warm(call.assistant, call.served_by, call.snapshot())

    async def run(self) -> None:
        """For ever: a round every `EVERY_S`."""
        while True:
            await asyncio.sleep(EVERY_S)
            for assistant in self._context.registry.assistants.values():
                self.round(assistant)

    def round(self, assistant: Assistant) -> None:
        """Forget the pools of revisions that neither a document nor a call holds; warm those with calls.

        Calls that have had enough turns to be judged are told of, though they go on.
        """
        for call in list(assistant.live.values()):
            if call.ledger.ripe:
                self._context.registry.tell_turns(call)
        served = {call.served_by: call.snapshot() for call in assistant.live.values()}
        self._context.pools.keep(assistant.key, {*assistant.snapshots, *served})
        for revision, snapshot in served.items():
            self._warm(assistant.key, revision, snapshot)

    def _warm(self, assistant: str, revision: str, snapshot: Snapshot) -> None:
        kind = Kind(snapshot.model.reasoning_effort or "")
        route = self._context.pools.of(assistant, revision, snapshot, kind)
        if route is None:
            return
        for target in (route.targets[index] for index in route.pool.top(WARM)):
            account = snapshot.accounts.get(target.account)
            if account is not None:
                self._context.transport.warm(chat_url(account, target))
