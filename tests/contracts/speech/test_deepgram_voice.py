"""Deepgram's voices: our codec, Deepgram's SDK and Pipecat's service against the simulator."""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator
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
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own use of websockets
    from deepgram import AsyncDeepgramClient
    from deepgram.environment import DeepgramClientEnvironment
    from deepgram.speak.v1.types import SpeakV1Text
    from pipecat.services.deepgram.tts import DeepgramTTSService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked
from understudy.apps.simulator.server import Simulator
from understudy.apps.simulator.transcriber.ears import Ears
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Frame
from understudy.domain.speech.voice_codec import Audio, Done, VoiceEvent
from understudy.domain.speech.voices.deepgram import DeepgramVoice

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own use of websockets

RATE = 8000
VOICE = "aura-2-thalia-en"
TEXT = "what are your opening hours"
EXACT = {"synth": "Watermark", "firstMs": 0, "speed": 50}


class Stage:
    """One socket of the codec, and what came of it."""

    def __init__(self, codec: DeepgramVoice, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.codec = codec
        self.socket = socket
        self.events: list[tuple[str, VoiceEvent]] = []

    async def send(self, frames: list[Frame]) -> None:
        for frame in frames:
            await self.socket.send_str(str(frame))

    async def read(self) -> None:
        """Until a context is done, or the socket closes."""
        async with asyncio.timeout(10):
            while (message := await self.socket.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                events = self.codec.receive(message.data)
                self.events += events
                if any(isinstance(event, Done) for _, event in events):
                    return

    def sound(self, context: str) -> bytes:
        return b"".join(event.data for name, event in self.events if name == context and isinstance(event, Audio))

    def numbers(self, context: str) -> list[int]:
        return [chord.number for chord in watermark.heard(self.sound(context), RATE)]


@contextlib.asynccontextmanager
async def stage(simulator: Simulator, key: str = KEY, **fields: Any) -> AsyncIterator[Stage]:
    account = Account(name="a", provider="deepgram", base_url=simulator.url("acme"), default_host=False)
    codec = DeepgramVoice(Voice(account="a", provider="deepgram", voice_id=VOICE, **fields), account)
    connect = codec.open(codec.makes(SpeechFormat("pcm_s16le", RATE)), key)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(connect.url, headers=connect.headers) as socket,
    ):
        yield Stage(codec, socket)


def numbers(text: str) -> list[int]:
    return [watermark.number_of(word) for word in text.split()]


async def test_what_is_said_is_understood(serve: Serve) -> None:
    """With real speech, recognised; the voice and the format are those that were asked for."""
    voice = {"firstMs": 0, "speed": 50}
    async with serve(acme={"apiKeys": [KEY], "voice": voice}) as simulator, stage(simulator) as spoken:
        await spoken.send(spoken.codec.speak("c", TEXT, first=True, last=True))
        await spoken.read()
        wanted = asked(simulator)
    ears = Ears()
    silence = bytes(4800)
    ears.hear(1, silence + spoken.sound("c") + silence, RATE)
    assert ears.end(1).text == TEXT
    assert (wanted["model"], wanted["encoding"], wanted["sample_rate"]) == (VOICE, "linear16", str(RATE))


async def test_texts_are_spoken_one_after_the_other(serve: Serve) -> None:
    """Each is done when its audio is there, and none has another's."""
    async with serve(acme={"voice": EXACT}) as simulator, stage(simulator) as voice:
        for context, text in (("c", "one two three"), ("d", "four five")):
            await voice.send(voice.codec.speak(context, text, first=True, last=True))
            await voice.read()
            assert voice.numbers(context) == numbers(text)
            assert voice.events[-1] == (context, Done())


async def test_a_cancelled_text_is_quiet_and_the_next_one_whole(serve: Serve) -> None:
    """What was on its way when it was cancelled is nobody's."""
    async with serve(acme={"voice": EXACT | {"speed": 5}}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", "one two three four five six", first=True, last=True))
        await voice.send(voice.codec.cancel("c"))
        await voice.send(voice.codec.speak("d", "seven eight", first=True, last=True))
        await voice.read()
    assert voice.sound("c") == b""
    assert voice.numbers("d") == numbers("seven eight")


async def test_a_faster_voice_is_faster(serve: Serve) -> None:
    """`speed` of the voice's settings."""
    lengths = []
    async with serve(acme={"voice": EXACT}) as simulator:
        for settings in ({}, {"speed": 1.5}):
            async with stage(simulator, settings=settings) as voice:
                await voice.send(voice.codec.speak("c", TEXT, first=True, last=True))
                await voice.read()
            lengths.append(len(voice.sound("c")))
    assert lengths[1] == pytest.approx(lengths[0] / 1.5, rel=0.02)


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with stage(simulator):
                pass
    assert caught.value.status == 401


async def test_a_socket_that_closes_in_mid_utterance_ends_nothing(serve: Serve) -> None:
    """Some audio came before; that it is not all is seen by the `Done` that is missing."""
    fault = {"kind": "close", "at": 1}
    async with serve(acme={"voice": EXACT, "faults": [fault]}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", TEXT, first=True, last=True))
        await voice.read()
    assert voice.sound("c")
    assert not [event for _, event in voice.events if isinstance(event, Done)]


async def test_deepgrams_sdk(serve: Serve) -> None:
    """Metadata, audio, `Flushed`, as its own types read them."""
    async with serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator:
        sockets = simulator.url("acme", "ws")
        environment = DeepgramClientEnvironment(
            base=simulator.url("acme"), production=sockets, agent=sockets, agent_rest=simulator.url("acme")
        )
        client = AsyncDeepgramClient(api_key=KEY, environment=environment)
        async with client.speak.v1.connect(model=VOICE, encoding="linear16", sample_rate=str(RATE)) as connection:
            await connection.send_text(SpeakV1Text(type="Speak", text="one two three"))
            await connection.send_flush()
            sound, kinds = b"", []
            async with asyncio.timeout(10):
                while "Flushed" not in kinds:
                    message = await connection.recv()
                    if isinstance(message, bytes):
                        sound += message
                    else:
                        kinds.append(message.type)
            await connection.send_close()
    assert kinds == ["Metadata", "Flushed"]
    assert [chord.number for chord in watermark.heard(sound, RATE)] == numbers("one two three")


async def test_pipecats_service(serve: Serve) -> None:
    """The whole sound, in order, and no error."""
    async with serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator:
        service = DeepgramTTSService(
            api_key=KEY,
            base_url=simulator.url("acme", "ws"),
            sample_rate=RATE,
            settings=DeepgramTTSService.Settings(voice=VOICE),
        )
        texts = [LLMTextFrame(text) for text in ("Good evening ", "to you. ", "Which day ", "would you like?")]
        spoken = [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame(), SleepFrame(1.0)]
        params = PipelineParams(audio_out_sample_rate=RATE)
        down, up = await run_test(service, frames_to_send=spoken, pipeline_params=params, start_timeout=10)
        assert asked(simulator)["model"] == VOICE
    sound = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    heard = [chord.number for chord in watermark.heard(sound, RATE)]
    assert heard == numbers("Good evening to you. Which day would you like?")
    assert [frame.error for frame in (*up, *down) if isinstance(frame, ErrorFrame)] == []
