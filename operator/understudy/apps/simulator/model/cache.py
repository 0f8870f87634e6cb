"""The provider's cache of prompts: how much of one was there before."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

MAX_PREFIXES = 20_000
"""Kept for each deployment, the latest: 1,000 calls of 20 messages."""


class PromptCache:
    """Prompts seen, as digests of each of their beginnings."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def share(self, messages: Sequence[Any]) -> float:
        """Take in a prompt; the share of its characters, 0 to 1, with which another prompt has begun before.

        What the model answered counts as read anew: providers keep prompts.
        """
        total = cached = 0
        for characters, prefix in _beginnings(messages):
            total += characters
            cached = total if prefix in self._seen else cached
            self._seen[prefix] = None
            self._seen.move_to_end(prefix)
        while len(self._seen) > MAX_PREFIXES:
            self._seen.popitem(last=False)
        return cached / total if total else 0.0


def _beginnings(messages: Sequence[Any]) -> Iterator[tuple[int, bytes]]:
    """(characters of a message, digest of everything up to its end), message by message."""
    prefix = b""
    for message in messages:
        text = json.dumps(message, sort_keys=True).encode()
        prefix = hashlib.blake2b(prefix + text, digest_size=16).digest()
        yield len(text), prefix
