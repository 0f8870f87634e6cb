"""The seam where a second model goes on with an answer that the first one broke off.

The second is asked to begin with the next word (`prompt.py`). Models often repeat the last words all the same, or the
whole answer so far, so what the caller has heard already is taken off again, word by word; case and punctuation do not
count. It is decided as soon as the words that came cannot be a repetition any more, which is usually the first one.
"""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['\u2019][^\W_]+)*")
"""A word; a character of a script that is written without spaces."""

_NO_SPACES = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_PUNCTUATION = re.compile(r"[.,;:!?…。！？，、；：—]+[\"')\]\u201d\u2019]*")  # noqa: RUF001 - Chinese and Japanese marks
_ELLIPSIS = re.compile(r"\s*(?:\.\.+|…)\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？\n]")  # noqa: RUF001 - Chinese and Japanese marks
_NUMBER = re.compile(r"\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten|double|oh")
_OPENING = "([{\"'\u201c\u2018-\u2014/"
_CLOSING = ".,;:!?…)]}%\u201d\u2019"

SHORTEST_PIECE = 3
"""Letters that a broken word must have to be taken for the beginning of a word that stands alone: "in Indiana"."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a text."""

    text: str
    """In lower case."""
    start: int
    end: int


class Joint:
    """Glues a continuation to what was said; white space is put right.

    Args:
        said: the text that was forwarded; it cannot be taken back.
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._words = _words(said)
        self._starts = range(len(self._words))
        self._held = ""
        self._decided = not said

    @property
    def whole(self) -> bool:
        """Whether what was said ends with a sentence, so that nothing need follow."""
        return bool(self._words) and bool(_SENTENCE_END.search(self._said[self._words[-1].end :]))

    def feed(self, text: str) -> str:
        """What of the next piece of the continuation is new; empty while that is open."""
        if self._decided:
            return text
        self._held += text
        return self._decide(last=False)

    def finish(self) -> str:
        """The continuation has ended: what is left of it."""
        return "" if self._decided else self._decide(last=True)

    def _decide(self, *, last: bool) -> str:
        text = self._held[_length(_ELLIPSIS, self._held) :] or (self._held if last else "")
        words = _words(text)
        if not last and (not words or _open(self._words, words, self._starts, ends=_ends_in_word(text))):
            return ""
        cut = self._repeated(text, words)
        if not last and not text[cut:].strip():
            return ""  # the repetition's punctuation may follow, and the next word decides on the space
        self._decided = True
        self._held = ""
        return text[cut:] if self._in_word(text, cut) else _glued(self._said, text[cut:])

    def _repeated(self, text: str, words: list[_Word]) -> int:
        """Characters of `text` that the caller has heard."""
        for start in self._starts:
            count = len(self._words) - start
            if count <= len(words) and self._matches(start, words) and self._surely(start, text, words):
                return self._end(text, words[count - 1], self._words[-1])
        return 0

    def _matches(self, start: int, words: list[_Word]) -> bool:
        heard = [word.text for word in self._words[start:]]
        given = [word.text for word in words[: len(heard)]]
        if heard == given:
            return True
        shortest = SHORTEST_PIECE if len(heard) == 1 else 1
        broken = _ends_in_word(self._said) and len(heard[-1]) >= shortest
        return broken and heard[:-1] == given[:-1] and given[-1].startswith(heard[-1])

    def _surely(self, start: int, text: str, words: list[_Word]) -> bool:
        """Whether equal words are a repetition.

        After a whole sentence its end is repeated with them: "At nine. Which" is one, "At nine we" is not. And not
        when only numbers are repeated: a telephone number may well go "five, five".
        """
        count = len(self._words) - start
        rest = text[words[count - 1].end :]
        if self.whole and rest and not _SENTENCE_END.match(rest):
            return False
        return start == 0 or not all(_NUMBER.fullmatch(word.text) for word in words[:count])

    def _end(self, text: str, given: _Word, heard: _Word) -> int:
        if given.text != heard.text:
            return given.start + heard.end - heard.start
        if _ends_in_word(self._said):
            return given.end
        return given.end + _length(_PUNCTUATION, text[given.end :])

    def _in_word(self, text: str, cut: int) -> bool:
        """Whether the seam is within a word, which the continuation has begun again."""
        return 0 < cut < len(text) and text[cut - 1].isalnum() and text[cut].isalnum()


def _open(said: list[_Word], words: list[_Word], starts: range, *, ends: bool) -> bool:
    """Whether more text may show a repetition that cannot be told yet. `ends`: the last word may not be whole."""
    return any(_may_match(said[start:], words, ends=ends) for start in starts)


def _may_match(heard: list[_Word], words: list[_Word], *, ends: bool) -> bool:
    whole = words[:-1] if ends else words
    if len(whole) >= len(heard):
        return False
    if any(one.text != other.text for one, other in zip(heard, whole, strict=False)):
        return False
    if not ends:
        return True
    return heard[len(whole)].text.startswith(words[-1].text)


def _glued(said: str, text: str) -> str:
    """`text` with the white space that has to stand between it and `said`."""
    rest = text.lstrip()
    if not rest or not said or said[-1].isspace():
        return rest
    if text[0].isspace():
        return " " + rest if rest[0] not in _CLOSING else rest
    tight = said[-1] in _OPENING or rest[0] in _CLOSING or _NO_SPACES.match(rest[0]) or _NO_SPACES.match(said[-1])
    return rest if tight else " " + rest


def _words(text: str) -> list[_Word]:
    return [_Word(found[0].casefold(), found.start(), found.end()) for found in _WORD.finditer(text)]


def _ends_in_word(text: str) -> bool:
    return bool(text) and text[-1].isalnum() and not _NO_SPACES.match(text[-1])


def _length(pattern: re.Pattern[str], text: str) -> int:
    """Length of what `pattern` finds at the beginning of `text`."""
    found = pattern.match(text)
    return found.end() if found else 0
