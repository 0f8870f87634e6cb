"""The transcribers that are built. A provider is one codec file here and one line below."""

from collections.abc import Callable

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import TranscriberCodec
from understudy.domain.speech.transcribers import (
    assembly_ai,
    azure,
    cartesia,
    deepgram,
    elevenlabs,
    flux,
    gladia,
    google,
    openai,
    speechmatics,
)


def _deepgram(transcriber: Transcriber, account: Account) -> TranscriberCodec:
    """Deepgram has two protocols; the model decides."""
    codec = flux.FluxCodec if (transcriber.model or "").startswith(flux.PREFIX) else deepgram.DeepgramCodec
    return codec(transcriber, account)


CODECS: dict[str, Callable[[Transcriber, Account], TranscriberCodec]] = {
    "deepgram": _deepgram,
    "assembly-ai": assembly_ai.AssemblyAiCodec,
    "azure": azure.AzureCodec,
    "gladia": gladia.GladiaCodec,
    "google": google.GoogleCodec,
    "speechmatics": speechmatics.SpeechmaticsCodec,
    "cartesia": cartesia.CartesiaCodec,
    "11labs": elevenlabs.ElevenLabsCodec,
    "openai": openai.OpenAiCodec,
}
"""By `Transcriber.provider`; each call makes the codec of one connection."""
