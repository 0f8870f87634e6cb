"""What test callers say: whole dialogues, every sentence in the recogniser's grammar."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.base.errors import InvalidInput

VOICES = ("en-us+m3", "en-us+m4", "en-us+john", "en-us+f2")
"""espeak-ng voices of callers: those that the recogniser understands on a telephone line."""

WORDS_PER_MINUTE = 150
"""How fast callers speak: an unhurried person, and what the recogniser understands best."""

_FILE = Path(__file__).parent / "dialogues.json"


@dataclass(frozen=True)
class Line:
    """One thing the caller says.

    Attributes:
        barge_in_after_ms: speak so long after the assistant began its answer to the line before, without waiting for
            its end; None waits.
    """

    text: str
    barge_in_after_ms: int | None = None


@dataclass(frozen=True)
class Dialogue:
    """A caller's part, from the first question to the goodbye."""

    name: str
    lines: tuple[Line, ...]


def parse(document: Any) -> Dialogue:
    """A dialogue from `{"name": …, "lines": ["text" | {"say": "text", "bargeInAfterMs": 800}, …]}`.

    Raises:
        InvalidInput: the document is something else.
    """
    try:
        return Dialogue(str(document["name"]), tuple(_line(line) for line in document["lines"]))
    except (KeyError, TypeError) as cause:
        raise InvalidInput("dialogue", "needs a name and lines, each a text or {say, bargeInAfterMs}") from cause


def _line(document: Any) -> Line:
    if isinstance(document, str):
        return Line(document)
    return Line(str(document["say"]), document.get("bargeInAfterMs"))


def load(path: Path | None = None) -> tuple[Dialogue, ...]:
    """The dialogues in a JSON file; the built-in ones without."""
    return tuple(parse(document) for document in json.loads((path or _FILE).read_text()))


def choose(dialogues: Sequence[Dialogue], names: Sequence[str], draw: random.Random) -> Dialogue:
    """One of the dialogues with these names; no names means any.

    Raises:
        InvalidInput: a name is unknown.
    """
    by_name = {dialogue.name: dialogue for dialogue in dialogues}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise InvalidInput("dialogue", f"{unknown[0]!r} is not one of {', '.join(by_name)}")
    return by_name[draw.choice(list(names) or list(by_name))]
