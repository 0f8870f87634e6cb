"""Voices, in the three places they stand."""

from collections.abc import Iterator
from typing import Any, get_args

from tests.api.cases.case import Case, accepted, plan_accepted, plan_refused, refused
from tests.api.manifests import account, assistant, plan
from understudy.api.voice import VoiceProvider

PLACES = (
    ("assistant", assistant, "spec.voice"),
    ("assistant's fallback", assistant, "spec.voice.fallbackPlan.voices[0]"),
    ("plan", plan, "spec.voices[0]"),
)

IDS = {"deepgram": "aura-2-thalia-en", "azure": "en-US-AvaMultilingualNeural"}
WITHOUT_MODEL = ("azure", "deepgram")

OFF = "voices: [] turns fallback off"


def cases() -> Iterator[Case]:
    """Voices everywhere, and lists that are there, empty or absent."""
    for place, make, path in PLACES:
        voice = {"provider": "cartesia", "voiceId": "v"}
        full = {**voice, "model": "sonic-3", "language": "en", "traits": {"gender": "female", "tone": "calm"}}
        yield Case(f"accepted: {place}: voice", make({path: voice}))
        yield Case(f"accepted: {place}: voice with everything", make({path: full}))
        yield Case(f"accepted: {place}: openai voice", make({path: {"provider": "openai", "voiceId": "shimmer"}}))
        bare = make({path: "shimmer"})
        yield Case(f"refused: {place}: a string for a voice", bare, ((path, "must be of type object"),))
        nameless = make({path: {"provider": "openai"}})
        yield Case(f"refused: {place}: no voiceId", nameless, ((f"{path}.voiceId", "Required value"),))
        unknown = make({path: {"provider": "festival", "voiceId": "v"}})
        complaint = (f"{path}.provider", 'Unsupported value: "festival"')
        yield Case(f"refused: {place}: unknown voice provider", unknown, (complaint,))
        tongue = make({path: {**voice, "language": "en_US!"}})
        yield Case(f"refused: {place}: language", tongue, ((f"{path}.language", "write a language such as en"),))
        yield from _providers(place, make, path)
    yield from _together()
    yield from _lists()


def _providers(place: str, make: Any, path: str) -> Iterator[Case]:
    for provider in get_args(VoiceProvider):
        voice = {"provider": provider, "voiceId": IDS.get(provider, "v")}
        region = {"region": "eastus"} if provider == "azure" else {}
        there = {"spec.accounts[3]": account("other", provider) | region} if make is assistant else {}
        there = {} if provider in ("openai", "cartesia", "deepgram") else there
        yield Case(f"accepted: {place}: {provider} voice by itself", make({**there, path: voice}))
        modelled = make({**there, path: {**voice, "model": "m"}})
        told = ((f"{path}.model", "azure's and deepgram's voices have no model besides voiceId"),)
        without = provider in WITHOUT_MODEL
        name = f"{'refused' if without else 'accepted'}: {place}: {provider} voice with model"
        yield Case(name, modelled, told if without else ())
    nameless = make({path: {"provider": "deepgram", "voiceId": "thalia"}})
    complaint = (f"{path}.voiceId", "deepgram's voices have names such as aura-2-thalia-en")
    yield Case(f"refused: {place}: deepgram voice without model", nameless, (complaint,))


def _together() -> Iterator[Case]:
    """Plans over several providers, one of them gone: what people who come from elsewhere write."""
    others = [
        {"provider": "cartesia", "voiceId": "248be419-c632-4f23-adf1-5324ed7dbf1d"},
        {"provider": "playht", "voiceId": "jennifer"},
    ]
    yield accepted(
        "voices of several providers",
        {"spec.accounts[3]": account("playht"), "spec.voice.fallbackPlan.voices": others},
    )
    heard = [
        {"provider": "assembly-ai", "speechModel": "universal-streaming-multilingual", "language": "en"},
        {"provider": "azure", "language": "en-US"},
    ]
    yield accepted(
        "transcribers of several providers, then others",
        {
            "spec.accounts[3]": account("assembly-ai"),
            "spec.accounts[4]": account("azure") | {"region": "eastus"},
            "spec.transcriber": {
                "provider": "deepgram",
                "model": "nova-3",
                "language": "en",
                "fallbackPlan": {"autoFallback": {"enabled": True}, "transcribers": heard},
            },
        },
    )


def _lists() -> Iterator[Case]:
    inline = "spec.voice.fallbackPlan"
    voice = {"provider": "openai", "voiceId": "alloy"}
    for handover in ("WholeWords", "Immediate"):
        yield accepted(f"handover {handover}", {"spec.voice.handover": handover})
    yield refused("unknown handover", {"spec.voice.handover": "Later"}, ("spec.voice.handover", "Unsupported value"))
    yield accepted("no fallback voices", {f"{inline}.voices": []})
    yield accepted("automatic voices off", {f"{inline}.autoFallback.enabled": False})
    yield accepted("voices, then others", {f"{inline}": {"voices": [voice], "autoFallback": {"enabled": True}}})
    yield refused(
        "no voices and automatic voices",
        {inline: {"voices": [], "autoFallback": {"enabled": True}}},
        (f"{inline}.autoFallback", OFF),
    )
    yield plan_accepted("no voices", {"spec.voices": []})
    yield plan_accepted("both switches", {"spec.autoFallback": {"transcriber": True, "voice": True}})
    yield plan_accepted("no voices, switch off", {"spec": {"voices": [], "autoFallback": {"voice": False}}})
    yield plan_accepted(
        "no transcribers, others instead", {"spec": {"transcribers": [], "autoFallback": {"transcriber": True}}}
    )
    yield plan_refused(
        "no voices and automatic voices",
        {"spec": {"voices": [], "autoFallback": {"voice": True}}},
        ("spec.autoFallback", OFF),
    )
    yield accepted(
        "no transcribers, others instead",
        {
            "spec.transcriber.fallbackPlan": {"transcribers": [], "autoFallback": {"enabled": True}},
        },
    )
    yield refused(
        "more voices than anyone waits for",
        {f"{inline}.voices": [voice] * 9},
        (f"{inline}.voices", "must have at most 8 items"),
    )
