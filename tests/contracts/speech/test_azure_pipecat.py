"""Pipecat's Azure services, unmodified, against the simulated Azure. They drive Microsoft's SDK."""

import asyncio
import contextlib
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Pipecat's own classes
    from pipecat.frames.frames import TTSAudioRawFrame, TTSSpeakFrame, TTSStoppedFrame, TTSTextFrame
    from pipecat.pipeline.worker import PipelineParams
    from pipecat.services.azure.stt import AzureSTTService
    from pipecat.services.azure.tts import AzureTTSService
    from pipecat.tests.utils import SleepFrame, run_test

from tests.contracts.speech.driver import KEY, asked, speech
from tests.contracts.speech.pipecat_calls import RATE, heard_by
from understudy.apps.simulator import server
from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.script import parse

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
ENDS_A_PHRASE_S = 0.7
SPOKEN_S = 2.0
"""Longer than the simulated voice takes for a sentence."""


@contextlib.contextmanager
def elsewhere(**deployments: Any) -> Iterator[server.Simulator]:
    """A simulator on a loop of its own: the SDK's objects wait for it where they end, and with them this loop."""
    ready: Future[tuple[server.Simulator, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        over = asyncio.Event()
        async with server.running(parse({"recogniserProcesses": 0, "deployments": deployments})) as simulator:
            ready.set_result((simulator, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    simulator, loop, over = ready.result(10)
    try:
        yield simulator
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


async def test_it_hears() -> None:
    """Two utterances; each final is told once, after interims."""
    said = [await speech(text, RATE) for text in (FIRST, SECOND)]
    with elsewhere(acme={"apiKeys": [KEY]}) as simulator:
        endpoint = simulator.url("acme", "ws") + "/stt/speech/universal/v2"
        settings = AzureSTTService.Settings(segmentation_silence_timeout_ms=400)
        service = AzureSTTService(api_key=KEY, private_endpoint=endpoint, sample_rate=RATE, settings=settings)
        heard = await heard_by(service, *said, quiet_s=ENDS_A_PHRASE_S)
        del service  # while there is somebody to say goodbye to
        segmentation = asked(simulator)["context"]["phraseDetection"]["CONVERSATION"]["segmentation"]
    assert [frame.text for frame in heard.finals] == [FIRST, SECOND]
    assert FIRST in heard.interims
    assert heard.errors == []
    assert segmentation["segmentationSilenceTimeoutMs"] == 400


@pytest.mark.parametrize("rate", [8000, 24_000])
async def test_it_speaks(rate: int) -> None:
    """Audible audio, and the words of the text with their times."""
    with elsewhere(acme={"apiKeys": [KEY], "voice": {"firstMs": 0, "speed": 20}}) as simulator:
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
