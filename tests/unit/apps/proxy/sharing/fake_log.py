"""A log in memory that can fail, and whose clock is its own."""

import asyncio
from dataclasses import dataclass

from understudy.base.errors import UnderstudyError


class Away(UnderstudyError):
    """The log does not answer."""


@dataclass(frozen=True)
class FakeEntry:
    id: str
    at: float
    body: bytes


class FakeLog:
    """Implements the `Log` port."""

    def __init__(self, at: float = 5_000_000.0) -> None:
        self.at = at
        self.entries: list[FakeEntry] = []
        self.away = False
        self.closed = False
        self.reads = 0
        self._news = asyncio.Event()
        self._count = 0

    def put(self, body: bytes, age_s: float = 0.0) -> None:
        """Somebody appended `body` so long ago."""
        self._count += 1
        at = self.at - age_s
        self.entries.append(FakeEntry(f"{round(at * 1000)}-{self._count}", at, body))
        self._wake()

    async def append(self, body: bytes) -> None:
        self._answer()
        self.put(body)

    async def now(self) -> float:
        self._answer()
        return self.at

    async def before(self, id_: str, count: int) -> list[FakeEntry]:
        self._answer()
        older = [each for each in self.entries if id_ == "+" or order(each.id) < order(id_)]
        return older[::-1][:count]

    async def after(self, id_: str, count: int, wait_s: float) -> list[FakeEntry]:  # noqa: ARG002 - no time passes
        while True:
            self._answer()
            self.reads += 1
            newer = [each for each in self.entries if order(each.id) > order(id_)]
            if newer:
                return newer[:count]
            await self._news.wait()

    async def close(self) -> None:
        self.closed = True

    def fail(self) -> None:
        """Be away, for those who wait too."""
        self.away = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _answer(self) -> None:
        if self.away:
            raise Away("no answer")


def order(id_: str) -> tuple[int, int]:
    first, _, second = id_.partition("-")
    return int(first), int(second or 0)
