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
_PADDED = re.compile(rb'"obfuscation"\s*:\s*"([A-Za-z0-9]+)"}\n\n\Z')
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
        after: to its last one, the blank line; or to the padding, where events have some.
        end: from the padding on; empty where there is none. OpenAI pads chunks with random letters, so that their
            lengths do not tell what is in them.
    """

    before: bytes
    after: bytes
    end: bytes

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
        padded = _PADDED.search(raw, end)
        if padded is None:
            return cls(raw[: found.end()], raw[end:], b"")
        return cls(raw[: found.end()], raw[end : padded.start(1)], raw[padded.end(1) :])

    def row(self, data: bytes, at: int) -> Row | None:
        """The events from `at` on that are alike; None when the first is not."""
        before, after, padded = self
        skip, texts, end = len(before), [], at
        while data.startswith(before, end):
            quote = data.find(b'"', end + skip)
            text = data[end + skip : quote]
            if quote < 0 or not data.startswith(after, quote) or _ODD.search(text):
                break
            over = quote + len(after)
            if padded and (over := self._over(data, over)) < 0:
                break
            texts.append(text)
            end = over
        try:
            return Row(data[at:end], [text.decode() for text in texts]) if texts else None
        except UnicodeDecodeError:
            return None

    def _over(self, data: bytes, at: int) -> int:
        """Where an event ends whose padding begins at `at`; -1: it is another kind of event."""
        quote = data.find(b'"', at)
        alike = quote >= 0 and data.startswith(self.end, quote) and data[at:quote].isalnum()
        return quote + len(self.end) if alike else -1


def _only_text(chunk: dict[str, Any]) -> bool:
    """Whether a chunk adds text to the only choice, and nothing else."""
    choices = chunk["choices"]
    if len(choices) != 1 or chunk.get("usage"):
        return False
    choice = choices[0]
    delta = choice.get("delta")
    plain = isinstance(delta, dict) and len(delta) == 1 and isinstance(delta.get("content"), str)
    return plain and choice.get("index", 0) == 0 and choice.get("finish_reason") is None
