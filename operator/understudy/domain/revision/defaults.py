"""What is filled in where the user leaves a provider's choice open. Resolved into the revision, so it is visible there.

Changing a value here changes the revision of every assistant that relies on it: the change is then rolled out.
"""

from typing import Final

TRANSCRIBER_MODEL: Final[dict[str, str]] = {"deepgram": "nova-3"}
TRANSCRIBER_LANGUAGE: Final[dict[str, str]] = {"deepgram": "en"}

VOICE_MODEL: Final[dict[str, str]] = {"openai": "gpt-4o-mini-tts", "cartesia": "sonic-3"}

VOICE_ID: Final[dict[str, str]] = {"openai": "alloy", "cartesia": "248be419-c632-4f23-adf1-5324ed7dbf1d"}
"""The voice of an account that takes over automatically: one that the provider offers to everybody."""

MODEL_PROVIDERS: Final = frozenset({"openai", "azure-openai"})
TRANSCRIBER_PROVIDERS: Final = frozenset({"deepgram"})
VOICE_PROVIDERS: Final = frozenset(VOICE_ID)
"""Providers that are built, for each of the three tasks."""
