"""Keeping an assistant's routing document in force, whatever happens to its source."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Protocol

from pydantic import ValidationError

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.lastgood import LastGood
from understudy.base.clock import Clock
from understudy.base.errors import InvalidInput, StaleDocument
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import RevisionRef, RoutingDocument
from understudy.domain.routing.held import check_order, check_owner, missing

log = logging.getLogger(__name__)

FETCH_FIRST_S = 0.05
"""First pause before a snapshot is asked for again: a grant of access takes about so long to reach the API server."""

FETCH_LONGEST_S = 2.0
"""Longest pause: what a new canary may wait for when the API server is back."""


class Source(Protocol):
    """Where documents come from."""

    def routing(self, namespace: str, assistant: str) -> AsyncIterator[str]:
        """The routing document as JSON text, now and whenever it changes; never ends, whatever fails."""
        ...

    async def snapshot(self, namespace: str, object_name: str) -> str:
        """The named revision's content as JSON text; immutable.

        Raises:
            LookupError: it is not there, or not yet readable.
            OSError: the source cannot be reached.
        """
        ...


class Keeper:
    """Watches the document of one assistant and applies it when all that it needs is here."""

    def __init__(self, assistant: Assistant, source: Source, last_good: LastGood, clock: Clock) -> None:
        self._assistant = assistant
        self._source = source
        self._last_good = last_good
        self._clock = clock
        self._pending: asyncio.Task[None] | None = None
        self._offered: RoutingDocument | None = None
        self.refused = 0
        """Documents that were older, broken or another assistant's."""

    def restore(self) -> None:
        """Start from what was in force when the process last ran: the API server may be away.

        A lease may have run out meanwhile, in which case new calls go to stable.
        """
        kept = self._last_good.load(self._assistant.namespace, self._assistant.name)
        if kept:
            document, snapshots = kept
            self._assistant.snapshots.update(snapshots)
            self._offered = document
            self._assistant.apply(document, self._clock.now())

    async def run(self) -> None:
        """Follow the source until cancelled."""
        try:
            async for text in self._source.routing(self._assistant.namespace, self._assistant.name):
                self.offer(text)
        finally:
            if self._pending:
                self._pending.cancel()

    def offer(self, text: str) -> None:
        """Put the document in `text` in force, at once when its snapshots are here; refuse an older or broken one."""
        try:
            document = RoutingDocument.model_validate_json(text)
            check_owner(document, self._assistant.namespace, self._assistant.name)
            if not check_order(document, self._offered):
                return
        except (ValidationError, InvalidInput, StaleDocument) as error:
            self.refused += 1
            # A validation error quotes the document, which holds names only.
            log.warning("%s: routing document refused: %s", self._assistant.key, error)
            return
        self._offered = document
        if self._pending:
            self._pending.cancel()
            self._pending = None
        wanted = missing(document, self._assistant.snapshots)
        if wanted:
            self._pending = asyncio.create_task(self._fetch_then_apply(document, wanted))
        else:
            self._apply(document)

    async def _fetch_then_apply(self, document: RoutingDocument, wanted: tuple[RevisionRef, ...]) -> None:
        for ref in wanted:
            self._assistant.snapshots[ref.name] = await self._fetch(ref)
        self._pending = None
        self._apply(document)

    async def _fetch(self, ref: RevisionRef) -> Snapshot:
        """The snapshot of `ref`; tries until it is there or a newer document makes it unnecessary."""
        pause = FETCH_FIRST_S
        while True:
            try:
                text = await self._source.snapshot(self._assistant.namespace, ref.object_name)
                return Snapshot.model_validate_json(text)
            except (LookupError, OSError, ValidationError) as error:
                log.info("%s: revision %s is not readable yet: %s", self._assistant.key, ref.name, type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, FETCH_LONGEST_S)

    def _apply(self, document: RoutingDocument) -> None:
        self._assistant.apply(document, self._clock.now())
        # After, not before: the acknowledgement must not wait for a disk.
        self._last_good.save(document, self._assistant.snapshots)
