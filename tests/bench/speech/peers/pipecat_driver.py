"""Pipecat's ServiceSwitcher with its failover strategy, over Pipecat's own service classes."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.assemblyai.stt import AssemblyAISTTService
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.deepgram.tts import DeepgramTTSService
from pipecat.services.gladia.stt import GladiaSTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner

sys.path.insert(0, str(Path(__file__).parent))
import jobs

KEY = "none"
START_S = 10.0
VOICE_HZ = 24_000
QUIET_S = 4.0
"""A voice that sends nothing for so long has ended: the pipeline has no event for one that failed."""


def ears(provider: str, url: str) -> Any:
    """Pipecat's class for a transcriber."""
    ws = url.replace("http", "ws", 1)
    if provider == "deepgram":
        return DeepgramSTTService(api_key=KEY, base_url=ws)
    if provider == "assembly-ai":
        return AssemblyAISTTService(api_key=KEY, api_endpoint_base_url=f"{ws}/v3/ws")
    if provider == "gladia":
        return GladiaSTTService(api_key=KEY, url=f"{url}/v2/live")
    raise ValueError(provider)


def voice(provider: str, url: str) -> Any:
    """Pipecat's class for a voice."""
    ws = url.replace("http", "ws", 1)
    if provider == "cartesia":
        settings = CartesiaTTSService.Settings(voice="anna")
        return CartesiaTTSService(api_key=KEY, url=f"{ws}/tts/websocket", settings=settings)
    if provider == "deepgram":
        settings = DeepgramTTSService.Settings(voice="aura-2-thalia-en")
        return DeepgramTTSService(api_key=KEY, base_url=ws, settings=settings)
    if provider == "openai":
        return OpenAITTSService(api_key=KEY, base_url=f"{url}/v1", settings=OpenAITTSService.Settings(voice="alloy"))
    raise ValueError(provider)


class Sink(FrameProcessor):
    """Writes down what comes out."""

    def __init__(self, told: jobs.Told) -> None:
        super().__init__()
        self.told = told
        self.last = time.monotonic()
        self.stopped = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take one."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.told.final(frame.text)
        elif isinstance(frame, InterimTranscriptionFrame):
            self.told.interim(frame.text)
        elif isinstance(frame, TTSAudioRawFrame):
            self.last = time.monotonic()
            self.told.sound(frame.audio, frame.sample_rate)
        elif isinstance(frame, TTSStoppedFrame):
            self.stopped = True
        elif isinstance(frame, ErrorFrame) and frame.fatal:
            self.told.closed = frame.error[:200]
        await self.push_frame(frame, direction)


async def work(job: jobs.Job, told: jobs.Told) -> None:
    """One job."""
    make = ears if job["part"] == "transcriber" else voice
    services = [make(each["provider"], each["url"]) for each in job["providers"]]
    sink = Sink(told)
    switcher = ServiceSwitcher(services, ServiceSwitcherStrategyFailover)
    params = PipelineParams(audio_in_sample_rate=jobs.RATE, audio_out_sample_rate=VOICE_HZ)
    worker = PipelineWorker(Pipeline([switcher, sink]), cancel_on_idle_timeout=False, enable_rtvi=False, params=params)
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _started(*_: Any) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(START_S):
            await started.wait()
        await (_listen if job["part"] == "transcriber" else _say)(job, told, worker, sink)
        await worker.queue_frame(EndFrame())
        await asyncio.wait([running], timeout=jobs.LAST_S)
    finally:
        await worker.cancel()
        await asyncio.wait([running], timeout=2.0)
        running.cancel()


async def _listen(job: jobs.Job, told: jobs.Told, worker: PipelineWorker, _sink: Sink) -> None:
    async def push(sound: bytes) -> None:
        await worker.queue_frame(InputAudioRawFrame(audio=sound, sample_rate=jobs.RATE, num_channels=1))

    async def paused() -> None:
        await worker.queue_frame(VADUserStoppedSpeakingFrame())

    async def resumed() -> None:
        await worker.queue_frame(VADUserStartedSpeakingFrame())

    await jobs.speak(job, told, push, paused, resumed)
    await asyncio.sleep(2.0)


async def _say(job: jobs.Job, told: jobs.Told, worker: PipelineWorker, sink: Sink) -> None:
    told.began = time.monotonic()
    await worker.queue_frame(LLMFullResponseStartFrame())
    for token in job["tokens"]:
        await worker.queue_frame(LLMTextFrame(token))
        await asyncio.sleep(jobs.TOKENS_S)
    await worker.queue_frame(LLMFullResponseEndFrame())
    sink.last = time.monotonic()
    while time.monotonic() - sink.last < QUIET_S:  # noqa: ASYNC110 - see `QUIET_S`
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    logger.remove()
    jobs.run(work)
