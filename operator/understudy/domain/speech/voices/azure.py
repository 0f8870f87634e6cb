"""Azure's voices over a WebSocket: a text is a turn of its own; audio and word boundaries come while it is made.

Source: microsoft/cognitive-services-speech-sdk-js, `SynthesisAdapterBase.ts`, `SynthesisContext.ts`,
`SynthesisTurn.ts`, `SpeechSynthesisConnectionFactory.ts`, `AudioOutputFormat.ts`; Microsoft's "Speech Synthesis Markup
Language" for what a voice is told.
"""

import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from understudy.base.clock import Clock, SystemClock
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech import azure
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Connect, Frame
from understudy.domain.speech.transcribers.common import strict
from understudy.domain.speech.voice_codec import Audio, Done, Resume, VoiceEvent, VoiceTraits, Words
from understudy.domain.speech.voices.azure_words import SpokenWords

DEFAULT_LANGUAGE = "en-US"

_FORMATS = {
    ("pcm_mulaw", 8000): "raw-8khz-8bit-mono-mulaw",
    ("pcm_s16le", 8000): "raw-8khz-16bit-mono-pcm",
    ("pcm_s16le", 16_000): "raw-16khz-16bit-mono-pcm",
    ("pcm_s16le", 22_050): "raw-22050hz-16bit-mono-pcm",
    ("pcm_s16le", 24_000): "raw-24khz-16bit-mono-pcm",
    ("pcm_s16le", 44_100): "raw-44100hz-16bit-mono-pcm",
    ("pcm_s16le", 48_000): "raw-48khz-16bit-mono-pcm",
}

_LOCALE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{4})?-[A-Z]{2}(?=-)")
"""With which a voice's name begins: en-US-AvaNeural."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML has no way to write: Azure would close the socket over them."""

_SPEAK = "version='1.0' xmlns='http://www.w3.org/2001/10/synthesis'"


class AzureVoice:
    """One socket."""

    traits = VoiceTraits(Resume.WORD, idle_s=azure.IDLE_S)

    def __init__(self, voice: Voice, account: Account, clock: Clock | None = None) -> None:
        self._voice = voice
        self._account = account
        self._clock = clock or SystemClock()
        self._format = ""
        self._contexts: dict[str, str] = {}
        """Context ids by request id."""
        self._words: dict[str, SpokenWords] = {}
        """By request id."""

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """`wanted` where Azure has it, otherwise PCM of the same or the next higher rate."""
        if (wanted.encoding, wanted.sample_rate) in _FORMATS:
            return wanted
        rates = [rate for encoding, rate in _FORMATS if encoding == "pcm_s16le" and rate >= wanted.sample_rate]
        return SpeechFormat("pcm_s16le", min(rates))

    def open(self, audio: SpeechFormat, key: str | None) -> Connect:
        """The request that opens the socket."""
        self._format = _FORMATS[audio.encoding, audio.sample_rate]
        return azure.connect(azure.endpoint(self._account, "tts").url, key)

    def greet(self) -> list[Frame]:
        """Who we are."""
        return [azure.speech_config(self._clock.now())]

    def speak(self, context_id: str, text: str, *, first: bool, last: bool) -> list[Frame]:  # noqa: ARG002 - a protocol
        """A whole text, as a turn."""
        request_id, now = azure.new_id(), self._clock.now()
        self._contexts[request_id] = context_id
        spoken = _NO_XML.sub(" ", text)
        self._words[request_id] = SpokenWords(spoken)
        return [
            azure.text("synthesis.context", request_id, _context(self._format), now),
            azure.text("ssml", request_id, _ssml(spoken, self._voice), now, "application/ssml+xml"),
        ]

    def cancel(self, context_id: str) -> list[Frame]:
        """Stops the turn; what still comes of it is nobody's."""
        request_id = next((ours for ours, theirs in self._contexts.items() if theirs == context_id), None)
        if request_id is None:
            return []
        self._forget(request_id)
        return [azure.text("synthesis.control", request_id, '{"action":"stop"}', self._clock.now())]

    def keep_alive(self) -> list[Frame]:
        """Who we are, once more: the only message that belongs to no turn."""
        return self.greet()

    @strict
    def receive(self, message: Frame) -> list[tuple[str, VoiceEvent]]:
        """Context id and meaning of a message of Azure.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = azure.parse(message)
        context_id = self._contexts.get(said.request_id)
        if context_id is None:
            return []
        return [(context_id, event) for event in self._events(said)]

    def _events(self, said: azure.Message) -> list[VoiceEvent]:
        words = self._words[said.request_id]
        match said.path:
            case "audio":
                return [Audio(said.body)] if said.body else []
            case "audio.metadata":
                return [found for item in _metadata(said.body) if (found := _timed(words, item)) is not None]
            case "turn.end":
                rest = words.rest()
                self._forget(said.request_id)
                return [rest, Done()] if rest else [Done()]
        return []

    def _forget(self, request_id: str) -> None:
        del self._contexts[request_id], self._words[request_id]


def _context(audio_format: str) -> str:
    options = {
        "wordBoundaryEnabled": True,
        "punctuationBoundaryEnabled": True,
        "sentenceBoundaryEnabled": False,
        "sessionEndEnabled": True,
        "visemeEnabled": False,
        "bookmarkEnabled": False,
    }
    audio = {"metadataOptions": options, "outputFormat": audio_format}
    return orjson.dumps({"synthesis": {"audio": audio, "language": {"autoDetection": False}}}).decode()


def _ssml(text: str, voice: Voice) -> str:
    """What is said, by whom; a language of its own is for voices that have several, others take no notice of it."""
    found = _LOCALE.match(voice.voice_id)
    locale = found[0] if found else voice.language or DEFAULT_LANGUAGE
    said = escape(text)
    if voice.language and voice.language != locale:
        said = f"<lang xml:lang={quoteattr(voice.language)}>{said}</lang>"
    if "speed" in voice.settings:
        said = f"<prosody rate={quoteattr(str(voice.settings['speed']))}>{said}</prosody>"
    name = quoteattr(voice.voice_id)
    return f"<speak {_SPEAK} xml:lang={quoteattr(locale)}><voice name={name}>{said}</voice></speak>"


def _metadata(body: bytes) -> list[dict[str, Any]]:
    said = orjson.loads(body)
    items = said.get("Metadata") if isinstance(said, dict) else None
    if not isinstance(items, list):
        raise ValueError("metadata without a list")  # noqa: TRY004 - a protocol error, not a caller's
    return items


def _timed(words: SpokenWords, item: dict[str, Any]) -> Words | None:
    """The words that an item of metadata completes."""
    if item.get("Type") == "SessionEnd":
        return words.rest()
    if item.get("Type") != "WordBoundary":
        return None
    data = item["Data"]
    begin = int(data["Offset"])
    end = begin + int(data.get("Duration") or 0)
    return words.boundary(str(data["text"]["Text"]), begin / azure.TICKS, end / azure.TICKS)
