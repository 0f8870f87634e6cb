"""ElevenLabs' voices: contexts on one socket, fed in pieces, with the times of characters.

Source: ElevenLabs' API reference, "Text to Speech: Multi-context WebSocket", and elevenlabs-python 2
`types/*_multi.py`; Pipecat's `services/elevenlabs/tts.py`.

Times count from the first audio of their own message, so a context's clock is the audio it brought before. Letters are
aligned with the text as it was written where there is such an alignment, otherwise with what was made of it (numbers
spelt out).
"""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.providers import socket_url
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Connect, Frame
from understudy.domain.speech.transcribers.common import base_language, parsed, strict, text, word
from understudy.domain.speech.transcribers.deepgram import snake
from understudy.domain.speech.voice_codec import Audio, Done, Refused, Resume, VoiceEvent, VoiceTraits, Words

DEFAULT_MODEL = "eleven_flash_v2_5"
"""What is asked for where the revision names no model: ElevenLabs' fastest."""

TAKES_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3", "eleven_v4")
"""Models, by how their names begin, that take a language; the others refuse one and find it in the text."""

RATES = (8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz of linear PCM that ElevenLabs makes."""

IDLE_S = 180
"""Seconds without a message after which ElevenLabs closes; the longest it may be told."""

_MS = 1000.0


@dataclass(slots=True)
class _Context:
    """What came of one context.

    Attributes:
        spoken_s: its audio so far.
        letters: of the word that is not complete.
        start, end: of those letters, seconds of the context.
    """

    spoken_s: float = 0.0
    letters: list[str] = field(default_factory=list)
    start: float = 0.0
    end: float = 0.0


class ElevenLabsVoice:
    """One socket; see `SocketVoiceCodec`."""

    traits = VoiceTraits(resume=Resume.WORD, pieces=True, shared=True, idle_s=IDLE_S)

    def __init__(self, voice: Voice, account: Account) -> None:
        self._voice = voice
        self._account = account
        self._audio = SpeechFormat()
        self._contexts: dict[str, _Context] = {}
        """Those that are spoken; what still comes of others is not wanted."""

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """See `SocketVoiceCodec.makes`."""
        near = min(RATES, key=lambda rate: (rate < wanted.sample_rate, abs(rate - wanted.sample_rate)))
        return SpeechFormat("pcm_s16le", near)

    def open(self, audio: SpeechFormat, key: str | None) -> Connect:
        """See `SocketVoiceCodec.open`. `auto_mode`: each piece is spoken at once, since pieces are whole clauses."""
        self._audio = audio
        model = self._voice.model or DEFAULT_MODEL
        query = {
            "model_id": model,
            "output_format": f"pcm_{audio.sample_rate}",
            "auto_mode": "true",
            "sync_alignment": "true",
            "inactivity_timeout": IDLE_S,
        }
        if self._voice.language and model.startswith(TAKES_LANGUAGE):
            query["language_code"] = base_language(self._voice.language)
        path = f"text-to-speech/{quote(self._voice.voice_id, safe='')}/multi-stream-input"
        url = f"{socket_url(self._account.base_url, 'v1', path)}?{urlencode(query)}"
        return Connect(url, {"xi-api-key": key} if key else {})

    def greet(self) -> list[Frame]:
        """Nothing."""
        return []

    def speak(self, context_id: str, text: str, *, first: bool, last: bool) -> list[Frame]:
        """See `SocketVoiceCodec.speak`. A closed context still speaks what it was told to flush."""
        frames: list[Frame] = []
        if first:
            self._contexts[context_id] = _Context()
            frames.append(self._begin(context_id))
        if text:
            frames.append(_message(context_id, text=text if text[-1].isspace() else f"{text} "))
        if last:
            frames += [_message(context_id, flush=True), _message(context_id, close_context=True)]
        return frames

    def cancel(self, context_id: str) -> list[Frame]:
        """See `SocketVoiceCodec.cancel`."""
        self._contexts.pop(context_id, None)
        return [_message(context_id, close_context=True)]

    def keep_alive(self) -> list[Frame]:
        """An empty text."""
        return [text({"text": ""})]

    @strict
    def receive(self, message: Frame) -> list[tuple[str, VoiceEvent]]:
        """See `SocketVoiceCodec.receive`."""
        said = parsed(message)
        context_id = str(said.get("contextId") or said.get("context_id") or "")
        if said.get("error"):
            return [(context_id, Refused(None, f"reported {word(said['error'])}"))]
        context = self._contexts.get(context_id)
        if context is None:
            return []
        events: list[VoiceEvent] = [*self._words(context, said), *self._sound(context, said)]
        if said.get("isFinal") or said.get("is_final"):
            del self._contexts[context_id]
            events += [*_last(context), Done()]
        return [(context_id, event) for event in events]

    def _begin(self, context_id: str) -> str:
        settings = {snake(name): value for name, value in self._voice.settings.items()}
        return _message(context_id, text=" ", **({"voice_settings": settings} if settings else {}))

    def _sound(self, context: _Context, said: dict[str, Any]) -> list[Audio]:
        data = base64.b64decode(said.get("audio") or "")
        context.spoken_s += self._audio.seconds(len(data))
        return [Audio(data)] if data else []

    def _words(self, context: _Context, said: dict[str, Any]) -> list[Words]:
        """The words that are complete with this message."""
        alignment = said.get("alignment") or said.get("normalizedAlignment") or {}
        letters = alignment.get("chars") or []
        starts = alignment.get("charStartTimesMs") or alignment.get("charsStartTimesMs") or []
        lengths = alignment.get("charDurationsMs") or alignment.get("charsDurationsMs") or []
        found: list[Words] = []
        for letter, start, length in zip(letters, starts, lengths, strict=True):
            if letter.isspace():
                found += _last(context)
            else:
                at = context.spoken_s + start / _MS
                context.start = context.start if context.letters else at
                context.end = at + length / _MS
                context.letters.append(letter)
        return found


def _last(context: _Context) -> list[Words]:
    """The word whose letters are there, if any."""
    letters, context.letters = "".join(context.letters), []
    return [Words((letters,), (round(context.start, 3),), (round(context.end, 3),))] if letters else []


def _message(context_id: str, **fields: Any) -> str:
    return text({"context_id": context_id, **fields})
