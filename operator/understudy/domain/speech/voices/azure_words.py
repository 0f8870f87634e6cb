"""Azure's word boundaries as words of the text: it reports punctuation apart, and parts of a word."""

import html
import re
from dataclasses import dataclass

from understudy.domain.speech.voice_codec import Words

_WORD = re.compile(r"\S+")


@dataclass
class _Token:
    """A word of the text, from `begin` to `end` in it; heard from `start` to `stop`, in seconds."""

    text: str
    begin: int
    end: int
    start: float | None = None
    stop: float = 0.0


class SpokenWords:
    """Finds boundaries in `text`, in their order.

    Args:
        text: what is spoken, without markup.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [_Token(found[0], found.start(), found.end()) for found in _WORD.finditer(text)]
        self._at = 0
        self._given = 0
        self._stop = 0.0

    def boundary(self, reported: str, start: float, stop: float) -> Words | None:
        """Words that are complete now that `reported` is known to sound from `start` to `stop`; None: none yet."""
        part = html.unescape(reported).strip()
        found = self._text.find(part, self._at)
        begin = found if found >= 0 else self._at  # Azure may report a number as it says it: it stands here then
        token = self._index(begin)
        words = self._give(token, start)
        if token < len(self._tokens):
            words = [*words, *self._hear(self._tokens[token], start, stop, begin + len(part) if found >= 0 else begin)]
        return _words(words)

    def rest(self) -> Words | None:
        """Words that were not told yet: the utterance is over."""
        return _words(self._give(len(self._tokens), self._stop))

    def _index(self, position: int) -> int:
        """The word that holds `position`, or the next behind it."""
        found = (index for index, token in enumerate(self._tokens) if position < token.end)
        return max(self._given, next(found, len(self._tokens)))

    def _hear(self, token: _Token, start: float, stop: float, end: int) -> list[_Token]:
        token.start = start if token.start is None else token.start
        token.stop = self._stop = max(token.stop, stop)
        self._at = max(self._at, end)
        return self._give(self._given + 1, stop) if end >= token.end else []

    def _give(self, until: int, now: float) -> list[_Token]:
        """The words before number `until`; what was never reported, such as a dash, takes no time."""
        tokens, self._given = self._tokens[self._given : until], max(self._given, until)
        for token in tokens:
            if token.start is None:
                token.start = token.stop = now
        return tokens


def _words(tokens: list[_Token]) -> Words | None:
    if not tokens:
        return None
    return Words(
        tuple(token.text for token in tokens),
        tuple(token.start or 0.0 for token in tokens),
        tuple(token.stop for token in tokens),
    )
