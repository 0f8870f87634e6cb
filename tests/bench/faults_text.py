"""The answer that every simulated deployment gives, and how what reached the agent is judged against it."""

import re
from collections import Counter
from dataclasses import dataclass

from understudy.domain.routing.clauses import clause_end

_HEADS = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te")
_TAILS = ("lan", "mer", "nis", "pol", "rud", "san", "tem", "vik", "wor", "zun", "dal", "bren")
CLAUSE_WORDS = 3
"""Words to the first comma."""
SENTENCE_WORDS = 9

ANSWER_WORDS = 45
"""Five sentences: about fifteen seconds of speech."""

LONG_WORDS = 360
"""The slow reader's answer; padded, it is more than what lies between two processes of one machine holds."""


def answer(words: int) -> str:
    """A text in which no word occurs twice, in sentences of nine words with a comma after the third."""
    pairs = [head + tail for head in _HEADS for tail in _TAILS]
    unique = [
        pairs[n % len(pairs)] + "".join(_HEADS[int(digit)] for digit in str(n // len(pairs))) for n in range(words)
    ]
    return " ".join(_marked(word, n, last=n == words - 1) for n, word in enumerate(unique))


def _marked(word: str, number: int, *, last: bool) -> str:
    place = number % SENTENCE_WORDS
    if last or place == SENTENCE_WORDS - 1:
        return word + "."
    if place == CLAUSE_WORDS - 1:
        return word + ","
    return word.capitalize() if place == 0 else word


@dataclass(frozen=True)
class Outcome:
    """What reached the agent in one turn.

    Attributes:
        text: all of it.
        finish: the finish reason; empty when none came.
        clause_s: when the first clause was there, seconds; None: never.
        error: how it ended otherwise.
    """

    text: str = ""
    finish: str = ""
    clause_s: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Verdict:
    """One turn, judged.

    Attributes:
        answered: every word came, once, in order, and the end was said.
        within_budget: the first clause came in time.
        seam: a sentence was left unfinished or glued wrongly.
        duplicates: words that came more often than they should.
    """

    answered: bool
    within_budget: bool
    seam: bool
    duplicates: int


def judge(outcome: Outcome, expected: str, budget_s: float) -> Verdict:
    """Hold a turn against the answer."""
    got = outcome.text
    return Verdict(
        answered=got == expected and outcome.finish == "stop" and not outcome.error,
        within_budget=outcome.clause_s is not None and outcome.clause_s <= budget_s,
        seam=bool(got) and got != expected and not _ends_well(got, expected),
        duplicates=_repeated(_words(got), _words(expected)),
    )


def has_clause(text: str) -> bool:
    """Whether the first clause is there."""
    return clause_end(text) is not None


def _ends_well(got: str, expected: str) -> bool:
    """Whether `got` is the beginning of the answer up to the end of a sentence."""
    return expected.startswith(got.rstrip()) and got.rstrip().endswith(".")


def _repeated(got: Counter[str], expected: Counter[str]) -> int:
    """Words of the answer that came more often than they should; what is no word of it is a seam's."""
    return sum(max(0, got[word] - times) for word, times in expected.items())


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))
