"""What the API accepts is what is built: every provider has a codec, a place to go and names, and nothing has more."""

from pathlib import Path
from typing import Any, get_args

import pytest

from tests.tools.speech_page import transcriber_codec
from understudy.api.accounts import AccountProvider
from understudy.api.markers import Effect
from understudy.api.transcriber import SETTINGS, FallbackTranscriber, TranscriberProvider
from understudy.api.transcriber_names import FLUX, NAMES
from understudy.api.transcriber_settings import settings_of
from understudy.api.voice import VoiceProvider
from understudy.domain.revision import defaults
from understudy.domain.revision.catalogue import CATALOGUE
from understudy.domain.revision.directory import RETIRED
from understudy.domain.routing.providers import AZURE_OPENAI, DEFAULT_BASE_URL
from understudy.domain.speech.transcribers.registry import CODECS as TRANSCRIBERS
from understudy.domain.speech.voices.registry import CODECS as VOICES

PLACES_OF_THEIR_OWN = {AZURE_OPENAI, "azure", *RETIRED}
"""Providers without one base URL for everybody."""


@pytest.mark.parametrize(
    ("accepted", "built"),
    [
        (TranscriberProvider, TRANSCRIBERS),
        (TranscriberProvider, NAMES),
        (TranscriberProvider, SETTINGS),
        (VoiceProvider, VOICES),
        (VoiceProvider, CATALOGUE),
        (AccountProvider, {*DEFAULT_BASE_URL, *PLACES_OF_THEIR_OWN}),
    ],
    ids=["transcriber codecs", "transcriber names", "transcriber settings", "voice codecs", "voices", "places"],
)
def test_the_api_accepts_exactly_what_is_built(accepted: Any, built: Any) -> None:
    """A provider without a codec would be accepted and never asked; a codec without a provider could not be chosen."""
    assert sorted(get_args(accepted)) == sorted(built)


def test_whoever_hears_or_speaks_can_have_an_account() -> None:
    heard, spoken = set(get_args(TranscriberProvider)), set(get_args(VoiceProvider))
    assert heard | spoken | defaults.MODEL_PROVIDERS == set(get_args(AccountProvider))


def test_every_setting_says_where_its_effect_is() -> None:
    """T3: on the wire, as what came in its place, or in the proxy; and what is sent or done."""
    for name, marker in settings_of(FallbackTranscriber):
        assert marker.effect in set(Effect)
        assert marker.seen_as, name
        assert marker.default, name


def test_defaults_are_settings_of_their_provider() -> None:
    """And the page tells the value that is filled in."""
    told = {(marker.provider, name): marker.default for name, marker in settings_of(FallbackTranscriber)}
    fields = {field.alias: name for name, field in FallbackTranscriber.model_fields.items()}
    for provider, values in defaults.TRANSCRIBER_SETTINGS.items():
        for alias, value in values.items():
            assert told[(provider, fields[alias])] == f"`{value}`"


def test_every_setting_is_named_in_a_test_of_the_speech() -> None:
    """T3: each has a test that sees its effect; one that none names has none."""
    root = Path(__file__).resolve().parents[2]
    folders = (root / "unit/domain/speech", root / "contracts/speech", root / "integration")
    texts = [path.read_text() for folder in folders for path in folder.rglob("test_*.py")]
    aliases = {FallbackTranscriber.model_fields[name].alias for name, _ in settings_of(FallbackTranscriber)}
    assert sorted(a for a in aliases if a and not any(f'"{a}"' in t or f"{a}=" in t for t in texts)) == []


@pytest.mark.parametrize("provider", get_args(TranscriberProvider))
def test_turns_can_be_left_to_exactly_those_that_find_their_ends(provider: str) -> None:
    """What `turnDetection: Provider` is accepted for is what the codecs can do."""
    for model in (NAMES[provider].model, *NAMES[provider].models):
        codec = transcriber_codec(provider, model)
        assert codec.traits.detects_turns == (model in FLUX), model
