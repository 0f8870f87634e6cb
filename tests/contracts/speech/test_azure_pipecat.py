"""Pipecat's Azure services, unmodified, against the simulated Azure. They drive Microsoft's SDK."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Pipecat's own classes
    from pipecat.frames.frames import TTSAudioRawFrame, TTSSpeakFrame, TTSStoppedFrame, TTSTextFrame
    from pipecat.pipeline.worker import PipelineParams
    from pipecat.services.azure.stt import AzureSTTService
    from pipecat.services.azure.tts import AzureTTSService
    from pipecat.tests.utils import SleepFrame, run_test

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, speech
from tests.contracts.speech.pipecat_calls import RATE, heard_by
from understudy.apps.simulator.audio import pcm

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
ENDS_A_PHRASE_S = 0.7
SPOKEN_S = 2.0
"""Longer than the simulated voice takes for a sentence."""


async def test_it_hears(serve: Serve) -> None:
    """Two utterances; each final is told once, after interims."""
    said = [await speech(text, RATE) for text in (FIRST, SECOND)]
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        endpoint = simulator.url("acme", "ws") + "/stt/speech/universal/v2"
        settings = AzureSTTService.Settings(segmentation_silence_timeout_ms=400)
        service = AzureSTTService(api_key=KEY, private_endpoint=endpoint, sample_rate=RATE, settings=settings)
        heard = await heard_by(service, *said, quiet_s=ENDS_A_PHRASE_S)
        segmentation = asked(simulator)["context"]["phraseDetection"]["CONVERSATION"]["segmentation"]
    assert [frame.text for frame in heard.finals] == [FIRST, SECOND]
    assert FIRST in heard.interims
    assert heard.errors == []
    assert segmentation["segmentationSilenceTimeoutMs"] == 400


@pytest.mark.parametrize("rate", [8000, 24_000])
async def test_it_speaks(serve: Serve, rate: int) -> None:
    """Audible audio, and the words of the text with their times."""
    async with serve(acme={"apiKeys": [KEY], "voice": {"firstMs": 0, "speed": 20}}) as simulator:
        endpoint = simulator.url("acme", "ws") + "/tts/cognitiveservices/websocket/v1"
        settings = AzureTTSService.Settings(voice="en-US-AvaNeural", language="en-US")
        service = AzureTTSService(api_key=KEY, private_endpoint=endpoint, sample_rate=rate, settings=settings)
        down, _ = await run_test(
            service,
            frames_to_send=[TTSSpeakFrame("Good evening, how can I help?"), SleepFrame(SPOKEN_S)],
            pipeline_params=PipelineParams(audio_out_sample_rate=rate),
            start_timeout=10,
        )
        wanted = asked(simulator)
    sound = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    assert pcm.is_audible(sound)
    assert wanted["format"] == f"raw-{rate // 1000}khz-16bit-mono-pcm"
    assert "Good evening, how can I help?" in " ".join(f.text for f in down if isinstance(f, TTSTextFrame))
    assert any(isinstance(frame, TTSStoppedFrame) for frame in down)
