"""Speaks a filler before it is needed, so that it costs no time when it is."""

from typing import Any

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.voice import Speech
from understudy.apps.proxy.egress.voice_link import VoiceLinks
from understudy.apps.proxy.egress.voice_slack import in_background, key_of
from understudy.base.errors import AllFailed
from understudy.domain.routing.slack import filler_of
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.utterance import Utterance
from understudy.domain.speech.voice_codec import Words


def rehearse(egress: Egress, call: Call, audio: SpeechFormat) -> None:
    """See to it that the revision's filler is there in the first voice and in format `audio`; returns at once."""
    snapshot = call.snapshot()
    text = filler_of(snapshot.model)
    if not text or not snapshot.voices:
        return

    async def speak() -> bytes:
        return await _spoken(egress, call, audio, text)

    key = key_of(call, snapshot.voices[0], audio, text)
    if egress.fillers.get(key) is None:
        in_background(egress.tasks, egress.fillers.make(key, audio, speak))


async def _spoken(egress: Egress, call: Call, audio: SpeechFormat, text: str) -> bytes:
    """The audio of `text` by the first voice; empty when it fails: another time may do."""
    output = {"container": "raw", "encoding": audio.encoding, "sample_rate": audio.sample_rate}
    message: dict[str, Any] = {"transcript": text, "continue": False, "context_id": "filler", "output_format": output}
    sink, links = _Collected(), VoiceLinks(egress, call)
    try:
        speech = Speech(egress, call, Utterance(message), sink, links, rehearsal=True)
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
