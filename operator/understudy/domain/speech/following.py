"""Where in a text a voice is, by the words that it says it speaks.

Providers report words as they understood them: `three` for `3`, `New York` as one, `o'clock` as two.
So letters are compared, and what cannot be found is bridged by what comes after it, never further than it can reach.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f"
_ATOM = re.compile(rf"[{_CJK}][^\s\w]*|(?:(?![{_CJK}])\S)+")
"""A word with its punctuation; in Chinese and Japanese, which have no spaces, a character."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A stretch of a text, and when it is heard.

    Attributes:
        begin, end: characters.
        start, stop: seconds.
    """

    begin: int
    end: int
    start: float
    stop: float

    def later(self, seconds: float) -> "Timed":
        """The same, `seconds` later."""
        return replace(self, start=self.start + seconds, stop=self.stop + seconds)


def atoms(text: str, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Begin and end of each word in `text[begin:end]`; a stretch without letters or digits counts to the word before.

    What stands before the first word belongs to it.
    """
    first: tuple[int, int] | None = None
    for match in _ATOM.finditer(text, begin, len(text) if end is None else end):
        if _letters(match.group()):
            if first is not None:
                yield first
            first = match.span()
        elif first is not None:
            first = (first[0], match.end())
    if first is not None:
        yield first


def has_words(text: str) -> bool:
    """Whether there is anything in `text` that a voice could say."""
    return any(character.isalnum() for character in text)


class Follower:
    """Follows one voice through a text.

    Args:
        begin: character where it begins.
    """

    def __init__(self, begin: int) -> None:
        self.position = begin
        """Characters spoken, as far as whole words are concerned."""
        self._cursor = begin
        self._strays = 0
        """Reported words that were not found, since the last one that was."""
        self._untimed = 0
        """Words reported without a time of their own, since the last one that was found: proof only by what follows."""
        self._since: tuple[float, float] | None = None
        """Start and stop of what was reported behind `position`."""

    def follow(self, text: str, word: str, start: float, stop: float) -> list[Timed]:
        """The voice says `word` from `start` to `stop`; the stretches of `text` that are known to be spoken by then."""
        letters = _letters(word)
        if not letters:
            return []
        if stop <= start:
            self._untimed += 1
            return []
        found: list[Timed] = []
        end = _match(text, self._cursor, letters)
        if end is None:
            gap, end = self._beyond(text, letters)
            if end is not None:
                found.append(Timed(self.position, gap, *(self._since or (start, start))))
                self.position, self._since = gap, None
        self._since = (self._since[0] if self._since else start, stop)
        if end is None:
            self._strays += 1
            return found
        self._strays = self._untimed = 0
        return found + self._reached(text, end)

    def finish(self, text: str, end: int) -> list[Timed]:
        """The voice says that it has spoken up to character `end`: what its last words bridge of it, if they can."""
        rest = list(atoms(text, self.position, end))
        if not rest or self._since is None or len(rest) > max(self._strays, 1):
            return []
        done = Timed(self.position, end, *self._since)
        self.position = self._cursor = end
        self._since, self._strays = None, 0
        return [done]

    def covers(self, text: str, end: int) -> bool:
        """Whether all words up to character `end` are spoken."""
        return self.position >= end or not has_words(text[self.position : end])

    def _reached(self, text: str, end: int) -> list[Timed]:
        """`end` is behind the last letter; a word counts when it is whole."""
        self._cursor = end
        whole = self.position
        for _, stop in atoms(text, self.position):
            if has_words(text[end:stop]):
                break
            whole = stop
            if stop >= end:
                break
        if whole <= self.position or whole < end or self._since is None:
            return []
        done = Timed(self.position, whole, *self._since)
        self.position = self._cursor = whole
        self._since = None
        return [done]

    def _beyond(self, text: str, letters: str) -> tuple[int, int | None]:
        """End of the words that the strays stand for, and of the match behind them; None: no match in their reach."""
        for skipped, (_, stop) in enumerate(atoms(text, self.position), start=1):
            if skipped > self._strays + self._untimed:
                break
            end = _match(text, stop, letters)
            if end is not None:
                return stop, end
        return self.position, None


def _letters(text: str) -> str:
    return "".join(character.lower() for character in text if character.isalnum())


def _match(text: str, begin: int, letters: str) -> int | None:
    """Where `letters` end if they are the next ones in `text` from `begin` on."""
    wanted = letters
    for index in range(begin, len(text)):
        character = text[index].lower()
        if not text[index].isalnum():
            continue
        if not wanted.startswith(character):
            return None
        wanted = wanted[len(character) :]
        if not wanted:
            return index + 1
    return None
