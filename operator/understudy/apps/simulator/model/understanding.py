"""What a caller said, as far as the restaurant cares."""

import re
from dataclasses import dataclass

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_NUMBER = "|".join([*_NUMBERS, r"\d+"])
_DAY = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|today|tonight"

_TOPICS = {
    "hours": r"\b(open|opening|close|closing|hours)\b",
    "address": r"\b(where are you|located|location|address)\b",
    "price": r"\b(how much|price|prices|cost|set menu)\b",
    "vegetarian": r"\b(vegetarian|vegan|meat)\b",
    "parking": r"\b(park|parking)\b",
}
_BOOK = r"\b(book|booking|reserve|reservation|table)\b"
_GOODBYE = r"\b(goodbye|bye)\b"
_ALL = r"\b(that is all|that's all|nothing else)\b"
_YES = r"^(yes|yeah|yep|correct|right|sure|okay|exactly)\b"
_NO = r"^(no|nope|wrong)\b|\bwrong\b"

_PEOPLE = (
    rf"\b({_NUMBER}) (?:people|persons|guests|of us)\b"
    rf"|\b(?:table|for) (?:for )?({_NUMBER})\b(?! o'clock| thirty)"
)
_WHEN = rf"\b({_DAY})( evening| afternoon)?\b"
_TIME = (
    rf"\b(?:half past (?:{_NUMBER})|(?:{_NUMBER}) o'clock|(?:{_NUMBER}) thirty|noon|(?:{_NUMBER}) ?(?:pm|am))\b"
    r"|\b\d+:\d\d\b"
)
_NAME = r"\bname is ([a-z]+(?: [a-z]+)?)"


@dataclass(frozen=True)
class Heard:
    """The content of one utterance. Slots are None where it says nothing about them."""

    topic: str | None = None
    """hours, address, price, vegetarian or parking."""
    wants_table: bool = False
    people: str | None = None
    day: str | None = None
    time: str | None = None
    name: str | None = None
    yes: bool = False
    no: bool = False
    goodbye: bool = False
    words: tuple[str, ...] = ()

    @property
    def number(self) -> str | None:
        """A number said on its own, such as `four` or `four please`: means whatever was asked."""
        said = [word for word in self.words if word not in ("please", "for", "at", "uh", "um")]
        return said[0] if len(said) == 1 and re.fullmatch(_NUMBER, said[0]) else None


def understand(text: str) -> Heard:
    """The content of `text`: transcribed speech, any case and punctuation."""
    plain = " ".join(re.sub(r"[^a-z0-9':]+", " ", text.lower()).split())
    topic = next((name for name, pattern in _TOPICS.items() if re.search(pattern, plain)), None)
    done = bool(re.search(_ALL, plain))
    return Heard(
        topic=topic,
        wants_table=bool(re.search(_BOOK, plain)) and topic != "price",
        people=_group(_PEOPLE, plain),
        day=_whole(_WHEN, plain),
        time=_whole(_TIME, plain),
        name=_group(_NAME, plain),
        yes=bool(re.search(_YES, plain)),
        no=bool(re.search(_NO, plain)) and not done,
        goodbye=done or bool(re.search(_GOODBYE, plain)),
        words=tuple(plain.split()),
    )


def as_number(word: str) -> int:
    """`four` or `4` as 4."""
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _group(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return next((part for part in found.groups() if part), None) if found else None


def _whole(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found.group(0) if found else None
