"""What drivers share: jobs in, lines out. Imports nothing of ours: it runs in the peers' environments.

A job: `name`, `part`, `providers` (two of `provider` and `url`), and for transcribers `sound` (file of 16-bit PCM at
`RATE`) and `pauses` (seconds at which the caller falls silent), for voices `tokens`.
"""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

RATE = 16_000
FRAME_S = 0.02
TOKENS_S = 0.03
LAST_S = 8.0
"""Longest wait for what is still to come, as for the proxy."""

LONGEST_S = 40.0
"""Longest a job may take; a call is ten seconds of speech."""

Job = dict[str, Any]


class Told:
    """What one job heard and said; `closed` says why it ended early."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.began = 0.0
        self.finals: list[tuple[float, str]] = []
        self.interims: list[tuple[float, str]] = []
        self.audio: list[tuple[float, str]] = []
        self.rate = 0
        self.closed = ""

    def final(self, text: str) -> None:
        """A transcript that will not change."""
        self.finals.append((time.monotonic(), text))

    def interim(self, text: str) -> None:
        """A transcript that will."""
        self.interims.append((time.monotonic(), text))

    def sound(self, pcm: bytes, rate: int) -> None:
        """A piece of a voice."""
        self.rate = rate
        self.audio.append((time.monotonic(), base64.b64encode(pcm).decode()))

    def line(self) -> str:
        """As JSON."""
        told = {name: value for name, value in vars(self).items() if name != "job"}
        return json.dumps({"name": self.job["name"], **told})


async def speak(job: Job, told: Told, push: Callable[[bytes], Awaitable[None]], paused: Callable[[], Awaitable[None]],
                resumed: Callable[[], Awaitable[None]]) -> None:  # fmt: skip
    """The caller's audio in real time; `paused` after each utterance, `resumed` when the next one comes."""
    sound = Path(job["sound"]).read_bytes()  # noqa: ASYNC240 - 200 kB, before the call begins
    size = int(RATE * FRAME_S) * 2
    pauses = list(job["pauses"])
    told.began = time.monotonic()
    speaking = False
    for number in range(len(sound) // size):
        at = number * FRAME_S
        if not speaking and pauses and at >= job["starts"][-len(pauses)]:
            speaking = True
            await resumed()
        await push(sound[number * size : (number + 1) * size])
        if pauses and at >= pauses[0]:
            pauses.pop(0)
            speaking = False
            await paused()
        await asyncio.sleep(max(0.0, told.began + (number + 1) * FRAME_S - time.monotonic()))


async def _one(work: Callable[[Job, Told], Awaitable[None]], job: Job, told: Told) -> None:
    """One job; one that never ends is left behind."""
    task = asyncio.ensure_future(work(job, told))
    await asyncio.wait([task], timeout=LONGEST_S)
    if not task.done():
        task.cancel()
        told.closed = told.closed or "did not end"
    elif not task.cancelled() and (error := task.exception()):
        told.closed = told.closed or f"{type(error).__name__}: {error}"[:200]


def run(work: Callable[[Job, Told], Awaitable[None]]) -> None:
    """All jobs of the file on the command line, so many at a time as it says."""
    plan = json.loads(Path(sys.argv[1]).read_text())

    async def main() -> None:
        waiting = iter(plan["jobs"])

        async def one_after_another(slot: int) -> None:
            await asyncio.sleep(slot * 0.2)
            for job in waiting:
                told = Told(job)
                await _one(work, job, told)
                sys.stdout.write(told.line() + "\n")
                sys.stdout.flush()

        await asyncio.gather(*(one_after_another(slot) for slot in range(plan["together"])))
        sys.stdout.flush()
        os._exit(0)  # what was left behind may not let the loop end

    asyncio.run(main())
