"""Where a transcriber without word times may have stopped hearing: a stretch that is heard again, less the words in it.

Such a transcriber's text tells which words it heard, not where they were. When it turns out that it hears nothing any
more, the word that it stopped in began somewhere before its text grew last. So its successor hears a little of what it
heard as well, and the words that were final already are taken out of what the successor says first.
"""

from dataclasses import replace

from understudy.domain.speech.codec import Result

SEAM_S = 0.6
"""Seconds before the latest growth of a text within which the first word may begin that is not in it: interims come
every 0.1 to 0.3 s, and words last for up to 0.3 s."""

MOST_WORDS = 6
"""Words that fit into it."""

_MARKS = ".,;:!?…"


class Seam:
    """The end of the latest final without word times."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._begin = 0
        self._again = False

    def final(self, result: Result, grown: int, rate: int) -> None:
        """A final came whose text grew last at position `grown`; `rate`: samples a second."""
        self._again = self._again and not result.text
        if result.words:
            self._words = []
        elif result.text:
            self._words, self._begin = _plain(result.text)[-MOST_WORDS:], grown - round(SEAM_S * rate)

    def forget(self) -> None:
        """It is not needed any more."""
        self._words, self._again = [], False

    @property
    def begin(self) -> int | None:
        """Position from which audio is kept; None: it need not be."""
        return self._begin if self._words else None

    def hear_again(self) -> None:
        """The next transcriber hears the audio from `begin` on."""
        self._again = bool(self._words)

    def without(self, result: Result) -> Result:
        """What a successor says, less the words that were final already."""
        known = self._known(_plain(result.text)) if self._again else 0
        if not known:
            return result
        timed = len(result.words) == len(result.text.split())
        words = result.words[known:] if timed else result.words
        start = words[0].start if timed and words else result.start
        text = " ".join(result.text.split()[known:])
        return replace(result, text=text, words=words, start=start, message={})

    def _known(self, said: list[str]) -> int:
        """Words at the beginning of `said` that are the last ones, or, where nothing follows, among them."""
        ends = (size for size in range(min(len(said), len(self._words)), 0, -1) if self._words[-size:] == said[:size])
        runs = (self._words[at : at + len(said)] == said for at in range(len(self._words)))
        return len(said) if said and any(runs) else next(ends, 0)


def _plain(text: str) -> list[str]:
    return [word.lower().strip(_MARKS) for word in text.split()]
