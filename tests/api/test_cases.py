"""Bad manifests are refused at apply, with a message that says what to write; good ones are accepted."""

from typing import get_args

import pytest
from annotated_types import Ge, Le, MaxLen

from tests.api.cases import CASES, Case, transcribers
from tests.api.server import Outcome
from understudy.api.markers import Setting
from understudy.api.transcriber import FallbackTranscriber, TranscriberProvider
from understudy.api.transcriber_settings import settings_of

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


@pytest.mark.parametrize("provider", get_args(TranscriberProvider))
def test_every_setting_is_asked_about_both_ways(provider: str) -> None:
    """T3: of each setting a value that is fine; of each that has a range or a condition one that is not."""
    names = [n for n, marker in settings_of(FallbackTranscriber) if marker.provider == provider]
    fine = {setting for owner, setting, *_ in transcribers.GOOD if owner == provider}
    wrong = {setting for owner, setting, *_ in transcribers.BAD if owner == provider}
    for name in names:
        field = FallbackTranscriber.model_fields[name]
        alias = field.alias or name
        assert alias in fine
        plain = field.annotation in (bool | None, str | None)
        bounded = any(isinstance(each, Ge | Le | MaxLen) for each in field.metadata)
        conditional = any(isinstance(each, Setting) and each.condition for each in field.metadata)
        assert alias in wrong or (plain and not bounded and not conditional), alias
