"""One language in every provider's words, and what none of its words are."""

import pytest

from understudy.domain.revision.languages import Heard, differ, heard_by, primary


@pytest.mark.parametrize(
    ("provider", "language", "told"),
    [
        ("deepgram", "en", "en"),
        ("deepgram", "Spanish", "es"),
        ("deepgram", None, "multi"),
        ("assembly-ai", "en-GB", "en"),
        ("assembly-ai", "fr", "multi"),
        ("assembly-ai", None, "multi"),
        ("azure", "en", "en-US"),
        ("azure", "es-MX", "es-MX"),
        ("azure", "Norwegian", "nb-NO"),
        ("gladia", "pt-BR", "pt"),
        ("gladia", "multi", "multi"),
        ("gladia", None, "multi"),
        ("google", "multi", "Multilingual"),
        ("google", "de-DE", "de-DE"),
        ("speechmatics", "zh-TW", "cmn"),
        ("speechmatics", "English", "en"),
        ("cartesia", "en-US", "en"),
        ("11labs", "en-US", "en"),
        ("openai", "de", "de"),
    ],
)
def test_a_language_in_a_providers_words(provider: str, language: str | None, told: str | None) -> None:
    assert heard_by(provider, language) == Heard(told)


@pytest.mark.parametrize("provider", ["11labs", "openai"])
def test_those_that_find_out_are_told_nothing_of_several_languages(provider: str) -> None:
    assert heard_by(provider, "multi") == Heard(None)
    assert heard_by(provider, None) == Heard(None)


@pytest.mark.parametrize(
    ("provider", "language"),
    [("azure", "multi"), ("azure", "qu"), ("speechmatics", None), ("cartesia", "multi"), ("assembly-ai", "pl")],
)
def test_those_that_cannot_hear_it_are_told_apart(provider: str, language: str | None) -> None:
    """None, unlike `Heard(None)`: it is not asked at all."""
    assert heard_by(provider, language) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("en", "en-US", False),
        ("English", "en-GB", False),
        ("Multilingual", "de", False),
        ("en", "multi", False),
        (None, "de", False),
        ("en", None, False),
        ("en", "de", True),
        ("German", "French", True),
    ],
)
def test_when_a_caller_would_notice(before: str | None, after: str | None, expected: bool) -> None:  # noqa: FBT001
    """Names and tags are the same language; an unknown one is no warning."""
    assert differ(before, after) is expected


def test_a_language_without_its_region() -> None:
    assert [primary(each) for each in ("en-US", "Spanish", "EN")] == ["en", "es", "en"]
