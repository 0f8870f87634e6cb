"""What was said in a call, as whoever scores it is told."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from understudy.domain.calls.quality import normal

MAX_CHARACTERS = 48_000
"""Of a transcript, about 12,000 tokens: an hour of talk. Of a longer one the middle is left out."""

LEFT_OUT = "[a part of the call is left out here]"

Role = Literal["caller", "assistant"]
ROLES: Mapping[str, Role] = {"user": "caller", "assistant": "assistant"}
"""By the role of a chat's message."""


class Line(NamedTuple):
    """Something that was said."""

    role: Role
    text: str


def transcript(messages: Sequence[Mapping[str, Any]], unanswered: str = "") -> tuple[Line, ...]:
    """What was said in `messages` of a chat: neither instructions nor tools, nor what is empty.

    Args:
        messages: the dialogue, in order.
        unanswered: what the caller was heard to say after it; left out where it is the last message already.
    """
    lines = [Line(ROLES[role], text) for role, text in map(_said, messages) if role in ROLES and text]
    last = next((line.text for line in reversed(lines) if line.role == "caller"), "")
    if unanswered.strip() and normal(unanswered) != normal(last):
        lines.append(Line("caller", unanswered.strip()))
    return _within(lines, MAX_CHARACTERS)


def as_json(lines: Sequence[Line]) -> list[dict[str, str]]:
    """`lines` as programs are told them."""
    return [{"role": line.role, "text": line.text} for line in lines]


def _said(message: Mapping[str, Any]) -> tuple[str, str]:
    """A message's role, and its text or that of its parts."""
    content = message.get("content") or ""
    if not isinstance(content, str):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        content = " ".join(str(text) for text in parts if text)
    return str(message.get("role")), content.strip()


def _within(lines: Sequence[Line], limit: int) -> tuple[Line, ...]:
    """Beginning and end of `lines`, `limit` characters at most: what the call was about, and what became of it."""
    if sum(len(line.text) for line in lines) <= limit:
        return tuple(lines)
    beginning = _first(lines, limit // 2)
    end = _first(lines[len(beginning) :][::-1], limit // 2)
    return (*beginning, Line("assistant", LEFT_OUT), *reversed(end))


def _first(lines: Sequence[Line], limit: int) -> list[Line]:
    """The first of `lines`, whole ones, that hold `limit` characters at most."""
    taken: list[Line] = []
    for line in lines:
        limit -= len(line.text)
        if limit < 0:
            break
        taken.append(line)
    return taken
