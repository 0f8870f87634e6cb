"""Speechmatics: each setting on its wire, and what the simulator refuses; its SDK is in `test_speechmatics_sdk.py`."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import asked, codec_for, listening, speech
from understudy.domain.speech.codec import AudioFormat

SENTENCE = "do you have vegetarian food"
START = {
    "message": "StartRecognition",
    "audio_format": {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
    "transcription_config": {"language": "en"},
}


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, {"language": "en", "operating_point": "enhanced"}),
        ({"model": "default", "language": "de"}, {"language": "de", "operating_point": "enhanced"}),
        ({"language": "en-GB"}, {"language": "en", "output_locale": "en-GB", "operating_point": "enhanced"}),
        ({"settings": {"operatingPoint": "standard"}}, {"language": "en", "operating_point": "standard"}),
        ({"settings": {"maxDelayMs": 700}}, {"language": "en", "operating_point": "enhanced", "max_delay": 0.7}),
        (
            {"settings": {"enableDiarization": True}},
            {"language": "en", "operating_point": "enhanced", "diarization": "speaker"},
        ),
        ({"settings": {"enableDiarization": False}}, {"language": "en", "operating_point": "enhanced"}),
    ],
)
async def test_each_setting_is_seen_on_the_wire(serve: Serve, fields: dict[str, Any], seen: dict[str, Any]) -> None:
    """The simulator refuses fields and values that the provider does not know, so these are right."""
    async with serve() as simulator, listening(codec_for("speechmatics", simulator.url("acme"), **fields)) as line:
        assert not line.failed()
        found = asked(simulator)
    assert found["transcription_config"] == {"enable_partials": True} | seen
    assert found["audio_format"] == START["audio_format"]


async def test_mu_law_of_a_telephone_line_goes_as_it_is(serve: Serve) -> None:
    """Without a change of encoding or rate."""
    agent = AudioFormat("mulaw", 8_000)
    async with serve() as simulator, listening(codec_for("speechmatics", simulator.url("acme")), agent):
        assert asked(simulator)["audio_format"] == {"type": "raw", "encoding": "mulaw", "sample_rate": 8_000}


async def test_a_short_delay_makes_finals_early(serve: Serve) -> None:
    """`maxDelayMs` in effect: after 0.9 s of silence what was said is final, or is not."""
    finals = {}
    for delay_ms in (700, 4_000):
        codec = {"settings": {"maxDelayMs": delay_ms}}
        async with serve() as simulator, listening(codec_for("speechmatics", simulator.url("acme"), **codec)) as line:
            await line.say(await speech(SENTENCE, line.audio.sample_rate), rate=1.25)
            await line.quiet(0.9)
            finals[delay_ms] = [final.text for final in line.finals]
    assert finals == {700: [SENTENCE], 4_000: []}


async def test_keeping_a_session_alive_moves_no_time(serve: Serve) -> None:
    """Its silence is not the caller's: the final covers the caller's seconds."""
    async with serve() as simulator, listening(codec_for("speechmatics", simulator.url("acme"))) as line:
        for _ in range(25):
            await line.send(line.codec.keep_alive())
        sound = await speech(SENTENCE, line.audio.sample_rate)
        await line.say(sound)
        await line.finalize()
    assert line.text == SENTENCE
    assert line.finals[0].end == pytest.approx(len(sound) / 2 / line.audio.sample_rate, abs=0.05)


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([bytes(3200)], "protocol_error"),
        ([{"message": "EndOfStream", "last_seq_no": 0}], "protocol_error"),
        ([START, START], "protocol_error"),
        ([START, {"message": "Flush"}], "invalid_message"),
        ([START, bytes(3200), {"message": "EndOfStream", "last_seq_no": 2}], "protocol_error"),
        (["no json"], "invalid_message"),
        ([START | {"transcription_config": {}}], "invalid_config"),
        ([START | {"transcription_config": {"language": "en-US"}}], "invalid_language"),
        ([START | {"transcription_config": {"language": "en", "maxDelay": 1}}], "invalid_config"),
        (
            [START | {"transcription_config": {"language": "en", "model": "enhanced", "operating_point": "enhanced"}}],
            "invalid_config",
        ),
        ([START | {"audio_format": {"type": "raw", "encoding": "pcm_s16le"}}], "invalid_audio_type"),
    ],
)
async def test_the_simulator_refuses_what_the_provider_refuses(serve: Serve, frames: list[Any], kind: str) -> None:
    """An `Error` message with its type, and the close with it."""
    async with (
        serve() as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url('acme', 'ws')}/v2") as socket,
        asyncio.timeout(5),
    ):
        for frame in frames:
            if isinstance(frame, bytes):
                await socket.send_bytes(frame)
            else:
                await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        said = [json.loads(message.data) async for message in socket]
    assert (said[-1]["message"], said[-1]["type"]) == ("Error", kind)
    assert socket.close_code == 1003
