"""Deepgram's voices (Aura): one socket, one text after the other, each ended by a flush; no word times.

Source: Deepgram's API reference, "Text to Speech (Streaming)", `WS /v1/speak`; the types of its Python SDK (`speak.v1`)
and Pipecat's `services/deepgram/tts.py`. The voice is the `model` of the URL. Audio comes as binary messages in the
order of the texts, and `Flushed` says that the text before the `Flush` is spoken. After `Clear` what is still on
its way belongs to nobody until `Cleared`.
"""

from typing import Any
from urllib.parse import urlencode

import orjson

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.providers import socket_url
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Connect, Frame
from understudy.domain.speech.voice_codec import Audio, Done, Other, Refused, Resume, VoiceEvent, VoiceTraits

RATES = (8000, 16_000, 24_000, 32_000, 48_000)
"""Hz of linear PCM that Deepgram makes."""


class DeepgramVoice:
    """One socket; see `SocketVoiceCodec`."""

    traits = VoiceTraits(resume=Resume.CLAUSE)

    def __init__(self, voice: Voice, account: Account) -> None:
        self._account = account
        self._query = {**voice.settings, "model": voice.voice_id}
        self._speaking = ""
        """The context that audio belongs to."""
        self._clearing = 0
        """`Clear`s that were not answered."""

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """See `SocketVoiceCodec.makes`."""
        near = min(RATES, key=lambda rate: (rate < wanted.sample_rate, abs(rate - wanted.sample_rate)))
        return SpeechFormat("pcm_s16le", near)

    def open(self, audio: SpeechFormat, key: str | None) -> Connect:
        """See `SocketVoiceCodec.open`."""
        query = {**self._query, "encoding": "linear16", "sample_rate": audio.sample_rate}
        url = f"{socket_url(self._account.base_url, 'v1', 'speak')}?{urlencode(query)}"
        return Connect(url, {"Authorization": f"Token {key}"} if key else {})

    def greet(self) -> list[Frame]:
        """Nothing."""
        return []

    def speak(self, context_id: str, text: str, *, first: bool, last: bool) -> list[Frame]:  # noqa: ARG002
        """See `SocketVoiceCodec.speak`."""
        self._speaking = context_id
        return [_message(type="Speak", text=text), _message(type="Flush")]

    def cancel(self, context_id: str) -> list[Frame]:
        """See `SocketVoiceCodec.cancel`."""
        if context_id != self._speaking:
            return []
        self._speaking = ""
        self._clearing += 1
        return [_message(type="Clear")]

    def keep_alive(self) -> list[Frame]:
        """None is needed."""
        return []

    def receive(self, message: Frame) -> list[tuple[str, VoiceEvent]]:
        """See `SocketVoiceCodec.receive`."""
        if isinstance(message, bytes):
            return [] if self._clearing or not self._speaking else [(self._speaking, Audio(message))]
        body = orjson.loads(message)
        if not isinstance(body, dict):
            raise ValueError("a message that is not an object")  # noqa: TRY004 - a protocol error, not a caller's
        return self._said(body)

    def _said(self, body: dict[str, Any]) -> list[tuple[str, VoiceEvent]]:
        match body.get("type"):
            case "Flushed" if self._speaking and not self._clearing:
                done, self._speaking = self._speaking, ""
                return [(done, Done())]
            case "Cleared":
                self._clearing = max(0, self._clearing - 1)
            case "Error":
                return [("", Refused(None, "reported an error"))]
        return [("", Other(body))]


def _message(**fields: str) -> str:
    return orjson.dumps(fields).decode()
