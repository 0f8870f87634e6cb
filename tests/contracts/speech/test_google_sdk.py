"""Google's Gen AI SDK, unmodified, against the simulated Gemini Live API, with and without activities of its own."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from google.genai.live import AsyncSession

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, speech
from tests.contracts.speech.front import certificate, front
from understudy.apps.simulator.server import Simulator

MODEL = "gemini-3.5-transcribe-live"
FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
RATE = 16_000
PIECE = RATE // 10 * 2
MANUAL = types.RealtimeInputConfig(automatic_activity_detection=types.AutomaticActivityDetection(disabled=True))


@contextlib.asynccontextmanager
async def session(simulator: Simulator, folder: Path, **config: Any) -> AsyncIterator[AsyncSession]:
    """A live session of the SDK, which speaks TLS only."""
    context, trusted = certificate(folder)
    async with front(simulator.port, "acme", context) as host:
        trust = ssl.create_default_context(cafile=str(trusted))
        options = types.HttpOptions(base_url=f"https://{host}", async_client_args={"ssl": trust})
        client = genai.Client(api_key=KEY, http_options=options)
        how = types.LiveConnectConfig(
            response_modalities=[types.Modality.TEXT],
            input_audio_transcription=types.AudioTranscriptionConfig(),
            **config,
        )
        async with client.aio.live.connect(model=MODEL, config=how) as live:
            yield live
        await client.aio.aclose()


async def say(live: AsyncSession, sound: bytes) -> None:
    """In pieces, in real time."""
    for at in range(0, len(sound), PIECE):
        piece = types.Blob(data=sound[at : at + PIECE], mime_type=f"audio/pcm;rate={RATE}")
        await live.send_realtime_input(audio=piece)
        await asyncio.sleep(PIECE / 2 / RATE)


async def heard(live: AsyncSession) -> list[types.LiveServerContent]:
    """What the server says up to the end of the next transcript."""
    found: list[types.LiveServerContent] = []
    async with asyncio.timeout(10):
        async for message in live.receive():
            if message.server_content:
                found.append(message.server_content)
            if found and found[-1].generation_complete:
                break
    return found


async def test_each_activity_has_one_transcript(serve: Serve, tmp_path: Path) -> None:
    """With activities of the client's: guesses, then the whole, and that it is complete."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        session(simulator, tmp_path, realtime_input_config=MANUAL) as live,
    ):
        assert live.setup_complete is not None
        for text in (FIRST, SECOND):
            await live.send_realtime_input(activity_start=types.ActivityStart())
            await say(live, await speech(text, RATE))
            await live.send_realtime_input(activity_end=types.ActivityEnd())
            told = await heard(live)
            finals = [each.input_transcription.text for each in told if each.input_transcription]
            guesses = [each.interim_input_transcription.text for each in told if each.interim_input_transcription]
            assert finals == [text]
            assert len(guesses) >= 2
            assert text.startswith(guesses[-1])
        assert asked(simulator)["setup"]["realtimeInputConfig"] == {"automaticActivityDetection": {"disabled": True}}


async def test_the_end_of_the_stream_flushes_where_gemini_finds_the_activities(serve: Serve, tmp_path: Path) -> None:
    """As Pipecat's Gemini service does at the end of speech."""
    async with serve() as simulator, session(simulator, tmp_path) as live:
        await say(live, await speech(FIRST, RATE))
        await live.send_realtime_input(audio_stream_end=True)
        told = await heard(live)
    assert [each.input_transcription.text for each in told if each.input_transcription] == [FIRST]


async def test_it_tells_what_is_wrong(serve: Serve, tmp_path: Path) -> None:
    """A setup that is refused is an error of the SDK, with the close code."""
    async with serve() as simulator:
        with pytest.raises(errors.APIError) as caught:
            async with session(simulator, tmp_path, system_instruction="listen"):
                pass
    assert caught.value.code == 1007
