"""LiveKit Agents' FallbackAdapters, over LiveKit's own plugins; in LiveKit's environment.

Configured for the fastest failover that they have: a second for an attempt, no retries of the same provider.
"""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import APIConnectOptions, stt, tts
from livekit.plugins import assemblyai, cartesia, deepgram, elevenlabs, gladia, openai

sys.path.insert(0, str(Path(__file__).parent))
import jobs

ATTEMPT_S = 1.0
FAST = APIConnectOptions(max_retry=0, timeout=ATTEMPT_S)
KEY = "none"


def ears(provider: str, url: str, session: aiohttp.ClientSession) -> Any:
    """LiveKit's class for a transcriber."""
    ws = url.replace("http", "ws", 1)
    match provider:
        case "deepgram":
            return deepgram.STT(api_key=KEY, base_url=f"{url}/v1/listen", http_session=session, filler_words=False)
        case "cartesia":
            return cartesia.STT(model="ink-whisper", api_key=KEY, base_url=url, http_session=session)
        case "assembly-ai":
            return assemblyai.STT(api_key=KEY, base_url=ws, http_session=session)
        case "gladia":
            return gladia.STT(api_key=KEY, base_url=f"{url}/v2/live", http_session=session)
        case "11labs":
            return elevenlabs.STT(api_key=KEY, base_url=f"{url}/v1", http_session=session, model="scribe_v2_realtime")
    raise ValueError(provider)


def voice(provider: str, url: str, session: aiohttp.ClientSession) -> Any:
    """LiveKit's class for a voice."""
    match provider:
        case "cartesia":
            return cartesia.TTS(api_key=KEY, base_url=url, http_session=session)
        case "deepgram":
            return deepgram.TTS(api_key=KEY, base_url=f"{url}/v1/speak", http_session=session)
        case "11labs":
            return elevenlabs.TTS(api_key=KEY, base_url=f"{url}/v1", http_session=session, encoding="pcm_24000")
        case "openai":
            return openai.TTS(api_key=KEY, base_url=f"{url}/v1", response_format="pcm")
    raise ValueError(provider)


async def listen(job: jobs.Job, told: jobs.Told, session: aiohttp.ClientSession) -> None:
    """One transcriber case."""
    classes = [ears(each["provider"], each["url"], session) for each in job["providers"]]
    adapter = stt.FallbackAdapter(classes, attempt_timeout=ATTEMPT_S, max_retry_per_stt=0, retry_interval=0.1)
    stream = adapter.stream(conn_options=FAST)

    async def read() -> None:
        async for event in stream:
            texts = " ".join(each.text for each in event.alternatives)
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                told.final(texts)
            elif event.type == stt.SpeechEventType.INTERIM_TRANSCRIPT:
                told.interim(texts)

    async def push(sound: bytes) -> None:
        stream.push_frame(rtc.AudioFrame(sound, jobs.RATE, 1, len(sound) // 2))

    async def nothing() -> None:
        """LiveKit's own agents leave the end of an utterance to the provider."""

    reading = asyncio.create_task(read())
    try:
        await jobs.speak(job, told, push, nothing, nothing)
        stream.end_input()
        await asyncio.wait([reading], timeout=jobs.LAST_S)
        if reading.done() and not reading.cancelled() and (error := reading.exception()):
            told.closed = f"{type(error).__name__}: {error}"[:200]
    finally:
        reading.cancel()
        with contextlib.suppress(Exception):
            await stream.aclose()
        with contextlib.suppress(Exception):
            await adapter.aclose()


async def say(job: jobs.Job, told: jobs.Told, session: aiohttp.ClientSession) -> None:
    """One voice case."""
    classes = [voice(each["provider"], each["url"], session) for each in job["providers"]]
    adapter = tts.FallbackAdapter(classes, max_retry_per_tts=0, sample_rate=24_000)
    stream = adapter.stream(conn_options=FAST)

    async def read() -> None:
        async for audio in stream:
            told.sound(bytes(audio.frame.data), audio.frame.sample_rate)

    reading = asyncio.create_task(read())
    try:
        told.began = asyncio.get_running_loop().time()
        for token in job["tokens"]:
            stream.push_text(token)
            await asyncio.sleep(jobs.TOKENS_S)
        stream.end_input()
        await asyncio.wait([reading], timeout=2 * jobs.LAST_S)
        if not reading.done():
            told.closed = "no end"
        elif error := reading.exception():
            told.closed = f"{type(error).__name__}: {error}"[:200]
    finally:
        reading.cancel()
        with contextlib.suppress(Exception):
            await stream.aclose()
        with contextlib.suppress(Exception):
            await adapter.aclose()


async def work(job: jobs.Job, told: jobs.Told) -> None:
    """One job."""
    async with aiohttp.ClientSession() as session:
        await (listen if job["part"] == "transcriber" else say)(job, told, session)


if __name__ == "__main__":
    jobs.run(work)
