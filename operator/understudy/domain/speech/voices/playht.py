"""PlayHT's voices: one request a text, audio until the end of the body; no word times.

Its owner has shut the service down; the codec serves installations of one's own that answer like it. Source: the public
reference of `POST /api/v2/tts/stream`, and the request that the `pyht` package (0.1.14) makes.
"""

from typing import Any

import orjson

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.providers import HTTP, join
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Post
from understudy.domain.speech.voice_codec import Audio, Resume, VoiceEvent, VoiceTraits

DEFAULT_MODEL = "Play3.0-mini"
"""The engine that is asked for where the revision names no model."""


class PlayHtVoice:
    """One request; see `HttpVoiceCodec`."""

    traits = VoiceTraits(resume=Resume.CLAUSE)

    def __init__(self, voice: Voice, account: Account) -> None:
        self._voice = voice
        self._account = account

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:
        """See `HttpVoiceCodec.makes`."""
        return SpeechFormat("pcm_s16le", wanted.sample_rate)

    def request(self, text: str, audio: SpeechFormat, key: str | None) -> Post:
        """See `HttpVoiceCodec.request`. The key is written `USER:KEY`: PlayHT wants both."""
        body: dict[str, Any] = {
            **self._voice.settings,
            "text": text,
            "voice": self._voice.voice_id,
            "voice_engine": self._voice.model or DEFAULT_MODEL,
            "output_format": "raw",
            "sample_rate": audio.sample_rate,
        }
        if self._voice.language:
            body["language"] = self._voice.language
        return Post(join(self._account.base_url, "/api/v2/tts/stream", HTTP), _headers(key), orjson.dumps(body))

    def receive(self, data: bytes, *, last: bool = False) -> list[VoiceEvent]:  # noqa: ARG002
        """See `HttpVoiceCodec.receive`."""
        return [Audio(data)] if data else []


def _headers(key: str | None) -> dict[str, str]:
    user, found, secret = (key or "").partition(":")
    named = {"X-USER-ID": user} if found else {}
    return {"AUTHORIZATION": secret if found else user, **named} if key else {}
