"""Gladia: Pipecat's service, unmodified, against the simulator; each setting on its wire; what is refused."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import pytest
from pipecat.services.gladia.config import LanguageConfig, MessagesConfig, PreProcessingConfig
from pipecat.services.gladia.stt import GladiaSTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.pipecat_calls import RATE, heard_by
from understudy.apps.simulator.server import Simulator
from understudy.domain.speech.codec import AudioFormat

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"


def pipecat(simulator: Simulator, **settings: Any) -> GladiaSTTService:
    return GladiaSTTService(
        api_key=KEY,
        region="eu-west",
        url=f"{simulator.url('acme')}/v2/live",
        settings=GladiaSTTService.Settings(**settings),
    )


async def test_pipecat_hears_each_utterance_once(serve: Serve) -> None:
    """The session is opened with its configuration; audio goes in Base64; silence ends an utterance."""
    settings = {
        "endpointing": 0.1,
        "language_config": LanguageConfig(languages=["en"], code_switching=False),
        "pre_processing": PreProcessingConfig(audio_enhancer=True, speech_threshold=0.6),
        "messages_config": MessagesConfig(receive_partial_transcripts=True),
    }
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        heard = await heard_by(pipecat(simulator, **settings), await speech(FIRST, RATE), await speech(SECOND, RATE))
        assert asked(simulator)["pre_processing"] == {"audio_enhancer": True, "speech_threshold": 0.6}
    assert [frame.text for frame in heard.finals] == [FIRST, SECOND]
    assert heard.interims
    assert heard.errors == []


async def test_pipecat_goes_on_at_the_same_url_after_a_drop(serve: Serve) -> None:
    """What was not acknowledged is sent again, and the utterance is heard whole: the session outlives the socket."""
    async with serve(acme={"faults": [{"kind": "drop", "atMs": 900}]}) as simulator:
        heard = await heard_by(pipecat(simulator), await speech(FIRST, RATE))
        stats = simulator.deployments.create("acme").stats
        assert (stats.requests, stats.aborted) == (1, 1)
    assert [frame.text for frame in heard.finals] == [FIRST]


FORMAT = {"encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16_000, "channels": 1, "model": "solaria-1"}


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, {}),
        ({"model": "fast"}, {"model": "solaria-1"}),
        ({"model": "accurate"}, {"model": "solaria-1"}),
        ({"language": "fr"}, {"language_config": {"languages": ["fr"], "code_switching": False}}),
        ({"language": "en-US"}, {"language_config": {"languages": ["en"], "code_switching": False}}),
        ({"language": "multi"}, {"language_config": {"languages": [], "code_switching": True}}),
        ({"settings": {"endpointing": 0.4}}, {"endpointing": 0.4}),
        ({"settings": {"speechThreshold": 0.7}}, {"pre_processing": {"speech_threshold": 0.7}}),
        ({"settings": {"audioEnhancer": True}}, {"pre_processing": {"audio_enhancer": True}}),
        ({"settings": {"region": "us-west"}}, {"region": "us-west"}),
        (
            {
                "settings": {
                    "customVocabularyEnabled": True,
                    "customVocabularyConfig": {"vocabulary": ["Westeros"], "defaultIntensity": 0.4},
                }
            },
            {
                "realtime_processing": {
                    "custom_vocabulary": True,
                    "custom_vocabulary_config": {"vocabulary": ["Westeros"], "default_intensity": 0.4},
                }
            },
        ),
        (
            {"settings": {"transcriptionHint": "Winterfell, the Wall. Night's Watch"}},
            {
                "realtime_processing": {
                    "custom_vocabulary": True,
                    "custom_vocabulary_config": {"vocabulary": ["Winterfell", "the Wall", "Night's Watch"]},
                }
            },
        ),
    ],
)
async def test_each_setting_is_seen_on_the_wire(serve: Serve, fields: dict[str, Any], seen: dict[str, Any]) -> None:
    """The simulator refuses fields and values that the provider does not know, so these are right."""
    async with serve() as simulator, listening(codec_for("gladia", simulator.url("acme"), **fields)) as line:
        assert not line.failed()
        found = asked(simulator)
    assert found["messages_config"]["receive_partial_transcripts"] is True
    without = {name: value for name, value in found.items() if name != "messages_config"}
    assert without == FORMAT | {"region": None} | seen


async def test_partial_transcripts_can_be_switched_off(serve: Serve) -> None:
    """`receivePartialTranscripts: false`: finals only."""
    settings = {"receivePartialTranscripts": False}
    async with serve() as simulator, listening(codec_for("gladia", simulator.url("acme"), settings=settings)) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate), rate=1.25)
        await line.finalize()
    assert [(result.text, result.final) for result in line.results] == [(FIRST, True)]


async def test_a_finalize_outlasts_a_long_endpointing(serve: Serve) -> None:
    """`endpointing` in effect: half a second of silence ends nothing, the silence of a `finalize` does."""
    codec = {"settings": {"endpointing": 1.5}}
    async with serve() as simulator, listening(codec_for("gladia", simulator.url("acme"), **codec)) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.quiet(0.5)
        assert line.finals == []
        await line.finalize()
        spoken_s = 0.5 + len(await speech(SECOND, RATE)) / 2 / RATE
        await line.say(await speech(SECOND, line.audio.sample_rate))
        await line.finalize()
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    first_s = len(await speech(FIRST, RATE)) / 2 / RATE
    assert line.finals[1].end == pytest.approx(first_s + spoken_s, abs=0.25)


@pytest.mark.parametrize(
    ("agent", "seen"),
    [
        (AudioFormat("mulaw", 8_000), ("wav/ulaw", 8, 8_000)),
        (AudioFormat("alaw", 8_000), ("wav/alaw", 8, 8_000)),
        (AudioFormat("linear16", 24_000), ("wav/pcm", 16, 16_000)),
    ],
)
async def test_the_session_names_the_audio(serve: Serve, agent: AudioFormat, seen: tuple[str, int, int]) -> None:
    """Telephone encodings as they are; a rate that the provider does not take becomes another."""
    async with serve() as simulator, listening(codec_for("gladia", simulator.url("acme")), agent):
        found = asked(simulator)
    assert (found["encoding"], found["bit_depth"], found["sample_rate"]) == seen


@pytest.mark.parametrize(
    "change",
    [
        {"encoding": "linear16"},
        {"bit_depth": 8},
        {"sample_rate": 24_000},
        {"model": "fast"},
        {"endpointing": 0},
        {"maximum_duration_without_endpointing": 1},
        {"pre_processing": {"speech_threshold": 2}},
        {"transcription_hint": "a"},
        {"prosody": True},
        {"realtime_processing": {"custom_vocabulary_config": {"vocabulary": []}}},
        {"messages_config": {"receive_everything": True}},
    ],
    ids=str,
)
async def test_the_simulator_refuses_a_session_that_the_provider_refuses(serve: Serve, change: dict[str, Any]) -> None:
    """With 400, which names the field."""
    async with serve() as simulator, aiohttp.ClientSession() as session:
        async with session.post(f"{simulator.url('acme')}/v2/live", json=FORMAT) as response:
            assert response.status == 201
        async with session.post(f"{simulator.url('acme')}/v2/live", json=FORMAT | change) as response:
            assert response.status == 400
            assert next(iter(change)) in (await response.json())["message"]


async def test_audio_in_base64_is_acknowledged_by_bytes_and_seconds(serve: Serve) -> None:
    """Over the whole session; an empty chunk keeps it alive; a message that is none ends the connection."""
    async with serve() as simulator, aiohttp.ClientSession() as session, asyncio.timeout(5):
        async with session.post(f"{simulator.url('acme')}/v2/live", json=FORMAT) as response:
            url = (await response.json())["url"]
        async with session.ws_connect(url) as socket:
            for chunk in (bytes(3200), b"", bytes(1600)):
                data = {"chunk": base64.b64encode(chunk).decode()}
                await socket.send_json({"type": "audio_chunk", "data": data})
            await socket.send_str("no json")
            said = [json.loads(message.data) async for message in socket]
    assert [each["data"]["byte_range"] for each in said[:3]] == [[0, 3200], [3200, 3200], [3200, 4800]]
    assert said[2]["data"]["time_range"] == [0.1, 0.15]
    assert said[-1]["type"] == "error"


async def test_a_session_that_is_over_is_not_opened_again(serve: Serve) -> None:
    """The same URL is closed with 4403 once the recording was stopped."""
    async with serve() as simulator, aiohttp.ClientSession() as session, asyncio.timeout(5):
        async with session.post(f"{simulator.url('acme')}/v2/live", json=FORMAT) as response:
            url = (await response.json())["url"]
        async with session.ws_connect(url) as socket:
            await socket.send_json({"type": "stop_recording"})
            (stopped,) = [json.loads(message.data) async for message in socket]
        assert (stopped["type"], stopped["acknowledged"], socket.close_code) == ("stop_recording", True, 1000)
        async with session.ws_connect(url) as socket:
            await socket.receive()
        assert socket.close_code == 4403
