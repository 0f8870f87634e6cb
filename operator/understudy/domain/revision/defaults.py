"""What is filled in where the user leaves a provider's choice open. Resolved into the revision, so it is visible there.

Changing a value here changes the revision of every assistant that relies on it: the change is then rolled out.
"""

from typing import Any, Final

from understudy.api.transcriber_names import NAMES

TRANSCRIBER_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "speechmatics": {"operatingPoint": "enhanced", "region": "eu"},
}
"""Settings that hold unless others are given, under their API names. Providers' own defaults are left to them."""

AUTOMATIC_MODEL: Final[dict[str, str]] = {"openai": "gpt-live-transcribe"}
"""The model of an account that hears without being told how, where its provider has no default."""

VOICE_MODEL: Final[dict[str, str]] = {
    "openai": "gpt-4o-mini-tts",
    "cartesia": "sonic-3",
    "11labs": "eleven_flash_v2_5",
    "playht": "Play3.0-mini",
}

MULTILINGUAL_FLUX: Final = "flux-general-multi"
"""Finds out the language, and takes one as a hint."""

MODEL_PROVIDERS: Final = frozenset({"openai", "azure-openai"})


def transcriber_model(provider: str, model: str | None, speech_model: str | None = None) -> str | None:
    """The model of a transcriber: what is given, otherwise the provider's default; None where there is none."""
    return model or speech_model or NAMES[provider].model


def transcriber_language(provider: str, language: str | None, model: str | None = None) -> str | None:
    """What it transcribes; None where the provider finds out."""
    if model == MULTILINGUAL_FLUX:
        return language
    return language or NAMES[provider].language
