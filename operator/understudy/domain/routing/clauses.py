"""When streamed text can be spoken: the first clause, and whole sentences.

The first clause is what a caller waits for, so model latency is measured to it. Sentences are what a voice without
streaming input is given, because it has to know the end to find the melody.
"""

import re

LONGEST_UNIT = 240
"""Characters after which text is spoken at the next space even without punctuation: about 15 s of speech."""

_CLAUSE = re.compile(r"[,.;:!?…。！？，、；：—](?=[\s\"')\]]|$)|[。！？，、；：]|\n")  # noqa: RUF001 - Chinese and Japanese marks
_SENTENCE = re.compile(r"[.!?…][\"')\]]*(?=\s|$)|[。！？]|\n")  # noqa: RUF001 - Chinese and Japanese marks
_ABBREVIATION = re.compile(r"(?:^|\W)(?:mr|mrs|ms|dr|st|no|vs|prof|e\.g|i\.e|a\.m|p\.m)\.$", re.IGNORECASE)
_BEGUN = re.compile(r"[0-9][.,:]$|(?:^|\W)\w\.$")
_LETTER = re.compile(r"\w")


class FirstClause:
    """Says when the first speakable clause of a streamed text is complete."""

    def __init__(self) -> None:
        self._text = ""
        self.complete = False

    def feed(self, text: str) -> bool:
        """Whether `text`, the next piece, completes the first clause: true at most once."""
        if self.complete:
            return False
        self._text += text
        self.complete = len(self._text) > LONGEST_UNIT or _first_end(_CLAUSE, self._text) is not None
        return self.complete

    def finish(self) -> bool:
        """Whether the end of the text completes the first clause."""
        if self.complete or not _LETTER.search(self._text):
            return False
        self.complete = True
        return True


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
        if end is None and len(self._rest) > LONGEST_UNIT:
            end = self._rest.rfind(" ", 0, LONGEST_UNIT) + 1 or LONGEST_UNIT
        return end


def _first_end(pattern: re.Pattern[str], text: str) -> int | None:
    for match in pattern.finditer(text):
        head = text[: match.end()]
        if _LETTER.search(head) and not _undecided(head, at_end=match.end() == len(text)):
            return match.end()
    return None


def _undecided(head: str, *, at_end: bool) -> bool:
    """Whether the mark at the end of `head` may not be one: `Dr.`, or `3.` and `p.` before the rest of them came."""
    return bool(_ABBREVIATION.search(head) or (at_end and _BEGUN.search(head)))
