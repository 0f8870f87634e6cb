"""Lets a voice say why the call ends, while the session still waits whether a transcriber comes back."""

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.rehearsal import spoken
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.farewell import farewell

TELEPHONE = SpeechFormat("pcm_mulaw", 8000)
"""What carriers take."""


async def prepare_farewell(egress: Egress, call: Call) -> None:
    """Keep the explanation with the call, by the first voice that can say it; without one, the line is just closed."""
    for voice in call.snapshot().voices:
        audio = await spoken(egress, call, TELEPHONE, voice, farewell(_language(call, voice.language)))
        if audio:
            call.farewell = audio
            return


def _language(call: Call, of_voice: str | None) -> str | None:
    """The voice's, or the one that the caller was expected to speak."""
    transcribers = call.snapshot().transcribers
    return of_voice or (transcribers[0].language if transcribers else None)
