"""ElevenLabs' voices: our codec and Pipecat's service against the simulator, words checked where they sound."""

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
    TTSTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import SleepFrame, run_test

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of their own parts, while they are imported
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
    from pipecat.services.tts_service import TextAggregationMode

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked
from understudy.apps.simulator.server import Simulator
from understudy.apps.simulator.transcriber.ears import Ears
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Frame
from understudy.domain.speech.voice_codec import Audio, Done, Refused, VoiceEvent, Words
from understudy.domain.speech.voices.elevenlabs import ElevenLabsVoice

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

RATE = 8000
TEXT = "what are your opening hours"
SWIFT = {"firstMs": 0, "speed": 50}
EXACT = {"synth": "Watermark"} | SWIFT

TOLERANCE_S = 0.08
"""Between a word's time and where it sounds: a chunk's edge falls within a letter."""


class Stage:
    """One socket of the codec, and what came of it."""

    def __init__(self, codec: ElevenLabsVoice, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.codec = codec
        self.socket = socket
        self.events: list[tuple[str, VoiceEvent]] = []

    async def send(self, frames: list[Frame]) -> None:
        for frame in frames:
            await self.socket.send_str(str(frame))

    async def read(self, contexts: int = 1) -> None:
        """Until so many contexts are done or refused, or the socket closes."""
        async with asyncio.timeout(10):
            while contexts and (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                events = self.codec.receive(message.data)
                self.events += events
                contexts -= sum(isinstance(event, Done | Refused) for _, event in events)

    def sound(self, context: str = "c") -> bytes:
        return b"".join(event.data for name, event in self.events if name == context and isinstance(event, Audio))

    def words(self, context: str = "c") -> list[tuple[str, float, float]]:
        said = [event for name, event in self.events if name == context and isinstance(event, Words)]
        return [one for event in said for one in zip(event.words, event.starts, event.ends, strict=True)]


@contextlib.asynccontextmanager
async def stage(simulator: Simulator, key: str = KEY, **fields: Any) -> AsyncIterator[Stage]:
    account = Account(name="a", provider="11labs", base_url=simulator.url("acme"), default_host=False)
    codec = ElevenLabsVoice(Voice(account="a", provider="11labs", voice_id="anna", **fields), account)
    connect = codec.open(codec.makes(SpeechFormat("pcm_mulaw", RATE)), key)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(connect.url, headers=connect.headers) as socket,
    ):
        yield Stage(codec, socket)


async def test_what_is_said_is_understood(serve: Serve) -> None:
    """Clause by clause, with real speech, recognised."""
    async with serve(acme={"apiKeys": [KEY], "voice": SWIFT}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", TEXT, first=True, last=True))
        await voice.read()
    ears = Ears()
    ears.hear(1, bytes(4800) + voice.sound() + bytes(4800), RATE)
    assert ears.end(1).text == TEXT
    assert [word for word, *_ in voice.words()] == TEXT.split()
    assert voice.events[-1] == ("c", Done())


async def test_words_sound_when_they_are_said_to(serve: Serve) -> None:
    """Over several clauses, by what is at the caller's ear."""
    async with serve(acme={"voice": EXACT}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", "one two, ", first=True, last=False))
        await voice.send(voice.codec.speak("c", "three four five. ", first=False, last=False))
        await voice.send(voice.codec.speak("c", "six", first=False, last=True))
        await voice.read()
    heard = watermark.heard(voice.sound(), RATE)
    said = voice.words()
    assert [word for word, *_ in said] == ["one", "two,", "three", "four", "five.", "six"]
    assert [chord.number for chord in heard] == [watermark.number_of(word) for word, *_ in said]
    for (_, start, end), chord in zip(said, heard, strict=True):
        assert start == pytest.approx(chord.start, abs=TOLERANCE_S)
        assert end == pytest.approx(chord.end, abs=TOLERANCE_S)


async def test_contexts_share_a_socket_and_a_cancelled_one_is_quiet(serve: Serve) -> None:
    """It is cut off in mid-word, the other is spoken to its end, and nothing of the first comes after it."""
    async with serve(acme={"voice": EXACT | {"speed": 5}}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", "one two three four five six seven eight", first=True, last=False))
        await voice.send(voice.codec.speak("d", "one two", first=True, last=True))
        await voice.read()
        await voice.send(voice.codec.cancel("c"))
        await voice.send(voice.codec.speak("e", "nine", first=True, last=True))
        await voice.read()
        stats = simulator.deployments.create("acme").stats
        assert (stats.aborted, stats.completed) == (1, 2)
    assert 0 < len(voice.sound("c")) < len(voice.sound("d")) + RATE
    assert [word for word, *_ in voice.words("d")] == ["one", "two"]
    assert [word for word, *_ in voice.words("e")] == ["nine"]


async def test_a_context_that_is_cancelled_at_once_is_over(serve: Serve) -> None:
    """Its place is free for another, as often as one likes."""
    async with serve(acme={"voice": EXACT}) as simulator, stage(simulator) as voice:
        for number in range(8):
            await voice.send(voice.codec.speak(f"c{number}", TEXT, first=True, last=False))
            await voice.send(voice.codec.cancel(f"c{number}"))
            assert (await voice.socket.receive_json(timeout=5))["isFinal"]


async def test_settings_reach_elevenlabs(serve: Serve) -> None:
    async with serve() as simulator, stage(simulator, language="de", model="eleven_turbo_v2_5"):
        wanted = asked(simulator)
    assert (wanted["voice_id"], wanted["model_id"], wanted["language_code"]) == ("anna", "eleven_turbo_v2_5", "de")


async def test_a_faster_voice_is_faster(serve: Serve) -> None:
    """`speed` of the voice's settings."""
    lengths = []
    async with serve(acme={"voice": EXACT}) as simulator:
        for settings in ({}, {"speed": 1.2}):
            async with stage(simulator, settings=settings) as voice:
                await voice.send(voice.codec.speak("c", TEXT, first=True, last=True))
                await voice.read()
            lengths.append(len(voice.sound()))
    assert lengths[1] == pytest.approx(lengths[0] / 1.2, rel=0.02)


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with stage(simulator):
                pass
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        ({"kind": "error", "at": 1}, [("c", Refused(None, "reported internal_server_error"))]),
        ({"kind": "truncate", "at": 1}, [("c", Done())]),
        ({"kind": "close", "at": 1}, []),
    ],
)
async def test_faults_in_mid_utterance(
    serve: Serve, fault: dict[str, Any], events: list[tuple[str, VoiceEvent]]
) -> None:
    """Some audio came before."""
    async with serve(acme={"voice": EXACT, "faults": [fault]}) as simulator, stage(simulator) as voice:
        await voice.send(voice.codec.speak("c", TEXT, first=True, last=True))
        await voice.read()
    assert len(voice.sound()) == RATE * 2 // 10
    assert [event for event in voice.events if isinstance(event[1], Done | Refused)] == events


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([{"context_id": f"c{number}", "text": " "} for number in range(6)], "max_active_conversations"),
        (
            [{"context_id": "c", "text": " "}, {"context_id": "c", "text": "a ", "voice_settings": {}}],
            "invalid_message",
        ),
    ],
)
async def test_what_elevenlabs_refuses_on_the_socket(serve: Serve, messages: list[dict[str, Any]], error: str) -> None:
    """More contexts than it has, and settings that come too late."""
    async with serve() as simulator, stage(simulator) as voice:
        for message in messages:
            await voice.socket.send_json(message)
        await voice.read()
        await voice.read()
        assert voice.socket.close_code == 1008
    assert voice.events == [("", Refused(None, f"reported {error}"))]


async def test_a_closed_context_says_no_more_unless_it_was_flushed(serve: Serve) -> None:
    """Without `auto_mode` text waits for more; to close is not to flush, and an empty text is nothing."""
    url = "/v1/text-to-speech/anna/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_8000"
    sounds: list[int] = []
    async with (
        serve(acme={"voice": EXACT}) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(simulator.url("acme") + url) as socket,
    ):
        for flush in (False, True):
            for message in ({"text": " "}, {"text": "one two "}, {"text": "", "flush": flush}, {"close_context": True}):
                await socket.send_json({"context_id": "c"} | message)
            sounds.append(0)
            while not (message := await socket.receive_json(timeout=5)).get("isFinal"):
                sounds[-1] += bool(message["audio"])
        await socket.send_json({"close_socket": True})
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert sounds[0] == 0
    assert sounds[1] == 5


async def test_a_socket_without_messages_is_closed(serve: Serve) -> None:
    """With the reason, after the time that was asked for."""
    url = "/v1/text-to-speech/anna/multi-stream-input?output_format=pcm_8000&inactivity_timeout=1"
    async with (
        serve() as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(simulator.url("acme") + url) as socket,
    ):
        assert (await socket.receive_json(timeout=5))["error"] == "input_timeout_exceeded"


@pytest.mark.parametrize("mode", TextAggregationMode)
async def test_pipecats_service(serve: Serve, mode: TextAggregationMode) -> None:
    """Every word with its time, the whole sound, and no error, whether sentences are spoken or text as it comes."""
    async with serve(acme={"apiKeys": [KEY], "voice": EXACT}) as simulator:
        service = ElevenLabsTTSService(
            api_key=KEY,
            url=simulator.url("acme", "ws"),
            sample_rate=16_000,
            text_aggregation_mode=mode,
            settings=ElevenLabsTTSService.Settings(voice="anna", model="eleven_flash_v2_5", stability=0.5),
        )
        texts = [LLMTextFrame(text) for text in ("Good evening ", "to you. ", "Which day ", "would you like?")]
        spoken = [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame(), SleepFrame(0.5)]
        params = PipelineParams(audio_out_sample_rate=16_000)
        down, up = await run_test(service, frames_to_send=spoken, pipeline_params=params, start_timeout=10)
        assert asked(simulator)["auto_mode"] == str(mode is TextAggregationMode.SENTENCE).lower()
    words = " ".join(frame.text for frame in down if isinstance(frame, TTSTextFrame)).split()
    sound = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    assert words == ["Good", "evening", "to", "you.", "Which", "day", "would", "you", "like?"]
    assert [chord.number for chord in watermark.heard(sound, 16_000)] == [watermark.number_of(word) for word in words]
    assert [frame.error for frame in (*up, *down) if isinstance(frame, ErrorFrame)] == []
