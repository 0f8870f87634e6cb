"""Cartesia's voices: contexts on one socket, fed in pieces, with word times.

Source: Cartesia's API reference, "TTS (WebSocket)", version 2026-03-01; Pipecat's `services/cartesia/tts.py`.
"""

from typing import Any

import orjson

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech import cartesia
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Connect, Frame
from understudy.domain.speech.voice_codec import Resume, VoiceEvent, VoiceTraits


class CartesiaVoice:
    """One socket; see `SocketVoiceCodec`."""

    traits = VoiceTraits(resume=Resume.WORD, pieces=True, shared=True)

    def __init__(self, voice: Voice, account: Account) -> None:
        self._account = account
        self._audio = SpeechFormat()
        self._voice: dict[str, Any] = {
            **voice.settings,
            "model_id": voice.model or cartesia.DEFAULT_MODEL,
            "voice": {"mode": "id", "id": voice.voice_id},
        }
        if voice.language:
            self._voice["language"] = voice.language

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """See `SocketVoiceCodec.makes`."""
        return SpeechFormat("pcm_s16le", wanted.sample_rate)

    def open(self, audio: SpeechFormat, key: str | None) -> Connect:
        """See `SocketVoiceCodec.open`."""
        self._audio = audio
        return cartesia.connect(self._account, key)

    def greet(self) -> list[Frame]:
        """Nothing."""
        return []

    def speak(self, context_id: str, text: str, *, first: bool, last: bool) -> list[Frame]:  # noqa: ARG002
        """See `SocketVoiceCodec.speak`. Pieces are whole clauses: Cartesia need not wait for more text."""
        output = {"container": "raw", "encoding": self._audio.encoding, "sample_rate": self._audio.sample_rate}
        message = {
            **self._voice,
            "context_id": context_id,
            "transcript": text,
            "continue": not last,
            "output_format": output,
            "add_timestamps": True,
            "max_buffer_delay_ms": 0,
        }
        return [orjson.dumps(message).decode()]

    def cancel(self, context_id: str) -> list[Frame]:
        """See `SocketVoiceCodec.cancel`."""
        return [orjson.dumps({"context_id": context_id, "cancel": True}).decode()]

    def keep_alive(self) -> list[Frame]:
        """There is no such message; a socket that was closed for idleness is opened again."""
        return []

    def receive(self, message: Frame) -> list[tuple[str, VoiceEvent]]:
        """See `SocketVoiceCodec.receive`."""
        return [cartesia.receive(message if isinstance(message, str) else message.decode())]
