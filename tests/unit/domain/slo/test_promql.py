import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.slo.promql import MAX_ERROR, NoNumber, Number, Subject, age_of, filled, number_in
from understudy.domain.slo.query import SampleKind

DESK = Subject("shop", "front.desk-2", canary="b19e02aa", stable="7f3c1a00")


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("up", "up"),
        ('up{namespace="$namespace"}', 'up{namespace="shop"}'),
        ("up{a='$assistant', r=\"$canary\"}", "up{a='front.desk-2', r=\"b19e02aa\"}"),
        ("up{a=`$assistant`}", "up{a=`front.desk-2`}"),
        ('up{a=~"$assistant.*"}', r'up{a=~"front\\.desk\\-2.*"}'),
        ('up{a !~ "x|$assistant"}', r'up{a !~ "x|front\\.desk\\-2"}'),
        ("up{a=~`$assistant`}", r"up{a=~`front\.desk\-2`}"),
        ('up{a=~"x", b="$assistant"}', 'up{a=~"x", b="front.desk-2"}'),
        ('up{a=~ # why\n "$assistant"}', """up{a=~ # why\n "front\\\\.desk\\\\-2"}"""),
        ('up{r=~"$canary|$stable"}', 'up{r=~"b19e02aa|7f3c1a00"}'),
        ('up{a="$assistants", b="$canary_x", c="\\"$stable"}', 'up{a="$assistants", b="$canary_x", c="\\"7f3c1a00"}'),
        ("up # of $assistant", "up # of $assistant"),
        ('up{a="x$"} > 1', 'up{a="x$"} > 1'),
    ],
)
def test_variables_are_filled_in_for_where_they_stand(query: str, asked: str) -> None:
    """Plain in a plain string, quoted for a regular expression in one that is matched, nowhere else."""
    assert filled(query, DESK) == asked


def test_a_variable_outside_of_quotes_is_refused() -> None:
    """`bookings_$assistant` would become a difference of two metrics."""
    with pytest.raises(NoNumber, match=r"write \$assistant in quotes") as raised:
        filled("sum(bookings_$assistant)", DESK)
    assert raised.value.kind is SampleKind.ERROR


@given(st.text(max_size=60))
def test_a_value_never_ends_its_string(name: str) -> None:
    """Whatever it is, the query has the shape that its author wrote."""
    for quote in "\"'`":
        for operator in ("=", "=~"):
            asked = filled(f"up{{a{operator}{quote}$assistant{quote}}}", Subject("n", name))
            inner = asked.removeprefix(f"up{{a{operator}{quote}").removesuffix(f"{quote}}}")
            assert quote not in inner
            assert not inner.endswith("\\")
            assert "\n" not in inner


def test_the_age_is_asked_of_the_whole_query() -> None:
    """On lines of its own: it may end with a comment."""
    assert age_of("up # x") == "timestamp(\nup # x\n)"


def answer(kind: str, result: object) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (answer("vector", [{"metric": {}, "value": [5.5, "0.25"]}]), Number(0.25, 5.5)),
        (answer("vector", [{"metric": {"a": "b"}, "value": [5, "+Inf"]}]), Number(float("inf"), 5)),
        (answer("vector", [{"metric": {}, "value": [5, "-1e-3"]}]), Number(-0.001, 5)),
        (answer("scalar", [5, "1"]), Number(1, 5)),
    ],
)
def test_a_number_is_found(body: bytes, number: Number) -> None:
    assert number_in(200, body) == number


def test_nan_is_a_number_that_is_none() -> None:
    number = number_in(200, answer("vector", [{"metric": {}, "value": [5, "NaN"]}]))
    assert number.value != number.value


ONE = {"metric": {}, "value": [5, "1"]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (200, answer("vector", []), SampleKind.EMPTY, "^$"),
        (200, answer("vector", [ONE, ONE, ONE]), SampleKind.ERROR, "3 series answer where one is wanted: aggregate"),
        (200, answer("vector", [{"metric": {}, "histogram": [5, {}]}]), SampleKind.ERROR, "histogram_quantile"),
        (200, answer("matrix", [{"metric": {}, "values": [[5, "1"]]}]), SampleKind.ERROR, "avg_over_time"),
        (200, answer("string", [5, "1"]), SampleKind.ERROR, "a text answers"),
        (200, answer("streams", []), SampleKind.ERROR, "not as Prometheus does"),
        (200, answer("vector", [{"metric": {}, "value": [5, "many"]}]), SampleKind.ERROR, "not as Prometheus does"),
        (200, answer("vector", [{"metric": {}}]), SampleKind.ERROR, "not as Prometheus does"),
        (200, b"<html>", SampleKind.ERROR, "answered 200, and not as Prometheus does"),
        (200, b"[]", SampleKind.ERROR, "not as Prometheus does"),
        (200, b"\xff", SampleKind.ERROR, "not as Prometheus does"),
        (200, b"[" * 100_000, SampleKind.ERROR, "not as Prometheus does"),
        (502, b"Bad Gateway", SampleKind.ERROR, "answered 502"),
        (503, answer("vector", [ONE]), SampleKind.ERROR, "answered 503"),
        (
            400,
            b'{"status":"error","errorType":"bad_data","error":"1:5: parse error:\\n unexpected end"}',
            SampleKind.ERROR,
            "^bad_data: 1:5: parse error: unexpected end$",
        ),
    ],
)
def test_what_is_not_one_number_says_what_it_is(status: int, body: bytes, kind: SampleKind, told: str) -> None:
    """No series is no error; everything else says what to do, or what came."""
    with pytest.raises(NoNumber, match=told) as raised:
        number_in(status, body)
    assert raised.value.kind is kind


def test_errors_are_bounded() -> None:
    body = json.dumps({"status": "error", "errorType": "execution", "error": "x" * 10_000}).encode()
    with pytest.raises(NoNumber) as raised:
        number_in(422, body)
    assert len(str(raised.value)) == MAX_ERROR
