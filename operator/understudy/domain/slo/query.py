"""An SLO that Prometheus answers: values, and four different ways of not answering.

A value out of bounds counts; so many in a row (`failureLimit`) fail the canary. NaN, no series and an old value say
nothing about now: no data, which passes nothing and fails nothing. An error is the source's fault and holds everything.
None of them ends a row of bad values: what was not seen was not good.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from understudy.api.evidence import JudgeState, Reading, Verdict
from understudy.api.rollout import PrometheusSlo, Slo
from understudy.base.duration import parse_ms
from understudy.domain.slo import measure


class SampleKind(StrEnum):
    """What came of asking."""

    VALUE = "Value"
    NAN = "NaN"
    """There is a series, and its value is no number: often 0 divided by 0, which is no traffic."""
    EMPTY = "Empty"
    """No series: nothing is measured, or the query asks for something else."""
    STALE = "Stale"
    """The newest value is older than `staleAfter`."""
    ERROR = "Error"
    """Not reached, refused, or not one number."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer to a query."""

    kind: SampleKind
    value: float | None = None
    """Of VALUE and STALE."""
    at: float = 0.0
    """When it was asked for, seconds since the epoch."""
    message: str = ""
    """What went wrong."""

    @classmethod
    def of_value(cls, value: float, measured_at: float, asked_at: float, stale_after_s: float) -> Self:
        """A number that came: infinite ones are values, NaN and what is too old are not."""
        if math.isnan(value):
            return cls(SampleKind.NAN, None, asked_at)
        old = asked_at - measured_at > stale_after_s
        return cls(SampleKind.STALE if old else SampleKind.VALUE, value, asked_at)


_SILENT = {
    SampleKind.NAN: (Verdict.INSUFFICIENT, "NoValue", "the value is NaN (no traffic to divide by?)"),
    SampleKind.EMPTY: (Verdict.INSUFFICIENT, "NoSeries", "no series answers to it"),
    SampleKind.STALE: (Verdict.INSUFFICIENT, "Stale", "its newest value is too old"),
    SampleKind.ERROR: (Verdict.ERROR, "SourceDown", "Prometheus does not answer"),
}
"""Verdict, reason and words for what is no value."""


def in_bounds(query: PrometheusSlo, value: float) -> bool:
    """Whether `value` is good."""
    return (query.min is None or value >= float(query.min)) and (query.max is None or value <= float(query.max))


def counted(state: JudgeState, slo: Slo, samples: Sequence[Sample]) -> JudgeState:
    """`state` after the samples that are newer than those it knows; each counts once, however often it is shown."""
    for sample in sorted(samples, key=lambda each: each.at):
        if slo.prometheus is None or sample.at <= state.sampled_at:
            continue
        state = state.model_copy(
            update={"sampled_at": sample.at, "bad_in_a_row": _row(state.bad_in_a_row, slo.prometheus, sample)}
        )
    return state


def _row(before: int, query: PrometheusSlo, sample: Sample) -> int:
    if sample.kind is not SampleKind.VALUE or sample.value is None:
        return before
    return 0 if in_bounds(query, sample.value) else before + 1


def read(state: JudgeState, slo: Slo, samples: Sequence[Sample], now: float | None = None) -> Reading:
    """The verdict on `slo`, which has a query.

    Args:
        state: from `counted`.
        slo: what is asked.
        samples: the last ones; only the newest is looked at.
        now: seconds since the epoch; an answer that is older than `staleAfter` is stale, too. None: it is not.

    Raises:
        ValueError: `slo` has no query.
    """
    query = slo.prometheus
    if query is None:
        msg = f"{slo.name} is not about a query"
        raise ValueError(msg)
    newest = max(samples, key=lambda each: each.at, default=None)
    verdict, reason, words = _verdict(state, query, _aged(newest, query, now))
    value = newest.value if newest and newest.value is not None and math.isfinite(newest.value) else None
    return Reading(
        dry_run=slo.dry_run,
        slo=slo.name,
        metric=measure.metric(slo),
        verdict=verdict,
        reason=reason,
        threshold=float(query.max if query.max is not None else query.min or 0),
        margin=0.0,
        value=value,
        message=f"{_asked(query)}: {words}",
    )


def _aged(sample: Sample | None, query: PrometheusSlo, now: float | None) -> Sample | None:
    """`sample`, stale if nobody has asked for longer than a value may be old."""
    if sample is None or now is None or now - sample.at <= parse_ms(query.stale_after) / 1000:
        return sample
    return Sample(SampleKind.STALE, sample.value, sample.at)


def _verdict(state: JudgeState, query: PrometheusSlo, newest: Sample | None) -> tuple[Verdict, str, str]:
    row = f"{state.bad_in_a_row} of {query.failure_limit} bad values in a row"
    if state.bad_in_a_row >= query.failure_limit:
        return Verdict.FAIL, "OutOfBounds", f"{_value(newest)}, {row}"
    if newest is None:
        return Verdict.INSUFFICIENT, "NoValue", "not asked yet"
    if newest.kind is not SampleKind.VALUE:
        verdict, reason, words = _SILENT[newest.kind]
        return verdict, reason, f"{words}: {newest.message}" if newest.message else words
    if state.bad_in_a_row:
        return Verdict.INSUFFICIENT, "OutOfBounds", f"{_value(newest)}, {row}"
    return Verdict.PASS, "Passed", _value(newest)


def _value(sample: Sample | None) -> str:
    return "no value now" if sample is None or sample.value is None else f"value {sample.value:.6g}"


def _asked(query: PrometheusSlo) -> str:
    bounds = [f"≥ {query.min}" if query.min is not None else "", f"≤ {query.max}" if query.max is not None else ""]
    return f"query wants {' and '.join(each for each in bounds if each)}"
