"""What is wrong with an answer, and whether a call reached its goal, as far as text alone can tell.

Heuristics, and meant as such: a canary is compared with stable under the same ones, so a bias that hits both arms
cancels. They favour missing a defect over inventing one. Words are English; in another language only EMPTY and
REPEATED work, and completion is unknown rather than wrong.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from understudy.domain.calls.observation import CallEnd, Defect, TurnRecord

NEAR_EQUAL = 0.9
"""Share of words (0 to 1) that two texts have in common, in order, from which they say the same: one word in ten may
differ. By words, because "the soup is nine euros" and "the fish is nine euros" are different answers."""

MIN_WORDS = 4
"""Shorter texts are not compared: "yes, of course" twice in a call is manners, not a fault."""

MAX_COMPARED = 20
"""Earlier answers compared with a new one: a loop shows within a few, and the cost per answer stays bounded."""

MAX_WORDS = 80
"""Words of a text that are compared, from its start: the cost is quadratic, and longer answers differ early."""

_ONLY_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
"""For `str.translate`: letters and digits, and a space in place of everything else."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

_ASKS_TO_REPEAT = re.compile(
    r"\b(?:(?:say|repeat|tell)(?: me)? (?:that|it|this|your \w+|what you said)(?: \w+)? (?:again|once more)"
    r"|(?:could|can|would) you (?:please )?(?:repeat|rephrase)"
    r"|i (?:did not|didn't|do not|don't|could not|couldn't) (?:quite )?(?:catch|understand|hear|follow)"
    r"|i (?:did not|didn't|could not|couldn't) (?:quite )?get (?:that|you|it|what)"
    r"|what (?:was|did you say) (?:that|again)|pardon me|i beg your pardon|come again)\b"
)

_FAREWELL = re.compile(
    r"\b(?:good ?bye|bye(?: bye)?|farewell|see you(?: (?:soon|then|later|tonight|tomorrow))?"
    r"|have a (?:nice|good|great|lovely|wonderful) (?:day|evening|night|one|weekend|time)"
    r"|(?:talk|speak) to you (?:soon|later)|take care)\b"
)

_GIVES_UP = re.compile(
    r"\b(?:never ?mind|forget (?:it|about it)|this (?:is not|isn't) working|i give up|i(?: will|'ll) (?:call|try)"
    r" (?:back|again|later|somewhere else|someone else)|(?:let me )?(?:speak|talk) (?:to|with) a (?:human|person))\b"
)


def normal(text: str) -> str:
    """`text` in lower case, words only, single spaces, typographic apostrophes made plain."""
    if text.isascii() and "'" not in text:  # as most answers in English are; a fifth of the time
        return " ".join(text.lower().translate(_ONLY_WORDS).split())
    return " ".join(_WORD.findall(text.casefold().replace("\u2019", "'")))


def near_equal(one: str, other: str) -> bool:
    """Whether two normalised texts say the same; never true for fewer than `MIN_WORDS` words."""
    words = one.split()[:MAX_WORDS]
    return _says(words, set(words), other)


def _says(words: list[str], known: set[str], other: str) -> bool:
    """Whether `other` says the same as `words`; `known`: each of these."""
    others = other.split()[:MAX_WORDS]
    if min(len(words), len(others)) < MIN_WORDS:
        return False
    if words == others:
        return True
    # Words that are in both: no more than so many can match, and nearly every pair ends here.
    if 2 * sum([word in known for word in others]) < NEAR_EQUAL * (len(words) + len(others)):
        return False
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    return min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= NEAR_EQUAL and matcher.ratio() >= NEAR_EQUAL


def asks_to_repeat(text: str) -> bool:
    """Whether a normalised answer asks the caller to say it again."""
    return _ASKS_TO_REPEAT.search(text) is not None


def defects_of(answer: str, tool_calls: int, earlier: tuple[str, ...]) -> tuple[Defect, ...]:
    """What is wrong with one complete answer of the model.

    Args:
        answer: its text.
        tool_calls: calls it asked for; an answer with one needs no text.
        earlier: normalised earlier answers of the call.
    """
    return defects_in(normal(answer), tool_calls, earlier)


def defects_in(text: str, tool_calls: int, earlier: Sequence[str]) -> tuple[Defect, ...]:
    """As `defects_of`, of an answer that is normalised already."""
    if not text:
        return () if tool_calls else (Defect.EMPTY,)
    found = []
    words = text.split()[:MAX_WORDS]
    known = set(words)
    if any(_says(words, known, before) for before in earlier[-MAX_COMPARED:]):
        found.append(Defect.REPEATED)
    if asks_to_repeat(text):
        found.append(Defect.REPROMPT)
    return tuple(found)


def says_again(utterance: str, previous: str) -> bool:
    """Whether the caller had to say the same again: the answer in between did not serve."""
    return near_equal(normal(utterance), normal(previous))


def says_goodbye(text: str) -> bool:
    """Whether somebody takes leave."""
    return _FAREWELL.search(normal(text)) is not None


def gives_up(text: str) -> bool:
    """Whether the caller says that it is of no use."""
    return _GIVES_UP.search(normal(text)) is not None


def completed(end: CallEnd, caller: Sequence[str], answers: Sequence[str], turns: Sequence[TurnRecord]) -> bool | None:
    """Whether the call reached its goal.

    A caller who gives up in words did, whatever was said after it. A goodbye in the last two things either side said
    is a normal end. A caller who hangs up without one right after an answer that was missing or defective gave up.
    Everything else (a dropped line, the time limit, a plain hang-up after a fair answer) cannot be told apart.
    """
    if any(gives_up(text) for text in caller[-2:]):
        return False
    if end in (CallEnd.DROPPED, CallEnd.MAX_DURATION):
        return None
    if any(says_goodbye(text) for text in (*caller[-2:], *answers[-2:])):
        return True
    if end is CallEnd.CALLER_HUNG_UP and turns and (turns[-1].defects or not turns[-1].answered):
        return False
    return None
