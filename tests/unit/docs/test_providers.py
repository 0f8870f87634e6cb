"""docs/reference/providers.md names what is built and what is refused, and the versions that it was tried with."""

import re

import pytest

from tests.unit.docs.pages import ROOT
from understudy.api.accounts import NOT_BUILT_ACCOUNTS
from understudy.api.transcriber import NOT_BUILT_TRANSCRIBERS
from understudy.api.voice import NOT_BUILT_VOICES
from understudy.domain.revision import defaults

PAGE = (ROOT / "docs/reference/providers.md").read_text()
LOCK = (ROOT / "operator/requirements/dev.lock").read_text()


def row(kind: str) -> str:
    """What the second table says is refused as `kind`."""
    refused = PAGE.partition("## In the API, not built")[2]
    (found,) = re.findall(rf"^\| {kind} \| (.*) \|$", refused, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize(
    ("kind", "providers"),
    [
        ("model", tuple(each for each in NOT_BUILT_ACCOUNTS if each.endswith("openai"))),
        ("transcriber", NOT_BUILT_TRANSCRIBERS),
        ("voice", NOT_BUILT_VOICES),
    ],
)
def test_what_is_refused_is_listed(kind: str, providers: tuple[str, ...]) -> None:
    """Every provider that the API knows and refuses."""
    assert [each for each in providers if f"`{each}`" not in row(kind)] == []


def test_what_is_built_is_listed() -> None:
    """Every provider with an entry in the defaults."""
    built = PAGE.partition("## Built")[2].partition("## In the API")[0].lower()
    providers = defaults.MODEL_PROVIDERS | defaults.TRANSCRIBER_PROVIDERS | defaults.VOICE_PROVIDERS
    assert [each for each in providers if f"\n| {each}" not in built] == []


@pytest.mark.parametrize("package", ["openai", "deepgram-sdk", "pipecat-ai"])
def test_the_versions_are_those_of_the_tests(package: str) -> None:
    """As locked."""
    (version,) = re.findall(rf"^{package}==(\S+)", LOCK, re.MULTILINE)
    assert f"{package} {version}" in PAGE


def test_it_says_what_was_not_done() -> None:
    """Nobody should believe that a live service was called."""
    assert "Nothing here was run against the live services" in PAGE
