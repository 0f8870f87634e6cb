"""Who takes over by itself: every account that can, the nearest in language and gender first (V2, T1)."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import account, resolved, snapshot
from understudy.domain.revision import automatic
from understudy.domain.revision.automatic import EARLIER, NOW
from understudy.domain.revision.snapshot import Snapshot, Transcriber

LLM, EARS = account("llm", "openai"), account("ears", "deepgram")
AZURE = account("azure", "azure", region="eastus")
MODEL = {"name": "m", "systemPrompt": "p", "deployments": [{"name": "a", "account": "llm"}]}
ON = {"fallbackPlan": {"autoFallback": {"enabled": True}}}


def speaking(language: str | None, gender: str | None, provider: str = "cartesia", voice_id: str = "mine") -> Any:
    voice: dict[str, Any] = {"provider": provider, "voiceId": voice_id}
    if language:
        voice["language"] = language
    if gender:
        voice["traits"] = {"gender": gender}
    return voice


@pytest.mark.parametrize(
    ("voice", "expected"),
    [
        (speaking("en", "female"), [("openai", "shimmer"), ("azure", "en-US-AvaMultilingualNeural")]),
        (speaking("en-GB", "Male"), [("openai", "onyx"), ("azure", "en-US-AndrewMultilingualNeural")]),
        (speaking("en", "man"), [("openai", "onyx"), ("azure", "en-US-AndrewMultilingualNeural")]),
        (speaking(None, None), [("openai", "alloy"), ("azure", "en-US-AvaMultilingualNeural")]),
        (
            speaking("en", None, voice_id="a0e99841-438c-4a64-b679-ae501e7d6091"),
            [("openai", "onyx"), ("azure", "en-US-AndrewMultilingualNeural")],
        ),
    ],
    ids=["female", "male", "in other words", "unknown", "known to the catalogue"],
)
def test_the_nearest_voice_of_each_account_is_taken(voice: Any, expected: list[tuple[str, str]]) -> None:
    """The gender as it is written, otherwise as the provider describes the voice."""
    accounts = [LLM, account("ears", "deepgram"), account("mouth", "cartesia"), AZURE]
    found = snapshot(accounts=accounts, voice=voice).voices
    assert [(v.provider, v.voice_id) for v in found if v.provider in ("openai", "azure")] == expected


def test_who_speaks_the_language_comes_first_then_other_providers_then_the_gender() -> None:
    """A voice that reads Polish as if it were English is the last resort, even of another provider."""
    accounts = [account("twin", "cartesia"), EARS, LLM, account("mouth", "cartesia"), AZURE]
    voice = {**speaking("pl", "female"), "account": "mouth"}
    found = snapshot(accounts=accounts, voice=voice).voices
    assert [v.account for v in found] == ["mouth", "llm", "azure", "twin", "ears"]
    spanish = snapshot(accounts=accounts, voice={**voice, "language": "es-MX"}).voices
    assert [v.account for v in spanish] == ["mouth", "ears", "llm", "azure", "twin"]
    assert spanish[1].voice_id == "aura-2-celeste-es"


def test_all_nine_transcribers_take_over_where_there_are_accounts() -> None:
    """Another provider's first, each with a model and told the language in its own words."""
    named = ("speechmatics", "assembly-ai", "gladia", "google", "cartesia", "11labs")
    accounts = [LLM, EARS, account("more-ears", "deepgram"), AZURE, *(account(name.strip("1"), name) for name in named)]
    model = {"name": "m", "systemPrompt": "p"}
    transcriber = {"provider": "deepgram", "account": "ears", "keyterm": ["gnocchi"], "language": "de", **ON}
    chain = snapshot(accounts=accounts, model=model, transcriber=transcriber).transcribers
    assert [t.provider for t in chain] == ["deepgram", "openai", "azure", *named, "deepgram"]
    assert {t.provider: t.language for t in chain} == {
        "deepgram": "de",
        "openai": "de",
        "azure": "de-DE",
        "speechmatics": "de",
        "assembly-ai": "multi",
        "gladia": "de",
        "google": "de",
        "cartesia": "de",
        "11labs": "de",
    }
    assert chain[-1] == chain[0].model_copy(update={"account": "more-ears"})
    assert chain[3].settings == {"operatingPoint": "enhanced", "region": "eu"}


def test_who_cannot_hear_the_language_is_left_out_with_a_warning() -> None:
    """Azure has to be told one language, AssemblyAI knows six."""
    accounts = [LLM, EARS, AZURE, account("assembly", "assembly-ai")]
    found = resolved(accounts=accounts, transcriber={"provider": "deepgram", "language": "multi", **ON})
    assert [t.provider for t in found.snapshot.transcribers] == ["deepgram", "openai", "assembly-ai"]
    field = "spec.transcriber.fallbackPlan.autoFallback"
    assert f"{field}: left out, cannot hear multi: azure (azure)" in found.warnings
    polish = resolved(accounts=accounts, transcriber={"provider": "deepgram", "language": "pl", **ON})
    assert [t.provider for t in polish.snapshot.transcribers] == ["deepgram", "openai", "azure"]
    assert f"{field}: left out, cannot hear pl: assembly (assembly-ai)" in polish.warnings


def test_earlier_rules_choose_what_they_chose() -> None:
    """As the first version did: two voices, one transcriber, no regard to how they sound."""
    (rules,) = EARLIER
    first = Transcriber(account="ears", provider="deepgram", model="nova-3", language="en")
    assert rules.transcribers == {first.provider}
    assert rules.voices < NOW.voices
    accounts = [account("llm", "openai"), EARS, account("mouth", "cartesia"), AZURE]
    spec = {
        "accounts": accounts,
        "voice": speaking("en", "male", "openai", "onyx"),
        "transcriber": {"provider": "deepgram", **ON},
    }
    before, now = resolved(rules=rules, **spec).snapshot, resolved(**spec).snapshot
    assert [(v.account, v.voice_id) for v in before.voices] == [
        ("llm", "onyx"),
        ("mouth", "248be419-c632-4f23-adf1-5324ed7dbf1d"),
    ]
    assert [t.account for t in before.transcribers] == ["ears"]
    assert [v.account for v in now.voices] == ["llm", "ears", "mouth", "azure"]
    assert [t.account for t in now.transcribers] == ["ears", "llm", "mouth", "azure"]


PLAYHT = account("play", "playht")
JENNIFER = {"provider": "playht", "voiceId": "jennifer"}
OWN = account("play", "playht", baseUrl="https://play.example.com")


def test_a_voice_whose_provider_is_gone_is_never_asked_and_named() -> None:
    """The seed's own example: accepted, and the others of the list are tried."""
    listed = {
        "provider": "openai",
        "voiceId": "a",
        "fallbackPlan": {"voices": [{"provider": "cartesia", "voiceId": "b"}, JENNIFER]},
    }
    accounts = [LLM, EARS, account("mouth", "cartesia"), PLAYHT]
    found = resolved(accounts=accounts, voice=listed)
    assert [v.voice_id for v in found.snapshot.voices] == ["a", "b"]
    (said,) = found.retired
    assert said.startswith("spec.voice.fallbackPlan.voices[1]: playht was shut down by its owner")
    assert "give account play the baseUrl" in said
    assert "play" not in found.snapshot.accounts


def test_an_installation_of_ones_own_is_asked() -> None:
    """An account with a baseUrl is somebody's server that speaks its protocol."""
    found = resolved(accounts=[LLM, EARS, OWN], voice={**JENNIFER, "fallbackPlan": {"voices": []}})
    assert [(v.account, v.model) for v in found.snapshot.voices] == [("play", "Play3.0-mini")]
    assert found.retired == ()
    assert not found.snapshot.accounts["play"].default_host


def test_automatic_voices_leave_out_whoever_is_gone() -> None:
    """And take an installation of one's own."""
    assert [v.account for v in snapshot(accounts=[LLM, EARS, PLAYHT]).voices] == ["llm", "ears"]
    assert [v.account for v in snapshot(accounts=[LLM, EARS, OWN]).voices] == ["llm", "ears", "play"]


def test_others_speak_for_a_first_voice_that_is_gone() -> None:
    """As they would if it failed, and without a second for it."""
    found = resolved(accounts=[LLM, EARS, PLAYHT], voice=JENNIFER)
    assert [v.account for v in found.snapshot.voices] == ["llm", "ears"]
    assert found.snapshot.voices[0].voice_id == "shimmer"
    assert len(found.retired) == 1


def test_rules_cover_every_provider() -> None:
    assert len(NOW.transcribers) == 9
    assert len(NOW.voices) == 6
    assert automatic.NOW.nearest


BEFORE = {
    "transcribers": [
        {"account": "ears", "language": "multi", "model": "nova-3", "provider": "deepgram", "settings": {}},
        {"account": "ears2", "language": "multi", "model": "nova-3", "provider": "deepgram", "settings": {}},
    ],
    "voices": [
        {
            "account": "llm",
            "language": "de",
            "model": "gpt-4o-mini-tts",
            "provider": "openai",
            "settings": {},
            "voiceId": "shimmer",
        },
        {
            "account": "mouth",
            "language": "de",
            "model": "sonic-3",
            "provider": "cartesia",
            "settings": {},
            "voiceId": "248be419-c632-4f23-adf1-5324ed7dbf1d",
        },
        {
            "account": "llm2",
            "language": "de",
            "model": "gpt-4o-mini-tts",
            "provider": "openai",
            "settings": {},
            "voiceId": "shimmer",
        },
    ],
}
"""What an operator stored that knew one transcriber and two voices."""


def test_a_stored_revision_is_what_its_assistant_asks_for_by_the_rules_of_its_time() -> None:
    """The whole of it, hashed: so an upgrade starts no rollout (decision 0015)."""
    accounts = [LLM, account("llm2", "openai"), EARS, account("ears2", "deepgram"), account("mouth", "cartesia")]
    spec = {
        "accounts": accounts,
        "model": MODEL,
        "transcriber": {"provider": "deepgram", "account": "ears", "language": "multi", **ON},
        "voice": {**speaking("de", "male", "openai", "shimmer"), "account": "llm"},
    }
    (rules,) = EARLIER
    again = resolved(rules=rules, **spec).snapshot
    stored = Snapshot.model_validate({**again.to_json(), **BEFORE})
    assert stored.digest() == again.digest()
    assert snapshot(**spec).digest() != stored.digest()
