"""What a strict provider finds wrong with a request."""

from typing import Any

import pytest

from understudy.apps.simulator.transcriber.fields import Fields, between, is_a, one_of, wrong

FIELDS: Fields = {"delay": between(0.5, 2), "on": is_a(bool), "in": {"kind": one_of("a", 1)}}


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({}, None),
        ({"delay": 2, "on": False, "in": {"kind": 1}}, None),
        ({"delay": 2.1}, "delay"),
        ({"delay": True}, "delay"),
        ({"delay": "1"}, "delay"),
        ({"on": 1}, "on"),
        ({"in": {"kind": "b"}}, "in.kind"),
        ({"in": {"other": 1}}, "in.other"),
        ({"in": 1}, "in"),
        ({"other": 1}, "other"),
    ],
)
def test_the_first_field_that_is_wrong_is_named(said: dict[str, Any], at: str | None) -> None:
    """By its path; unknown ones are wrong too."""
    assert wrong(FIELDS, said) == at
