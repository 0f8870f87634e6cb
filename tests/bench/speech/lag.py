"""Whether the machine kept up: event loops that stalled, here and in the proxy's process.

A stall of the benchmark's own makes providers late that are not, and the caller burst; so a case in which there was
one says nothing, and is played again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

LOOK_S = 0.02
STALL_S = 0.25
"""A loop this late: more than any provider's jitter, and less than any deadline that a case is about."""

Stall = tuple[float, float]
"""When it ended, monotonic, and for how long."""


async def watch(tell: Callable[[Stall], None]) -> None:
    """Until cancelled: tells of each stall of this process's loop."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        if now - before - LOOK_S >= STALL_S:
            tell((now, now - before - LOOK_S))


def into(path: Path) -> Callable[[Stall], None]:
    """Writes stalls into a file, a line each."""

    def tell(stall: Stall) -> None:
        with path.open("a") as out:
            out.write(f"{stall[0]} {stall[1]}\n")

    return tell


def read(path: Path) -> list[Stall]:
    """What `into` wrote."""
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text().splitlines())
    return [(float(at), float(seconds)) for at, seconds in lines]


def disturbed(stalls: Iterable[Stall], began: float, ended: float) -> bool:
    """Whether one of them was between these times."""
    return any(began <= at and at - seconds <= ended for at, seconds in stalls)
