"""Pipecat's services, unmodified, with the call token as their key: what our agent image and others are made of."""

from collections.abc import Sequence

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.tests.utils import SleepFrame, run_test

from tests.integration.proxy_egress.conftest import TOKEN, Serve, StartProxy, models, transcribers, voices
from tests.integration.proxy_egress.fake_model import TEXT, FakeModel
from tests.integration.proxy_egress.fake_transcriber import RATE, FakeTranscriber, numbers, piece
from tests.integration.proxy_egress.fake_voice import WORD_S, FakeCartesia, FakeOpenAISpeech

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

PARAMS = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)

SETTLE_S = 0.3
"""Pipecat gives no event for "the provider has answered" in a one-service pipeline; answers here take milliseconds."""


def errors(frames: Sequence[Frame]) -> list[str]:
    return [frame.error for frame in frames if isinstance(frame, ErrorFrame)]


async def test_transcriber(serve: Serve, start_proxy: StartProxy) -> None:
    """The transcript arrives whole and finalized through a refusal and a drop, and Pipecat sees no error."""
    refusing, dropping = FakeTranscriber(status=500), FakeTranscriber(final_every=5, drop_after=12)
    proxy = await start_proxy(transcribers(await serve(refusing.route()), await serve(dropping.route())))
    service = DeepgramSTTService(api_key=TOKEN, base_url=proxy.ws_url)
    audio = [InputAudioRawFrame(audio=piece(n), sample_rate=RATE, num_channels=1) for n in range(1, 21)]
    frames = [VADUserStartedSpeakingFrame(), *audio, SleepFrame(SETTLE_S), VADUserStoppedSpeakingFrame()]
    down, up = await run_test(
        service, frames_to_send=[*frames, SleepFrame(SETTLE_S)], pipeline_params=PARAMS, start_timeout=10
    )
    transcripts = [frame for frame in down if isinstance(frame, TranscriptionFrame)]
    assert numbers(" ".join(frame.text for frame in transcripts)) == list(range(1, 21))
    assert transcripts[-1].finalized
    assert errors(up) == []


@pytest.mark.parametrize("part", ["hang", "cut_after_two", "stall_after_sentence"])
async def test_model(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    """A refire and a continuation in mid-answer are one answer to Pipecat."""
    proxy = await start_proxy(models(await serve(FakeModel(part).route()), await serve(FakeModel(again=1).route())))
    service = OpenAILLMService(api_key=TOKEN, base_url=f"{proxy.url}/v1")
    context = LLMContext([{"role": "user", "content": "hi"}])
    down, up = await run_test(
        service, frames_to_send=[LLMContextFrame(context)], pipeline_params=PARAMS, start_timeout=10
    )
    await service._client.close()  # Pipecat leaves it to the end of the process
    said = "".join(frame.text for frame in down if isinstance(frame, LLMTextFrame))
    assert " ".join(said.split()) == TEXT
    assert errors(up) == []


@pytest.mark.parametrize("kind", ["cartesia", "openai"])
async def test_voice(kind: str, serve: Serve, start_proxy: StartProxy) -> None:
    """Audio and words arrive whole from the second voice, after the first refused."""
    voice = FakeCartesia() if kind == "cartesia" else FakeOpenAISpeech()
    urls = [await serve(FakeCartesia(part="error").route()), await serve(voice.route())]
    proxy = await start_proxy(voices(("cartesia", urls[0]), (kind, urls[1])))
    service = CartesiaTTSService(
        api_key=TOKEN, url=f"{proxy.ws_url}/tts/websocket", settings=CartesiaTTSService.Settings(voice="agents-own")
    )
    texts = [LLMTextFrame(text) for text in ("Good evening ", "to you. ", "Which day ", "would you like?")]
    spoken = [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame()]
    down, up = await run_test(
        service, frames_to_send=[*spoken, SleepFrame(SETTLE_S)], pipeline_params=PARAMS, start_timeout=10
    )
    audio = sum(len(frame.audio) for frame in down if isinstance(frame, TTSAudioRawFrame))
    words = " ".join(frame.text for frame in down if isinstance(frame, TTSTextFrame)).split()
    assert words == ["Good", "evening", "to", "you.", "Which", "day", "would", "you", "like?"]
    assert audio / 2 / RATE == pytest.approx(len(words) * WORD_S, abs=0.1)
    assert errors(up) == []
