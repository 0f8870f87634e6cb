"""Routing documents from a directory, without a cluster: for tests, benchmarks and laptops."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from understudy.apps.proxy.lastgood import REVISIONS
from understudy.domain.routing.document import KEY

POLL_S = 0.01
"""Seconds between looks at the file's times: a hundred `stat`s a second are 0.1 % of a core, and 10 ms is near a
watch's delay, so that what is measured on files holds for a cluster."""


class FileDocuments:
    """NAMESPACE/NAME/routing.json and NAMESPACE/NAME/revisions/OBJECT.json under `root`; files are replaced whole."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def routing(self, namespace: str, assistant: str) -> AsyncIterator[str]:
        """The text of routing.json, now and whenever it changes."""
        path = self._root / namespace / assistant / KEY
        seen: tuple[int, int, int] | None = None
        while True:
            stamp = _stamp(path)
            if stamp and stamp != seen:
                seen = stamp
                yield path.read_text()
            await asyncio.sleep(POLL_S)

    async def snapshot(self, namespace: str, object_name: str) -> str:
        """The text of the revision's file, whichever assistant of the namespace it belongs to.

        Raises:
            LookupError: there is no such file.
        """
        for path in (self._root / namespace).glob(f"*/{REVISIONS}/{object_name}.json"):
            return path.read_text()
        raise LookupError(object_name)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file is replaced or written; None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
