"""Azure's word boundaries as words of the text: it reports punctuation apart, and parts of a word."""

import html
import re
from dataclasses import dataclass

from understudy.domain.speech.voice_codec import Words

_WORD = re.compile(r"\S+")
_SILENT = re.compile(r"\W*$")
"""The end of a word that nobody pronounces."""

_NEAR = 3
"""Words among which a boundary is looked for: the next one, and two that nobody pronounces, such as dashes."""


@dataclass
class _Token:
    """A word of the text; heard from `start` to `stop`, in seconds.

    Attributes:
        end: where it ends in the text.
        spoken: where what is spoken of it ends: before its punctuation, which Azure reports later.
    """

    text: str
    end: int
    spoken: int
    start: float | None = None
    stop: float = 0.0


class SpokenWords:
    """Finds boundaries in `text`, in their order.

    Args:
        text: what is spoken, without markup.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [_token(found) for found in _WORD.finditer(text)]
        self._at = 0
        self._given = 0
        self._stop = 0.0

    def boundary(self, reported: str, start: float, stop: float) -> Words | None:
        """Words that are known to their end now that `reported` sounds from `start` to `stop`; None: none yet."""
        part = html.unescape(reported).strip()
        near = self._tokens[: self._index(self._at) + _NEAR]
        found = self._text.find(part, self._at, near[-1].end if near else 0)
        begin = found if found >= 0 else self._at  # Azure may report a number as it says it: it stands here then
        index = self._index(begin)
        words = self._give(index, start)
        if index < len(self._tokens):
            words += self._hear(index, start, stop, begin + len(part) if found >= 0 else begin)
        return _words(words)

    def rest(self) -> Words | None:
        """Words that were not told yet: the utterance is over."""
        return _words(self._give(len(self._tokens), self._stop))

    def _index(self, position: int) -> int:
        """The word that holds `position`, or the next behind it."""
        found = (index for index, token in enumerate(self._tokens) if position < token.end)
        return next(found, len(self._tokens))

    def _hear(self, index: int, start: float, stop: float, end: int) -> list[_Token]:
        token = self._tokens[index]
        token.start = start if token.start is None else token.start
        token.stop = self._stop = max(token.stop, stop)
        self._at = max(self._at, end)
        return self._give(index + 1, stop) if end >= token.spoken else []

    def _give(self, until: int, now: float) -> list[_Token]:
        """The words before number `until`; what was never reported, such as a dash, takes no time."""
        tokens, self._given = self._tokens[self._given : until], max(self._given, until)
        for token in tokens:
            if token.start is None:
                token.start = token.stop = now
        return tokens


def _token(found: re.Match[str]) -> _Token:
    silent = _SILENT.search(found[0])
    spoken = found.start() + (silent.start() if silent else len(found[0]))
    return _Token(found[0], found.end(), spoken if spoken > found.start() else found.end())


def _words(tokens: list[_Token]) -> Words | None:
    if not tokens:
        return None
    return Words(
        tuple(token.text for token in tokens),
        tuple(token.start or 0.0 for token in tokens),
        tuple(token.stop for token in tokens),
    )
