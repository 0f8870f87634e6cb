"""Chunks that differ from the one before in nothing but their text: read without a parser.

Nearly every chunk of a stream is `{…"delta":{"content":"…"}…}` with the same bytes around the text. Where these are
known, and what stands between them is a JSON string without escapes, the chunk says what it would say to a parser, and
whole rows of them are read at once.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

_KEY = b'"content"'
_BEFORE = re.compile(rb'"content"\s*:\s*"')
_ODD = re.compile(rb"[\\\x00-\x1f]")
"""What begins an escape in a JSON string, or must not be in one."""


class Row(NamedTuple):
    """Events in a row.

    Attributes:
        raw: their bytes.
        texts: what each says.
    """

    raw: bytes
    texts: Sequence[str]


class Likeness(NamedTuple):
    """The bytes around the text of an event.

    Attributes:
        before: from the event's first byte.
        after: to its last one, the blank line.
    """

    before: bytes
    after: bytes

    @classmethod
    def of(cls, raw: bytes, chunk: dict[str, Any]) -> Self | None:
        """What events like this one have around their text; None where it says anything beside its text.

        Args:
            raw: the event.
            chunk: the same, parsed.
        """
        found = _BEFORE.search(raw) if raw.endswith(b"}\n\n") and raw.count(_KEY) == 1 else None
        if found is None or not _only_text(chunk):
            return None
        end = raw.find(b'"', found.end())
        text = chunk["choices"][0]["delta"]["content"]
        if raw[found.end() : end] != text.encode() or raw.find(b"\n") != len(raw) - 2:
            return None
        return cls(raw[: found.end()], raw[end:])

    def row(self, data: bytes, at: int) -> Row | None:
        """The events from `at` on that are alike; None when the first is not."""
        before, after = self
        skip, texts, end = len(before), [], at
        while data.startswith(before, end):
            quote = data.find(b'"', end + skip)
            text = data[end + skip : quote]
            if quote < 0 or not data.startswith(after, quote) or _ODD.search(text):
                break
            texts.append(text)
            end = quote + len(after)
        try:
            return Row(data[at:end], [text.decode() for text in texts]) if texts else None
        except UnicodeDecodeError:
            return None


def _only_text(chunk: dict[str, Any]) -> bool:
    """Whether a chunk adds text to the only choice, and nothing else."""
    choices = chunk["choices"]
    if len(choices) != 1 or chunk.get("usage"):
        return False
    choice = choices[0]
    delta = choice.get("delta")
    plain = isinstance(delta, dict) and len(delta) == 1 and isinstance(delta.get("content"), str)
    return plain and choice.get("index", 0) == 0 and choice.get("finish_reason") is None
