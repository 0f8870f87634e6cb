"""Whether an answer in a golden call is what was expected, and the sentences that say what is not."""

import re
import unicodedata
from dataclasses import dataclass

from understudy.base.duration import parse_ms
from understudy.domain.calls.golden import Expectation

MOST_SHOWN = 200
"""Characters of an answer that a sentence shows: two spoken sentences; more hides what is wrong in a status field."""

_QUOTES = str.maketrans({"\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'"})


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one turn.

    Attributes:
        text: what the assistant said.
        tools: names of the tools it called, in order.
        took_ms: milliseconds from the caller's last audible frame to the answer's first; None: not measured.
    """

    text: str
    tools: tuple[str, ...] = ()
    took_ms: float | None = None


def unmet(expected: Expectation, heard: Heard) -> tuple[str, ...]:
    """A sentence for each thing that was expected and did not come.

    Without `matches`: a pattern can take longer than anybody waits, so whoever asks has to bound it (`pattern_unmet`).
    """
    said = _plain(heard.text)
    missing = [f"{each!r} is not in the answer" for each in expected.contains if _plain(each) not in said]
    unwanted = [f"{each!r} is in the answer" for each in expected.not_contains if _plain(each) in said]
    about_text = [f"{each}; {quoted(heard.text)}" for each in (*missing, *unwanted)]
    return (*about_text, *_tools_unmet(expected, heard), *_time_unmet(expected, heard))


def pattern_unmet(pattern: str, heard: Heard) -> str:
    """The sentence for an answer that does not match."""
    return f"the answer does not match {pattern!r}; {quoted(heard.text)}"


def quoted(text: str) -> str:
    """What the assistant said, as the end of a sentence."""
    text = " ".join(text.split())
    if not text:
        return "the assistant said nothing"
    shown = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
    return f"the assistant said {shown!r}"


def _tools_unmet(expected: Expectation, heard: Heard) -> list[str]:
    if expected.tools is None or expected.tools == heard.tools:
        return []
    return [f"called {_listed(heard.tools)} instead of {_listed(expected.tools)}"]


def _listed(tools: tuple[str, ...]) -> str:
    return ", ".join(tools) or "no tool"


def _time_unmet(expected: Expectation, heard: Heard) -> list[str]:
    if expected.within is None:
        return []
    if heard.took_ms is None:
        return [f"the answer's first sound could not be timed, and was expected within {expected.within}"]
    if heard.took_ms <= parse_ms(expected.within):
        return []
    return [f"the answer began after {heard.took_ms:.0f}ms instead of within {expected.within}"]


def _plain(text: str) -> str:
    """`text` for comparing: case, the width of spaces and the slant of apostrophes are nobody's expectation."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).translate(_QUOTES)).strip().casefold()
