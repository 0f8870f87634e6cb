"""Bad manifests are refused at apply, with a message that says what to write; good ones are accepted."""

import pytest

from tests.api.cases import CASES, Case
from tests.api.server import Outcome

pytestmark = pytest.mark.apiserver


def test_case_names_are_unique() -> None:
    """A case that hides another would go unseen."""
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_server_answers_as_the_case_says(case: Case, outcomes: dict[str, Outcome]) -> None:
    """Accepted without complaint, refused with the complaints named, or silent about the fields named."""
    outcome = outcomes[case.name]
    if case.silent:
        assert [cause for cause in outcome.causes if cause.field in case.silent] == []
        assert not outcome.by_schema
        return
    assert outcome.accepted == (not case.complaints), outcome.causes
    for field, text in case.complaints:
        assert outcome.says(field, text), outcome.causes
