"""What Prometheus says and what it does not say are five different answers."""

import math

import pytest

from understudy.api.evidence import JudgeState, Verdict
from understudy.api.rollout import PrometheusSlo, Slo
from understudy.domain.slo import judge, query
from understudy.domain.slo.query import Sample, SampleKind

ASKED = Slo(name="q", prometheus=PrometheusSlo(query="up", min="0.6", max="1", failure_limit=3))
GOOD, BAD = 0.8, 0.2


def values(*numbers: float, start: int = 1) -> tuple[Sample, ...]:
    return tuple(Sample(SampleKind.VALUE, number, float(at)) for at, number in enumerate(numbers, start=start))


def silent(kind: SampleKind, at: float = 50.0) -> Sample:
    return Sample(kind, None, at, "why")


def judged(*samples: Sample, now: float | None = None) -> tuple[Verdict, str]:
    """Verdict and reason after these samples."""
    state = query.counted(judge.start(ASKED), ASKED, samples)
    reading = query.read(state, ASKED, samples, now)
    return reading.verdict, reading.reason


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((), (Verdict.INSUFFICIENT, "NoValue")),
        (values(GOOD), (Verdict.PASS, "Passed")),
        (values(0.6, 1.0), (Verdict.PASS, "Passed")),
        (values(BAD), (Verdict.INSUFFICIENT, "OutOfBounds")),
        (values(BAD, BAD), (Verdict.INSUFFICIENT, "OutOfBounds")),
        (values(BAD, 1.5, BAD), (Verdict.FAIL, "OutOfBounds")),
        (values(math.inf, -math.inf, BAD), (Verdict.FAIL, "OutOfBounds")),
        (values(BAD, BAD, GOOD, BAD), (Verdict.INSUFFICIENT, "OutOfBounds")),
        (values(BAD, BAD, BAD, GOOD), (Verdict.PASS, "Passed")),
        ((*values(GOOD), silent(SampleKind.NAN)), (Verdict.INSUFFICIENT, "NoValue")),
        ((*values(GOOD), silent(SampleKind.EMPTY)), (Verdict.INSUFFICIENT, "NoSeries")),
        ((*values(GOOD), silent(SampleKind.STALE)), (Verdict.INSUFFICIENT, "Stale")),
        ((*values(GOOD), silent(SampleKind.ERROR)), (Verdict.ERROR, "SourceDown")),
        ((*values(BAD, BAD), silent(SampleKind.ERROR), *values(BAD, start=60)), (Verdict.FAIL, "OutOfBounds")),
        ((*values(BAD, BAD, BAD), silent(SampleKind.ERROR)), (Verdict.FAIL, "OutOfBounds")),
    ],
)
def test_verdicts(samples: tuple[Sample, ...], expected: tuple[Verdict, str]) -> None:
    """Bad values in a row fail; silence passes nothing, fails nothing and ends no row; an error holds."""
    assert judged(*samples) == expected


def test_an_answer_that_nobody_renewed_is_stale() -> None:
    """A poller that died must not leave its last good value in force for ever."""
    assert judged(*values(GOOD), now=100.0) == (Verdict.PASS, "Passed")
    assert judged(*values(GOOD), now=302.0) == (Verdict.INSUFFICIENT, "Stale")


def test_a_sample_counts_once_however_often_and_in_whatever_order_it_is_shown() -> None:
    """And a restart in between changes nothing."""
    samples = values(BAD, BAD)
    once = query.counted(judge.start(ASKED), ASKED, samples)
    read_again = JudgeState.model_validate_json(once.model_dump_json(by_alias=True))
    assert read_again == once
    assert query.counted(read_again, ASKED, (*reversed(samples), *samples)) == once
    assert once.bad_in_a_row == 2


@pytest.mark.parametrize(
    ("value", "measured_at", "kind"),
    [
        (0.5, 90.0, SampleKind.VALUE),
        (0.5, 40.0, SampleKind.STALE),
        (math.nan, 90.0, SampleKind.NAN),
        (math.inf, 90.0, SampleKind.VALUE),
    ],
)
def test_a_number_is_a_value_unless_it_is_none_or_too_old(value: float, measured_at: float, kind: SampleKind) -> None:
    assert Sample.of_value(value, measured_at, asked_at=100.0, stale_after_s=30.0).kind is kind


def test_a_reading_says_bounds_value_and_row() -> None:
    samples = values(BAD, BAD)
    reading = query.read(query.counted(judge.start(ASKED), ASKED, samples), ASKED, samples)
    assert reading.message == "query wants ≥ 0.6 and ≤ 1: value 0.2, 2 of 3 bad values in a row"
    assert (reading.metric, reading.value, reading.threshold) == ("Prometheus", 0.2, 1.0)
    down = query.read(judge.start(ASKED), ASKED, [silent(SampleKind.ERROR)])
    assert down.message.endswith("Prometheus does not answer: why")


def test_an_infinite_value_is_judged_and_kept_out_of_the_status() -> None:
    """JSON has no infinity, and the API server would refuse the status."""
    reading = query.read(judge.start(ASKED), ASKED, values(math.inf))
    assert reading.value is None
    assert "inf" in reading.message


def test_only_a_query_can_be_read() -> None:
    with pytest.raises(ValueError, match="not about a query"):
        query.read(judge.start(ASKED), Slo(name="other"), ())
