"""Speaks the configured prompts before they are needed, in every voice, so that they cost no time when they are."""

from typing import Any

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.voice import Speech
from understudy.apps.proxy.egress.voice_link import VoiceLinks
from understudy.apps.proxy.egress.voice_slack import in_background, key_of, prompts_of
from understudy.base.errors import AllFailed
from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.utterance import Utterance
from understudy.domain.speech.voice_codec import Words


def rehearse(egress: Egress, call: Call, audio: SpeechFormat) -> None:
    """See to it that the revision's prompts are there in all its voices and in format `audio`; returns at once."""
    snapshot = call.snapshot()
    for text in prompts_of(snapshot.model):
        for voice in snapshot.voices:
            _rehearse_one(egress, call, audio, voice, text)


def _rehearse_one(egress: Egress, call: Call, audio: SpeechFormat, voice: Voice, text: str) -> None:
    key = key_of(call, voice, audio, text)

    async def speak() -> bytes:
        return await spoken(egress, call, audio, voice, text)

    if egress.fillers.get(key) is None:
        in_background(egress.tasks, egress.fillers.make(key, audio, speak))


async def spoken(egress: Egress, call: Call, audio: SpeechFormat, voice: Voice, text: str) -> bytes:
    """The audio of `text` by `voice`; empty when it fails: another time may do."""
    output = {"container": "raw", "encoding": audio.encoding, "sample_rate": audio.sample_rate}
    message: dict[str, Any] = {"transcript": text, "continue": False, "context_id": "prompt", "output_format": output}
    sink, links = _Collected(), VoiceLinks(egress, call)
    try:
        speech = Speech(links, Utterance(message), sink, alone=voice)
        speech.add(message)
        await speech.run()
    except AllFailed:
        return b""
    finally:
        await links.close()
    return bytes(sink.audio_bytes)


class _Collected:
    """Keeps the audio."""

    def __init__(self) -> None:
        self.audio_bytes = bytearray()

    async def audio(self, data: bytes) -> None:
        """The next audio."""
        self.audio_bytes += data

    async def words(self, words: Words) -> None:
        """Times are spread evenly when it is played."""
