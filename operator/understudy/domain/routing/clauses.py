"""When streamed text can be spoken: the first clause, and whole sentences.

The first clause is what a caller waits for, so model latency is measured to it. Sentences are what a voice without
streaming input is given, because it has to know the end to find the melody.
"""

import re
from collections.abc import Iterator

LONGEST_UNIT = 240
"""Characters after which text is spoken at the next space even without punctuation: about 15 s of speech."""

LONGEST_ABBREVIATION = len(" prof.")
"""Characters at the end of a text that are looked at for one: the whole of it would be searched in vain."""

_CLAUSE = re.compile(r"[,.;:!?…。！？，、；：—][\"')\]]*(?=\s|$)|[。！？，、；：]|\n")  # noqa: RUF001 - Chinese and Japanese marks
_SENTENCE = re.compile(r"[.!?…][\"')\]]*(?=\s|$)|[。！？]|\n")  # noqa: RUF001 - Chinese and Japanese marks
_ABBREVIATION = re.compile(r"(?:^|\W)(?:mr|mrs|ms|dr|st|no|vs|prof|e\.g|i\.e|a\.m|p\.m)\.$", re.IGNORECASE)
_BEGUN = re.compile(r"[0-9][.,:]$|(?:^|\W)\w\.$")
_LETTER = re.compile(r"\w")
_MARK = re.compile(r"[.!?…。！？\n]")  # noqa: RUF001 - Chinese and Japanese marks


def clause_end(text: str) -> int | None:
    """Characters up to the end of the first clause of `text`; None while there is none."""
    end = _first_end(_CLAUSE, text)
    return _longest(text) if end is None else end


def sentences_end(text: str) -> int | None:
    """Characters up to the end of the last whole sentence of `text`; None when there is none."""
    end = None
    for match in _SENTENCE.finditer(text):
        if _ends(text, match.end()):
            end = match.end()
    return _longest(text) if end is None else end


def clause_ends(text: str, begin: int = 0) -> Iterator[tuple[int, bool]]:
    """Where clauses of `text` end from `begin` on, and whether a sentence ends there.

    A mark at the end of `text` is one only if something speakable stands before it and no number or abbreviation can
    go on behind it.
    """
    for match in _CLAUSE.finditer(text, begin):
        head = text[begin : match.end()]
        if _LETTER.search(head) and not _undecided(head, at_end=match.end() == len(text)):
            yield match.end(), _SENTENCE.match(text, match.start()) is not None


def may_end(text: str) -> bool:
    """Whether a sentence may end in `text`: a cheap look before an exact one."""
    return _MARK.search(text) is not None


class Sentences:
    """Cuts streamed text into sentences; no character is lost or repeated but white space at the seams."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that `text`, the next piece, completes."""
        self._rest += text
        found = []
        while (end := self._end()) is not None:
            found.append(self._rest[:end].strip())
            self._rest = self._rest[end:]
        return [sentence for sentence in found if sentence]

    def flush(self) -> list[str]:
        """What is left, as the last sentence."""
        rest, self._rest = self._rest.strip(), ""
        return [rest] if rest else []

    def _end(self) -> int | None:
        end = _first_end(_SENTENCE, self._rest)
        return _longest(self._rest) if end is None else end


def _first_end(pattern: re.Pattern[str], text: str) -> int | None:
    for match in pattern.finditer(text):
        if _ends(text, match.end()):
            return match.end()
    return None


def _ends(text: str, end: int) -> bool:
    """Whether the mark before `end` is one, and something speakable stands before it."""
    head = text[:end]
    return bool(_LETTER.search(head)) and not _undecided(head, at_end=end == len(text))


def _longest(text: str) -> int | None:
    """Where a text that goes on without punctuation is cut; None while it is not too long."""
    if len(text) <= LONGEST_UNIT:
        return None
    return text.rfind(" ", 0, LONGEST_UNIT) + 1 or LONGEST_UNIT


def _undecided(head: str, *, at_end: bool) -> bool:
    """Whether the mark at the end of `head` may not be one: `Dr.`, or `3.` and `p.` before the rest of them came."""
    end = len(head)
    return bool(_ABBREVIATION.search(head, end - LONGEST_ABBREVIATION) or (at_end and _BEGUN.search(head, end - 3)))
