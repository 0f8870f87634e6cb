"""What Prometheus is asked, and what it answered: `POST /api/v1/query` (Prometheus' documentation, "HTTP API", stable).

An answer is one number or says why there is none. No answer, no series, no number and an old number are four things.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from understudy.domain.slo.query import SampleKind

MAX_ERROR = 200
"""Characters of an error of Prometheus' that are shown: a parse error with its place."""

_VARIABLE = re.compile(r"\$(namespace|assistant|canary|stable)\b")

_TOKEN = re.compile(
    r"""(?P<matcher>=~|!~)|(?P<raw>`[^`]*`)|(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<nothing>\s+|\#[^\n]*)|(?P<bare>\$(?:namespace|assistant|canary|stable)\b)|(?P<other>.)""",
    re.DOTALL,
)
"""As much of PromQL's grammar as tells where strings are, and which are regular expressions."""

SUCCESS = 200
"""HTTP status of every answer that is none of an error."""

_INSTEAD = {
    "matrix": "a range of values answers where a number is wanted: use a function such as avg_over_time(…)",
    "string": "a text answers where a number is wanted",
}
"""By kind of result."""

_SPECIAL = re.compile(r"[^A-Za-z0-9_]")
"""What means something in a regular expression, or might."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a query's variables stand for; arms by short digest, empty: there is none."""

    namespace: str
    assistant: str
    canary: str = ""
    stable: str = ""


def filled(query: str, subject: Subject) -> str:
    """`query` with its variables replaced, escaped for where they stand.

    In a string they cannot end it; in one that is matched as a regular expression (`=~`, `!~`) they match themselves
    only: the dot of an assistant's name is a dot.

    Raises:
        NoNumber: one stands outside of quotes, where the `-` of a name would be a minus.
    """
    return "".join(_pieces(query, asdict(subject)))


def age_of(query: str) -> str:
    """The query for when the value of `query` was measured.

    `timestamp` sees through to the scrape where `query` is a plain selector; of anything else it says when it was
    asked.
    """
    return f"timestamp(\n{query}\n)"


def _pieces(query: str, values: Mapping[str, str]) -> Iterator[str]:
    matched = False
    for token in _TOKEN.finditer(query):
        kind, text = token.lastgroup, token[0]
        if kind == "bare":
            raise NoNumber(SampleKind.ERROR, f'write {text} in quotes, such as {{assistant="{text}"}}')
        if kind in ("quoted", "raw"):
            escape = "\\\\" if kind == "quoted" else "\\"
            yield _VARIABLE.sub(lambda found: _escaped(values[found[1]], escape if matched else ""), text)  # noqa: B023
        else:
            yield text
        if kind != "nothing":
            matched = kind == "matcher"


def _escaped(value: str, before: str) -> str:
    """`value` with `before` in front of what means something in a regular expression; never with what ends a string."""
    value = re.sub(r"[^\w.:/@-]", "", value)
    return _SPECIAL.sub(lambda found: before + found[0], value) if before else value


class NoNumber(Exception):
    """There is no number.

    Attributes:
        kind: which way of not answering: EMPTY or ERROR.
    """

    def __init__(self, kind: SampleKind, message: str = "") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Number:
    """An answer."""

    value: float
    """May be NaN or infinite."""
    at: float
    """When it was evaluated, seconds since the epoch on the server's clock."""


def number_in(status: int, body: bytes) -> Number:
    """The number in an answer of HTTP `status`.

    Raises:
        NoNumber: there is none, or more than one.
    """
    try:
        answer = json.loads(body)
        if answer["status"] == "error":
            raise _error(f"{answer['errorType']}: {answer['error']}")
        if answer["status"] != "success" or status != SUCCESS:
            raise _error(f"it answered {status}")
        return _number(str(answer["data"]["resultType"]), answer["data"]["result"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise _error(f"it answered {status}, and not as Prometheus does") from error


def _number(kind: str, result: Sequence[Any]) -> Number:
    if kind in _INSTEAD:
        raise _error(_INSTEAD[kind])
    if kind == "scalar":
        return Number(float(result[1]), float(result[0]))
    if kind != "vector":
        raise ValueError(kind)
    if not result:
        raise NoNumber(SampleKind.EMPTY)
    if len(result) > 1:
        raise _error(f"{len(result)} series answer where one is wanted: aggregate them, such as sum(…) or max(…)")
    if "histogram" in result[0]:
        raise _error("a histogram answers where a number is wanted: use histogram_quantile(…) or histogram_avg(…)")
    at, value = result[0]["value"]
    return Number(float(value), float(at))


def _error(message: str) -> NoNumber:
    return NoNumber(SampleKind.ERROR, " ".join(message.split())[:MAX_ERROR])
