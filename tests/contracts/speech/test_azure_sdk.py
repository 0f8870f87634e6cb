"""Microsoft's Speech SDK for Python, unmodified, against the simulated Azure: it hears and it speaks."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import azure.cognitiveservices.speech as sdk
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, speech
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.server import Simulator

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
HEARING, SPEAKING = "/stt/speech/universal/v2", "/tts/cognitiveservices/websocket/v1"
TEXT = "Good evening, we don't close & won't."
TICKS = 10_000_000


def config(simulator: Simulator, path: str, key: str = KEY) -> sdk.SpeechConfig:
    return sdk.SpeechConfig(subscription=key, endpoint=simulator.url("acme", "ws") + path)


class Ear:
    """A continuous recogniser, and what it told; the SDK calls from threads of its own."""

    def __init__(self, how: sdk.SpeechConfig, audio: sdk.audio.AudioStreamFormat) -> None:
        how.speech_recognition_language = "en-US"
        how.request_word_level_timestamps()
        self.stream = sdk.audio.PushAudioInputStream(audio)
        self.recogniser = sdk.SpeechRecognizer(how, sdk.audio.AudioConfig(stream=self.stream))
        self.finals: list[Any] = []
        self.interims: list[str] = []
        self.cancelled: list[Any] = []
        self._stopped = threading.Event()
        self.recogniser.recognized.connect(self._recognised)
        self.recogniser.recognizing.connect(lambda event: self.interims.append(event.result.text))
        self.recogniser.canceled.connect(lambda event: self.cancelled.append(event.cancellation_details))
        self.recogniser.session_stopped.connect(lambda _: self._stopped.set())

    def _recognised(self, event: Any) -> None:
        if event.result.reason is sdk.ResultReason.RecognizedSpeech:
            self.finals.append(event.result)

    async def hear(self, *sounds: bytes) -> None:
        """All of it, to the end of the session."""
        await asyncio.to_thread(self._hear, sounds)

    def _hear(self, sounds: tuple[bytes, ...]) -> None:
        self.recogniser.start_continuous_recognition_async().get()
        for sound in sounds:
            self.stream.write(sound)
        self.stream.close()
        assert self._stopped.wait(20)
        self.recogniser.stop_continuous_recognition_async().get()
        sdk.Connection.from_recognizer(self.recogniser).close()
        del self.recogniser, self.stream  # here, since the SDK may take seconds over it: the loop must not wait


@pytest.mark.parametrize(
    ("rate", "bits", "wave", "encode"),
    [
        (16_000, 16, sdk.AudioStreamWaveFormat.PCM, bytes),
        (8_000, 8, sdk.AudioStreamWaveFormat.MULAW, mulaw.encode),
    ],
)
async def test_it_hears_phrases_with_words_and_times(
    serve: Serve, rate: int, bits: int, wave: Any, encode: Callable[[bytes], bytes]
) -> None:
    """Two phrases, a second apart; the first ends by its pause, the second with the audio."""
    audio = sdk.audio.AudioStreamFormat(rate, bits, 1, wave_stream_format=wave)
    said = [await speech(text, rate) for text in (FIRST, SECOND)]
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        ear = Ear(config(simulator, HEARING), audio)
        await ear.hear(*(encode(sound + bytes(2 * rate)) for sound in said))
    assert [final.text for final in ear.finals] == [FIRST, SECOND]
    assert ear.interims[-1] == SECOND
    assert ear.finals[1].offset / TICKS == pytest.approx(len(said[0]) / 2 / rate + 1, abs=0.35)
    assert [detail.reason for detail in ear.cancelled] == [sdk.CancellationReason.EndOfStream]


async def test_its_settings_arrive_where_ours_do(serve: Serve) -> None:
    """Segmentation, in the same places and under the same names as our codec's."""
    async with serve() as simulator:
        how = config(simulator, HEARING)
        how.set_property(sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs, "900")
        how.set_property(sdk.PropertyId.Speech_SegmentationMaximumTimeMs, "25000")
        await Ear(how, sdk.audio.AudioStreamFormat(16_000, 16, 1)).hear(bytes(16_000))
        detection = asked(simulator)["context"]["phraseDetection"]
    assert detection["language"] == "en-US"
    assert detection["mode"] == "CONVERSATION"
    assert detection["CONVERSATION"]["segmentation"] == {
        "mode": "Custom",
        "segmentationSilenceTimeoutMs": 900,
        "segmentationForcedTimeoutMs": 25_000,
    }


async def test_it_tells_a_wrong_key(serve: Serve) -> None:
    """As an error of authentication."""
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        voice = sdk.SpeechSynthesizer(config(simulator, SPEAKING), audio_config=None)
        result = await asyncio.to_thread(lambda: voice.speak_text_async(TEXT).get())
    assert result.cancellation_details.error_code is sdk.CancellationErrorCode.AuthenticationFailure


async def test_it_speaks_with_word_boundaries(serve: Serve) -> None:
    """Twice over one connection; boundaries name the words of the text, punctuation apart, in order."""
    async with serve(acme={"apiKeys": [KEY], "voice": {"firstMs": 0, "speed": 100}}) as simulator:
        how = config(simulator, SPEAKING)
        how.speech_synthesis_voice_name = "en-US-AvaNeural"
        how.set_speech_synthesis_output_format(sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm)
        voice = sdk.SpeechSynthesizer(how, audio_config=None)
        boundaries: list[tuple[str, int, int]] = []
        voice.synthesis_word_boundary.connect(
            lambda event: boundaries.append((event.text, event.text_offset, event.audio_offset))
        )
        results = [await asyncio.to_thread(lambda: voice.speak_text_async(TEXT).get()) for _ in range(2)]
        await asyncio.to_thread(sdk.Connection.from_speech_synthesizer(voice).close)
        assert simulator.deployments.create("acme").stats.connections == 1
    for result in results:
        assert result.reason is sdk.ResultReason.SynthesizingAudioCompleted
        assert pcm.is_audible(result.audio_data)
        assert result.audio_duration.total_seconds() == pytest.approx(len(result.audio_data) / 32_000, abs=0.001)
    words = ["Good", "evening", ",", "we", "don't", "close", "&", "won't", "."]
    assert [text for text, _, _ in boundaries] == words * 2
    assert [TEXT[at : at + len(text)] for text, at, _ in boundaries] == words * 2
    starts = [start for _, _, start in boundaries[: len(words)]]
    assert starts == sorted(starts)


async def test_it_stops_speaking_and_speaks_again(serve: Serve) -> None:
    """After a stop the next text is spoken at once, not behind the rest of the last."""
    async with serve(acme={"voice": {"firstMs": 0, "speed": 2}}) as simulator:
        how = config(simulator, SPEAKING)
        how.speech_synthesis_voice_name = "en-US-AvaNeural"
        voice = sdk.SpeechSynthesizer(how, audio_config=None)
        began = threading.Event()
        voice.synthesizing.connect(lambda _: began.set())
        await asyncio.to_thread(lambda: voice.start_speaking_text_async(TEXT * 5).get())
        assert await asyncio.to_thread(began.wait, 10)
        await asyncio.to_thread(lambda: voice.stop_speaking_async().get())
        again = await asyncio.to_thread(lambda: voice.speak_text_async("Good evening.").get())
        await asyncio.to_thread(sdk.Connection.from_speech_synthesizer(voice).close)
    assert again.reason is sdk.ResultReason.SynthesizingAudioCompleted
