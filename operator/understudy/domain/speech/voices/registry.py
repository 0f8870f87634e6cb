"""The voices that are built, by the provider's name in manifests."""

from collections.abc import Callable
from typing import TypeGuard

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.voice_codec import HttpVoiceCodec, SocketVoiceCodec
from understudy.domain.speech.voices.azure import AzureVoice
from understudy.domain.speech.voices.cartesia import CartesiaVoice
from understudy.domain.speech.voices.deepgram import DeepgramVoice
from understudy.domain.speech.voices.elevenlabs import ElevenLabsVoice
from understudy.domain.speech.voices.openai import OpenAiVoice
from understudy.domain.speech.voices.playht import PlayHtVoice

VoiceCodec = HttpVoiceCodec | SocketVoiceCodec

CODECS: dict[str, Callable[[Voice, Account], VoiceCodec]] = {
    "11labs": ElevenLabsVoice,
    "azure": AzureVoice,
    "cartesia": CartesiaVoice,
    "deepgram": DeepgramVoice,
    "openai": OpenAiVoice,
    "playht": PlayHtVoice,
}
"""One line a provider; a codec that has `open` is behind a WebSocket, any other behind HTTP requests."""


def on_socket(codec: VoiceCodec) -> TypeGuard[SocketVoiceCodec]:
    """Whether `codec` speaks on a WebSocket."""
    return hasattr(codec, "open")
