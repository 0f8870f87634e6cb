"""The restaurant's side: a fold over what the caller said, so that no state is kept between requests."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from understudy.apps.simulator.model.understanding import Heard, understand

SLOTS = ("people", "day", "time", "name")
"""What a booking needs, in the order it is asked for."""


class Act(StrEnum):
    """What the assistant says next; the words are in wording.py."""

    GREET = "greet"
    HOURS = "hours"
    ADDRESS = "address"
    PRICE = "price"
    VEGETARIAN = "vegetarian"
    PARKING = "parking"
    ASK_PEOPLE = "ask-people"
    ASK_DAY = "ask-day"
    ASK_TIME = "ask-time"
    ASK_NAME = "ask-name"
    CONFIRM = "confirm"
    BOOK = "book"
    """The caller confirmed: call the booking tool, or say that it is done."""
    START_OVER = "start-over"
    ANYTHING_ELSE = "anything-else"
    OFFER = "offer"
    GOODBYE = "goodbye"


@dataclass(frozen=True)
class Talk:
    """Where the conversation stands.

    Attributes:
        acts: what to say now, in order; more than one when a question is answered in the middle of a booking.
    """

    acts: tuple[Act, ...] = (Act.GREET,)
    booking: bool = False
    people: str | None = None
    day: str | None = None
    time: str | None = None
    name: str | None = None
    said: tuple[Act, ...] = ()
    """Everything said before: nobody likes to hear the same sentence twice."""

    @property
    def missing(self) -> str | None:
        """The first slot that is still open."""
        return next((slot for slot in SLOTS if getattr(self, slot) is None), None)


def follow(utterances: Iterable[str]) -> Talk:
    """The talk after the caller said these, one after the other."""
    talk = Talk()
    for text in utterances:
        said = talk.said + talk.acts
        talk = replace(_hear(talk, understand(text)), said=said)
    return talk


def _hear(talk: Talk, heard: Heard) -> Talk:
    confirming = Act.CONFIRM in talk.acts
    talk = _fill(talk, heard)
    if heard.goodbye:
        return replace(talk, acts=(Act.GOODBYE,))
    if confirming and heard.yes:
        return replace(talk, acts=(Act.BOOK,), booking=False, people=None, day=None, time=None, name=None)
    if confirming and heard.no:
        return replace(talk, acts=(Act.START_OVER, Act.ASK_PEOPLE), people=None, day=None, time=None, name=None)
    return _answer(talk, heard)


def _answer(talk: Talk, heard: Heard) -> Talk:
    acts = [Act(heard.topic)] if heard.topic else []
    if talk.booking:
        acts.append(Act(f"ask-{talk.missing}") if talk.missing else Act.CONFIRM)
    if acts:
        return replace(talk, acts=tuple(acts))
    if heard.yes or heard.no:
        return replace(talk, acts=(Act.GOODBYE if heard.no else Act.ANYTHING_ELSE,))
    return replace(talk, acts=(Act.OFFER,))


def _fill(talk: Talk, heard: Heard) -> Talk:
    """The slots that the utterance fills; one that answers no booking question opens a booking by itself."""
    offered = heard.people or heard.time or heard.name
    booking = talk.booking or heard.wants_table or (bool(offered) and heard.topic is None)
    if not booking:
        return talk
    filled = {slot: getattr(heard, slot) or getattr(talk, slot) for slot in SLOTS}
    if heard.topic:
        filled["day"] = talk.day
    asked = talk.missing if talk.booking else None
    if asked == "people" and heard.number:
        filled["people"] = heard.number
    if asked == "time" and heard.number:
        filled["time"] = f"{heard.number} o'clock"
    if asked == "name" and not filled["name"] and _could_be_name(heard):
        filled["name"] = " ".join(heard.words)
    return replace(talk, booking=True, **filled)


def _could_be_name(heard: Heard) -> bool:
    says_something = heard.topic or heard.goodbye or heard.yes or heard.no or heard.wants_table
    return not says_something and len(heard.words) in (1, 2)
