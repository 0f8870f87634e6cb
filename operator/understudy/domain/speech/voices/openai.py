"""OpenAI's voices: one request a text, audio until the end of the body; no word times.

Source: OpenAI's API reference, "Create speech".
"""

import orjson

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.routing.providers import openai_url
from understudy.domain.speech import openai_speech
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Post
from understudy.domain.speech.voice_codec import Audio, Resume, VoiceEvent, VoiceTraits


class OpenAiVoice:
    """One request; see `HttpVoiceCodec`."""

    traits = VoiceTraits(resume=Resume.CLAUSE)

    def __init__(self, voice: Voice, account: Account) -> None:
        self._voice = voice
        self._account = account

    def makes(self, wanted: SpeechFormat) -> SpeechFormat:  # noqa: ARG002 (there is but one)
        """See `HttpVoiceCodec.makes`."""
        return SpeechFormat("pcm_s16le", openai_speech.PCM_RATE)

    def request(self, text: str, audio: SpeechFormat, key: str | None) -> Post:  # noqa: ARG002
        """See `HttpVoiceCodec.request`."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        url = openai_url(self._account.base_url, "audio/speech")
        return Post(url, headers, orjson.dumps(openai_speech.request(text, self._voice)))

    def receive(self, data: bytes, *, last: bool = False) -> list[VoiceEvent]:  # noqa: ARG002
        """See `HttpVoiceCodec.receive`."""
        return [Audio(data)] if data else []
