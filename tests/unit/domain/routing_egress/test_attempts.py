"""Alternatives, each once, in order."""

import pytest

from understudy.base.errors import ProviderTimeout
from understudy.domain.routing.attempts import Attempts


@pytest.mark.parametrize(("first", "order"), [(0, "abc"), (1, "bca"), (2, "cab")])
def test_order_begins_where_told_and_wraps(first: int, order: str) -> None:
    assert "".join(name for _, name in Attempts("model", "abc", first)) == order


def test_causes_are_named_in_order() -> None:
    attempts = Attempts("model", "ab")
    assert not attempts.failed_over
    for _, name in attempts:
        attempts.failed(ProviderTimeout(name, "late"))
    assert attempts.failed_over
    assert str(attempts.all_failed()) == "every model failed: a: late; b: late"


def test_none_configured_is_said() -> None:
    assert str(Attempts("voice", "").all_failed()) == "every voice failed: none is configured"
