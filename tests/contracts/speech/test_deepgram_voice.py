"""Deepgram's voices: our codec, Deepgram's SDK and Pipecat's service against the simulator, words at the ear."""

import asyncio
import json
import warnings
from typing import Any

import aiohttp
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of their own parts, while they are imported
    from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
    from deepgram.speak.v1.types import SpeakV1Flushed, SpeakV1Text
    from pipecat.services.deepgram.tts import DeepgramTTSService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked
from tests.contracts.speech.voice_driver import line
from understudy.apps.simulator.server import Simulator
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voice_codec import Audio, Done
from understudy.domain.speech.voices.deepgram import DeepgramVoice

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

EXACT = {"synth": "Watermark", "firstMs": 0, "speed": 50}
WANTED = SpeechFormat("pcm_s16le", 16_000)
TEXT = "Good evening to you."


def codec(simulator: Simulator, **fields: Any) -> DeepgramVoice:
    account = Account(name="a", provider="deepgram", base_url=simulator.url("acme", "ws"), default_host=False)
    return DeepgramVoice(
        Voice(**{"account": "a", "provider": "deepgram", "voice_id": "aura-2-thalia-en", **fields}), account
    )


def heard(sound: bytes, rate: int = 16_000) -> list[int]:
    return [chord.number for chord in watermark.heard(sound, rate)]


def numbers(text: str) -> list[int | None]:
    return [watermark.number_of(word) for word in text.split()]


async def test_texts_are_spoken_one_after_the_other(serve: Serve) -> None:
    """Each to its end, in the format asked for."""
    async with (
        serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator,
        line(codec(simulator), WANTED, KEY) as voice,
    ):
        for context, text in (("c1", TEXT), ("c2", "Which day?")):
            await voice.say(context, text)
            await voice.read(context)
            assert voice.of(context)[-1] == Done()
            assert heard(voice.sound(context)) == numbers(text)


async def test_what_is_cancelled_is_heard_no_more(serve: Serve) -> None:
    """And what was on its way is nobody's; the next text is spoken at once."""
    async with (
        serve(acme={"voice": EXACT | {"speed": 4}}) as simulator,
        line(codec(simulator), WANTED, KEY) as voice,
    ):
        await voice.say("c1", TEXT * 5)
        await voice.read("c1", Audio)
        await voice.send(voice.codec.cancel("c1"))
        size = len(voice.sound("c1"))
        await voice.say("c2", "Which day?")
        await voice.read("c2", seconds=3.0)
    assert len(voice.sound("c1")) == size
    assert heard(voice.sound("c2")) == numbers("Which day?")


@pytest.mark.parametrize(("rate", "made"), [(8000, 8000), (24_000, 24_000), (22_050, 24_000), (44_100, 48_000)])
async def test_voice_format_and_settings_are_seen_on_the_wire(serve: Serve, rate: int, made: int) -> None:
    """Of the rates that Deepgram makes, the next higher."""
    async with serve(acme={"voice": EXACT}) as simulator:
        spoken = codec(simulator, settings={"speed": 1.2})
        async with line(spoken, SpeechFormat("pcm_mulaw", rate), KEY) as voice:
            await voice.say("c1", TEXT)
            await voice.read("c1")
        wanted = asked(simulator)
    assert wanted == {
        "text": TEXT,
        "model": "aura-2-thalia-en",
        "encoding": "linear16",
        "sample_rate": str(made),
        "speed": "1.2",
    }


@pytest.mark.parametrize("query", ["encoding=mp3", "encoding=linear16&sample_rate=22050", "speed=2", "container=wav"])
async def test_what_deepgram_does_not_make_is_refused(serve: Serve, query: str) -> None:
    async with serve() as simulator, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{simulator.url('acme')}/v1/speak?{query}", headers={"Authorization": "Token k"})
    assert caught.value.status == 400


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with line(codec(simulator), WANTED, KEY):
                pass
    assert caught.value.status == 401


@pytest.mark.parametrize("message", ["no json", '{"type":"Shout"}', '{"type":"Speak","text":""}'])
async def test_a_message_that_is_none_ends_the_connection(serve: Serve, message: str) -> None:
    async with serve(acme={"voice": EXACT}) as simulator, line(codec(simulator), WANTED, KEY) as voice:
        await voice.socket.send_str(message)
        await voice.read("c1")
        assert voice.socket.close_code == 1008


async def test_deepgrams_sdk(serve: Serve) -> None:
    """Unmodified: its messages are taken, and what it is sent is what its types say."""
    async with serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator:
        url = simulator.url("acme", "ws")
        environment = DeepgramClientEnvironment(base=url, production=url, agent=url, agent_rest=url)
        client = AsyncDeepgramClient(api_key=KEY, environment=environment)
        sound = b""
        async with client.speak.v1.connect(
            model="aura-2-thalia-en", encoding="linear16", sample_rate="16000"
        ) as socket:
            await socket.send_text(SpeakV1Text(text=TEXT))
            await socket.send_flush()
            async with asyncio.timeout(10):
                while not isinstance(received := await socket.recv(), SpeakV1Flushed):
                    sound += received if isinstance(received, bytes) else b""
            await socket.send_close()
    assert heard(sound) == numbers(TEXT)


async def test_pipecats_service(serve: Serve) -> None:
    """Unmodified: the whole sound, and no error."""
    async with serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator:
        service = DeepgramTTSService(
            api_key=KEY,
            base_url=simulator.url("acme", "ws"),
            sample_rate=16_000,
            settings=DeepgramTTSService.Settings(voice="aura-2-thalia-en", speed=1.1),
        )
        texts = [LLMTextFrame(text) for text in ("Good evening ", "to you. ", "Which day ", "would you like?")]
        spoken = [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame(), SleepFrame(0.5)]
        params = PipelineParams(audio_out_sample_rate=16_000)
        down, up = await run_test(service, frames_to_send=spoken, pipeline_params=params, start_timeout=10)
        assert asked(simulator)["speed"] == "1.1"
    sound = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    assert heard(sound) == numbers("Good evening to you. Which day would you like?")
    assert [frame.error for frame in (*up, *down) if isinstance(frame, ErrorFrame)] == []


def test_messages_are_deepgrams() -> None:
    """As its SDK's types serialise them."""
    account = Account(name="a", provider="deepgram", base_url="wss://api.deepgram.com")
    voice = DeepgramVoice(Voice(account="a", provider="deepgram", voice_id="v"), account)
    speak, flush = (json.loads(frame) for frame in voice.speak("c", TEXT, first=True, last=True))
    assert SpeakV1Text(**speak).model_dump() == {"type": "Speak", "text": TEXT}
    assert flush == {"type": "Flush"}
    assert voice.open(SpeechFormat(), "k").url.startswith("wss://api.deepgram.com/v1/speak?")
