"""The last good documents on disk, in the layout that `--documents` reads: NAMESPACE/NAME/routing.json, revisions/."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import ValidationError

from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import KEY, RoutingDocument
from understudy.domain.routing.held import missing

log = logging.getLogger(__name__)

REVISIONS = "revisions"


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path`, so that a reader or a crash sees the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)


class LastGood:
    """A directory of documents. Writing happens on one thread of its own, in order; a full disk loses only this."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="last-good")

    def save(self, document: RoutingDocument, snapshots: Mapping[str, Snapshot]) -> None:
        """Keep `document` and the snapshots it names; returns before the disk has them."""
        held = {ref.object_name: snapshots[ref.name] for ref in document.revisions() if ref.name in snapshots}
        self._writer.submit(self._write, document, held)

    def load(self, namespace: str, assistant: str) -> tuple[RoutingDocument, dict[str, Snapshot]] | None:
        """What was last saved, complete; None when there is nothing usable."""
        folder = self._root / namespace / assistant
        try:
            document = RoutingDocument.model_validate_json((folder / KEY).read_text())
            snapshots = {}
            for ref in document.revisions():
                with contextlib.suppress(FileNotFoundError):
                    text = (folder / REVISIONS / f"{ref.object_name}.json").read_text()
                    snapshots[ref.name] = Snapshot.model_validate_json(text)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("%s/%s: the last good document is unusable: %s", namespace, assistant, type(error).__name__)
            return None
        return None if missing(document, snapshots) else (document, snapshots)

    async def close(self) -> None:
        """Wait until everything is on disk."""
        await asyncio.to_thread(self._writer.shutdown)

    def _write(self, document: RoutingDocument, held: Mapping[str, Snapshot]) -> None:
        folder = self._root / document.namespace / document.assistant
        try:
            for name, snapshot in held.items():
                path = folder / REVISIONS / f"{name}.json"
                if not path.exists():
                    write_atomically(path, snapshot.model_dump_json(by_alias=True, exclude_none=True))
            write_atomically(folder / KEY, document.model_dump_json(by_alias=True, exclude_none=True))
            for path in (folder / REVISIONS).glob("*.json"):
                if path.stem not in held:
                    path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s/%s: not kept on disk: %s", document.namespace, document.assistant, error.strerror)
