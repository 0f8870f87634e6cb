"""A transcriber becomes part of a revision: its names, its settings, who ends a turn, what is kept ready."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import account, resolved, snapshot
from understudy.api.transcriber import SETTINGS, FallbackTranscriber

TWO_EARS = [account("llm", "openai"), account("ears", "deepgram"), account("spare", "deepgram")]
DEEPGRAM = {"provider": "deepgram", "account": "ears"}
FLUX = {"provider": "deepgram", "account": "ears", "model": "flux-general-en"}


def test_turn_detection_is_that_of_the_first_transcriber_for_the_whole_chain() -> None:
    """A failover must not change who decides when the caller has finished."""
    plan = {"transcribers": [{"provider": "deepgram", "account": "spare"}], "autoFallback": {"transcriber": True}}
    chain = snapshot(plan, accounts=TWO_EARS, transcriber={**FLUX, "turnDetection": "Provider"}).transcribers
    assert [each.turn_detection for each in chain] == ["Provider"] * 3
    chain = snapshot(plan, accounts=TWO_EARS, transcriber=FLUX).transcribers
    assert [each.turn_detection for each in chain] == ["Agent"] * 3


def test_settings_without_effect_are_warned_about() -> None:
    """Flux gets its thresholds, but the agent decides."""
    told = "spec.transcriber.turnDetection: Agent finds the end of a turn"
    tuned = {**FLUX, "eotThreshold": 0.8}
    assert [w for w in resolved(accounts=TWO_EARS, transcriber=tuned).warnings if w.startswith(told)]
    assert not resolved(accounts=TWO_EARS, transcriber={**tuned, "turnDetection": "Provider"}).warnings
    assert not resolved(accounts=TWO_EARS, transcriber=FLUX).warnings


@pytest.mark.parametrize(
    ("fallbacks", "said"),
    [
        ([], "Connected, but there is no other transcriber to connect"),
        ([{"provider": "assembly-ai"}], "assembly-ai bills for every minute that it is, used or not"),
        ([{"provider": "gladia"}, {"provider": "assembly-ai"}], ""),
    ],
    ids=["nobody", "billed by open time", "billed by audio"],
)
def test_a_connection_that_is_kept_ready_tells_its_cost(fallbacks: list[dict[str, Any]], said: str) -> None:
    """Of the one that is kept: the next in order."""
    accounts = [*TWO_EARS, account("assembly", "assembly-ai"), account("gladia", "gladia")]
    transcriber = {**DEEPGRAM, "fallbackPlan": {"transcribers": fallbacks, "standby": "Connected"}}
    found = resolved(accounts=accounts, transcriber=transcriber)
    assert found.snapshot.standby == "Connected"
    told = [w for w in found.warnings if w.startswith("spec.transcriber.fallbackPlan.standby")]
    assert len(told) == bool(said)
    assert said in "".join(told)


@pytest.mark.parametrize(
    ("written", "model", "language"),
    [
        ({"provider": "deepgram", "account": "ears"}, "nova-3", "en"),
        ({**FLUX}, "flux-general-en", "en"),
        ({**FLUX, "model": "flux-general-multi"}, "flux-general-multi", None),
        ({"provider": "assembly-ai"}, None, "en"),
        (
            {"provider": "assembly-ai", "speechModel": "universal-streaming-multilingual"},
            "universal-streaming-multilingual",
            "en",
        ),
        ({"provider": "azure"}, None, "en-US"),
        ({"provider": "gladia"}, "solaria-1", None),
        ({"provider": "gladia", "model": "fast"}, "fast", None),
        ({"provider": "google"}, "gemini-3.5-transcribe-live", None),
        ({"provider": "google", "language": "English"}, "gemini-3.5-transcribe-live", "English"),
        ({"provider": "speechmatics"}, "default", "en"),
        ({"provider": "cartesia"}, "ink-whisper", "en"),
        ({"provider": "11labs"}, "scribe_v2_realtime", None),
        ({"provider": "openai", "model": "gpt-4o-transcribe"}, "gpt-4o-transcribe", None),
    ],
    ids=str,
)
def test_each_transcriber_has_its_providers_defaults(
    written: dict[str, Any], model: str | None, language: str | None
) -> None:
    """Names go into the revision as they are written; the codec knows today's."""
    own = written["provider"]
    more = (
        [] if own in ("openai", "deepgram") else [account(own, own, **({"region": "eastus"} if own == "azure" else {}))]
    )
    first = snapshot(accounts=[*TWO_EARS, *more], transcriber=written).transcribers[0]
    assert (first.model, first.language) == (model, language)


def test_every_setting_reaches_the_revision_under_the_apis_name() -> None:
    """None is accepted and ignored on the way."""
    for provider, names in SETTINGS.items():
        given = {name: value for name, value in EVERY_SETTING.items() if name in aliases(names)}
        assert sorted(given) == sorted(aliases(names))
        written = {"provider": provider, "model": "m", **given}
        more = [] if provider in ("openai", "deepgram") else [account("it", provider, region="eastus")]
        accounts = [account("llm", "openai"), account("ears", "deepgram"), *more]
        off = {"provider": "openai", "voiceId": "a", "fallbackPlan": {"voices": []}}
        assert snapshot(accounts=accounts, voice=off, transcriber=written).transcribers[0].settings == given


def aliases(names: tuple[str, ...]) -> list[str]:
    return [FallbackTranscriber.model_fields[name].alias or name for name in names]


EVERY_SETTING: dict[str, Any] = {
    "keywords": ["a:2"],
    "keyterm": ["a"],
    "smartFormat": True,
    "eotThreshold": 0.6,
    "eotTimeoutMs": 700,
    "speechModel": "universal-streaming-english",
    "wordBoost": ["a"],
    "keytermsPrompt": ["b"],
    "endUtteranceSilenceThreshold": 0,
    "disablePartialTranscripts": False,
    "vadAssistedEndpointingEnabled": True,
    "segmentationSilenceTimeoutMs": 300,
    "segmentationMaximumTimeMs": 20_000,
    "segmentationStrategy": "Semantic",
    "endpointing": 0.5,
    "speechThreshold": 0.0,
    "prosody": False,
    "audioEnhancer": True,
    "transcriptionHint": "a",
    "customVocabularyEnabled": True,
    "customVocabularyConfig": {"vocabulary": ["a"], "defaultIntensity": 0.5},
    "receivePartialTranscripts": False,
    "operatingPoint": "standard",
    "enableDiarization": True,
    "maxDelayMs": 700,
    "confidenceThreshold": 0.0,
    "region": "us",
}
