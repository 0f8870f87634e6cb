"""Google's codec on real sockets against the simulated Gemini: activities, languages, and what goes wrong."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, PIECE_S, asked, codec_for, listening, speech
from understudy.apps.simulator import server
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.transcriber.google import BIDI, LASTS_S
from understudy.base.clock import ManualClock
from understudy.domain.speech.codec import AudioFormat, Leaving

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("mulaw", 8_000))
PAUSE_S = 0.8
"""Longer than what ends an utterance by itself, were Gemini to decide."""

SETUP: dict[str, Any] = {
    "model": "models/gemini-3.5-transcribe-live",
    "generationConfig": {"responseModalities": ["TEXT"]},
    "inputAudioTranscription": {},
    "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
}


@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_what_was_said_is_final_once_for_each_finalize(serve: Serve, agent: AudioFormat) -> None:
    """A pause ends nothing; a `finalize` gives all that was said since the last."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("google", simulator.url("acme")), agent) as line,
    ):
        assert line.audio == AudioFormat("linear16", 16_000)
        for text in (FIRST, SECOND):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.quiet(PAUSE_S)
            await line.finalize()
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    assert line.answers() == 2
    interims = [result.text for result in line.results if not result.final]
    assert FIRST in interims
    assert SECOND in interims


@pytest.mark.parametrize("seed", range(4))
async def test_silence_is_answered_too_whatever_the_order_of_answers(seed: int) -> None:
    """Gemini echoes the end of an activity before or after its transcript, and says nothing else of a silent one."""
    script = {"seed": seed, "recogniserProcesses": 0, "deployments": {"acme": {}}}
    async with (
        server.running(parse(script)) as simulator,
        listening(codec_for("google", simulator.url("acme"))) as line,
    ):
        for text in (FIRST, "", SECOND, "", ""):
            await line.say(await speech(text, line.audio.sample_rate) if text else bytes(6400), rate=1.25)
            await line.finalize()
    assert [final.text for final in line.finals] == [FIRST, SECOND]
    assert line.answers() == 5


async def test_nothing_is_lost_of_what_is_said_while_an_answer_is_awaited(serve: Serve) -> None:
    """Gemini takes its time; the caller speaks on, and finalises again."""
    async with (
        serve(acme={"transcriber": {"latencyMs": 500}}) as simulator,
        listening(codec_for("google", simulator.url("acme"))) as line,
    ):
        for text in (FIRST, SECOND, FIRST):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.send(line.codec.finalize())
        await line.until(lambda: line.answers() == 3)
    assert [final.text for final in line.finals] == [FIRST, SECOND, FIRST]


async def test_finishing_gives_what_was_not_final_yet(serve: Serve) -> None:
    """Without answering a `finalize` that nobody asked for."""
    async with serve() as simulator, listening(codec_for("google", simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.send(line.codec.finish())
        await line.until(lambda: bool(line.finals))
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, False)]


@pytest.mark.parametrize(
    ("fields", "model", "languages"),
    [
        ({}, "gemini-3.5-transcribe-live", None),
        ({"model": "gemini-2.5-flash", "language": "Multilingual"}, "gemini-3.5-transcribe-live", None),
        ({"model": "gemini-4-transcribe-live", "language": "English"}, "gemini-4-transcribe-live", ["en-US"]),
        ({"language": "de"}, "gemini-3.5-transcribe-live", ["de-DE"]),
        ({"language": "pt-PT"}, "gemini-3.5-transcribe-live", ["pt-PT"]),
    ],
)
async def test_model_and_language_are_seen_on_the_wire(
    serve: Serve, fields: dict[str, Any], model: str, languages: list[str] | None
) -> None:
    """Models that no live connection transcribes with give way to the one that does."""
    async with serve() as simulator, listening(codec_for("google", simulator.url("acme"), **fields)) as line:
        await line.quiet(0.1)
        said = asked(simulator)["setup"]
    assert said["model"] == f"models/{model}"
    assert said["inputAudioTranscription"].get("languageCodes") == languages


async def test_replay_may_come_as_fast_as_the_codec_says_and_not_faster(serve: Serve) -> None:
    """For longer than any network would explain."""
    async with serve(acme={"transcriber": {"recogniser": "Script"}}) as simulator:
        async with listening(codec_for("google", simulator.url("acme"))) as line:
            await line.say(bytes(4 * line.audio.bytes_per_second), rate=line.codec.traits.replay_rate)
            assert not line.failed()
        async with listening(codec_for("google", simulator.url("acme"))) as line:
            with contextlib.suppress(ConnectionError):
                for _ in range(40):
                    await line.send(line.codec.send(bytes(int(PIECE_S * line.audio.bytes_per_second))))
            await line.until(line.failed)


async def test_the_end_of_a_connection_is_announced() -> None:
    """`goAway` a minute before, so that another can be ready; then the socket closes."""
    clock = ManualClock()
    script = {"recogniserProcesses": 0, "deployments": {"acme": {"transcriber": {"recogniser": "Script"}}}}
    async with (
        server.running(parse(script), clock=clock) as simulator,
        listening(codec_for("google", simulator.url("acme"))) as line,
    ):
        clock.advance(LASTS_S - 50)
        await line.quiet(0.1)
        await line.until(lambda: any(isinstance(event, Leaving) for event in line.events))
        clock.advance(50)
        with contextlib.suppress(ConnectionError):
            await line.quiet(0.1)
        await line.until(line.failed)
    assert [event for event in line.events if isinstance(event, Leaving)] == [Leaving(50.0)]
    assert line.codec.traits.lasts_s == LASTS_S


async def test_a_wrong_key_is_refused_before_the_socket_is_open(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for("google", simulator.url("acme"))):
                pass
    assert caught.value.status == 403


@contextlib.asynccontextmanager
async def connected(simulator: server.Simulator) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = simulator.url("acme", "ws") + BIDI
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        yield socket


def given(payload: Any) -> dict[str, Any]:
    return {"realtimeInput": payload}


def audio(data: bytes = bytes(3200), mime: str = "audio/pcm;rate=16000") -> dict[str, Any]:
    return given({"audio": {"data": base64.b64encode(data).decode(), "mimeType": mime}})


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([audio()], 1007),
        ([{"setup": SETUP | {"model": "models/gemini-2.5-flash"}}], 1008),
        ([{"setup": SETUP | {"systemInstruction": "hear"}}], 1007),
        ([{"setup": SETUP | {"generationConfig": {"responseModalities": ["AUDIO"]}}}], 1007),
        ([{"setup": {name: value for name, value in SETUP.items() if name != "inputAudioTranscription"}}], 1007),
        ([{"setup": SETUP | {"inputAudioTranscription": {"languageCodes": ["English"]}}}], 1007),
        ([{"setup": SETUP}, given({"activityEnd": {}})], 1007),
        ([{"setup": SETUP}, given({"activityStart": {}}), given({"activityStart": {}})], 1007),
        ([{"setup": SETUP}, given({"audioStreamEnd": True})], 1007),
        ([{"setup": SETUP | {"realtimeInputConfig": {}}}, given({"activityStart": {}})], 1007),
        ([{"setup": SETUP}, given({"activityStart": {}}), audio(mime="audio/pcm;rate=8000")], 1007),
        ([{"setup": SETUP}, given({"activityStart": {}}), audio(mime="audio/mulaw")], 1007),
        ([{"setup": SETUP, "realtimeInput": {}}], 1007),
    ],
    ids=[
        "audio first",
        "a model that does not transcribe live",
        "instructions",
        "spoken answers",
        "no transcription",
        "a language by name",
        "an end without a beginning",
        "two beginnings",
        "an end of the stream in the manual mode",
        "an activity in the automatic mode",
        "another rate",
        "another encoding",
        "two things in a message",
    ],
)
async def test_what_breaks_the_protocol_closes_the_socket(
    serve: Serve, messages: list[dict[str, Any]], code: int
) -> None:
    async with serve() as simulator, connected(simulator) as socket:
        for message in messages:
            await socket.send_str(json.dumps(message))
        async for _ in socket:
            pass
    assert socket.close_code == code
