"""Whether a user's pattern matches, asked of a process of its own.

Python's `re` tries every way to match. For some patterns these are more than anybody can wait for, and nothing stops
it: in this process one such pattern would silence every live call.
"""

import asyncio
import sys

import orjson

LONGEST_S = 2.0
"""Longest a pattern may take, the start of the process included: any that ends by itself takes a millisecond."""

_PROGRAM = """
import json, re, sys
pattern, text = json.load(sys.stdin)
sys.exit(0 if re.search(pattern, text, re.IGNORECASE) else 3)
"""
_FOUND, _NOT_FOUND = 0, 3
"""Exit statuses; every other one is Python's own."""


async def matches(pattern: str, text: str) -> bool:
    """Whether `pattern`, a valid one, is found somewhere in `text`, whatever its case.

    Raises:
        TimeoutError: it could not be told in time.
        OSError: no process could be started, or it did not tell.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        "-c",
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            await child.communicate(orjson.dumps([pattern, text]))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode not in {_FOUND, _NOT_FOUND}:
        raise OSError(f"the matching process ended with status {child.returncode}")
    return child.returncode == _FOUND
