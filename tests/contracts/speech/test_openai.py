"""OpenAI's transcription sessions: our codec, OpenAI's SDK and Pipecat's service against the simulator."""

import base64
import itertools
from typing import Any

import aiohttp
import pytest
from openai import AsyncOpenAI
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    InputAudioBufferCommittedEvent,
    RealtimeErrorEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
)
from pipecat.services.openai.stt import OpenAIRealtimeSTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.pipecat_calls import heard_by
from understudy.apps.simulator.server import Simulator
from understudy.domain.speech.codec import AudioFormat, Failure

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
RATE = 24_000


@pytest.mark.parametrize("model", ["gpt-live-transcribe", "gpt-4o-transcribe", "whisper-1"])
async def test_each_finalize_is_answered_with_all_that_was_said(serve: Serve, model: str) -> None:
    """Models that stream tell what they hear before it is final."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("openai", f"{simulator.url('acme')}/v1", model=model), AudioFormat("mulaw", 8000)) as line,
    ):
        guesses = 0
        for text in (FIRST, SECOND):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.quiet(0.2)
            guesses = len(line.results)
            await line.finalize()
    assert line.audio == AudioFormat("linear16", RATE)
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    assert (guesses > 2) == (model == "gpt-live-transcribe")


async def test_deltas_add_up(serve: Serve) -> None:
    """Each guess goes on where the one before ended."""
    async with serve() as simulator, listening(codec_for("openai", f"{simulator.url('acme')}/v1")) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.quiet(0.4)
        await line.finalize()
    interims = [result.text for result in line.results if not result.final]
    assert len(interims) >= 2
    assert all(after.startswith(before) for before, after in itertools.pairwise(interims))
    assert interims[-1] == FIRST == line.text


@pytest.mark.parametrize("seconds", [0.05, 0.3])
async def test_a_finalize_without_speech_is_flushed(serve: Serve, seconds: float) -> None:
    """Whether it is too short for a commit or not."""
    async with serve() as simulator, listening(codec_for("openai", f"{simulator.url('acme')}/v1")) as line:
        await line.quiet(seconds)
        await line.finalize()
        assert not line.failed()
    assert (line.answers(), line.text) == (1, "")


@pytest.mark.parametrize(
    ("fields", "transcription"),
    [
        ({"model": "whisper-1", "language": "de-DE"}, {"model": "whisper-1", "language": "de"}),
        ({"model": "gpt-transcribe", "language": "de"}, {"model": "gpt-transcribe", "languages": ["de"]}),
        ({}, {"model": "gpt-live-transcribe"}),
    ],
)
async def test_model_and_language_reach_openai(
    serve: Serve, fields: dict[str, str], transcription: dict[str, Any]
) -> None:
    async with serve() as simulator, listening(codec_for("openai", f"{simulator.url('acme')}/v1", **fields)) as line:
        await line.until(lambda: len(line.events) >= 2)
        heard = asked(simulator)["audio"]["input"]
    assert heard["transcription"] == transcription
    assert heard["turn_detection"] is None


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for("openai", f"{simulator.url('acme')}/v1")):
                pass
    assert caught.value.status == 401


async def test_a_model_that_is_none_fails_for_good(serve: Serve) -> None:
    async with (
        serve() as simulator,
        listening(codec_for("openai", f"{simulator.url('acme')}/v1", model="gpt-9")) as line,
    ):
        await line.until(line.failed)
    assert Failure("the provider reported invalid_model") in line.events


async def test_pipecats_service(serve: Serve) -> None:
    """Each utterance whole, with the increments before it, and no error."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        service = OpenAIRealtimeSTTService(api_key=KEY, base_url=f"{simulator.url('acme', 'ws')}/v1/realtime")
        heard = await heard_by(service, await speech(FIRST, 16_000), await speech(SECOND, 16_000))
        wanted = asked(simulator)["audio"]["input"]
    assert heard.text == f"{FIRST} {SECOND}"
    assert "".join(heard.interims) == f"{FIRST}{SECOND}"
    assert heard.errors == []
    assert wanted["transcription"] == {"model": "gpt-realtime-whisper", "language": "en"}


async def test_pipecats_service_with_openais_voice_detection(serve: Serve) -> None:
    """The buffer is committed at the end of speech without being told."""
    async with serve() as simulator:
        service = OpenAIRealtimeSTTService(
            api_key=KEY,
            base_url=f"{simulator.url('acme', 'ws')}/v1/realtime",
            turn_detection={"type": "server_vad", "silence_duration_ms": 300},
            settings=OpenAIRealtimeSTTService.Settings(model="gpt-4o-transcribe"),
        )
        heard = await heard_by(service, await speech(FIRST, 16_000), quiet_s=0.6)
    assert (heard.text, heard.errors) == (FIRST, [])


def client(simulator: Simulator) -> AsyncOpenAI:
    return AsyncOpenAI(api_key=KEY, base_url=f"{simulator.url('acme')}/v1")


SESSION: Any = {
    "type": "transcription",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "turn_detection": None,
        }
    },
}


async def test_openais_sdk(serve: Serve) -> None:
    """Its own types hold every event, from the session to the completed transcript."""
    sound = await speech(FIRST, RATE)
    events: list[Any] = []
    async with (
        serve(acme={"apiKeys": [KEY], "transcriber": {"aheadS": 60}}) as simulator,
        client(simulator).realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(session=SESSION)
        await connection.input_audio_buffer.commit()
        for at in range(0, len(sound), 9600):
            await connection.input_audio_buffer.append(audio=base64.b64encode(sound[at : at + 9600]).decode())
        await connection.input_audio_buffer.commit()
        async for event in connection:
            events.append(event)
            if event.type == "conversation.item.input_audio_transcription.completed":
                break
    created, updated, error, committed, *deltas, completed = events
    assert isinstance(created, SessionCreatedEvent)
    assert isinstance(updated, SessionUpdatedEvent)
    assert isinstance(error, RealtimeErrorEvent)
    assert error.error.code == "input_audio_buffer_commit_empty"
    assert isinstance(committed, InputAudioBufferCommittedEvent)
    assert isinstance(completed, ConversationItemInputAudioTranscriptionCompletedEvent)
    assert completed.transcript == FIRST == "".join(delta.delta for delta in deltas)
    assert completed.item_id == committed.item_id


async def test_a_model_in_the_url_makes_no_transcription_session(serve: Serve) -> None:
    """OpenAI refuses the update then."""
    async with (
        serve() as simulator,
        client(simulator).realtime.connect(model="gpt-realtime", extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(session=SESSION)
        await connection.recv()
        refused = await connection.recv()
    assert isinstance(refused, RealtimeErrorEvent)
    assert refused.error.code == "invalid_model"
