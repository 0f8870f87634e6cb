"""AssemblyAI: Pipecat's service, unmodified, against the simulator; each setting on its wire."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from pipecat.services.assemblyai.stt import AssemblyAISTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.pipecat_calls import RATE, heard_by
from understudy.apps.simulator.server import Simulator

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"


def pipecat(simulator: Simulator, **settings: Any) -> AssemblyAISTTService:
    return AssemblyAISTTService(
        api_key=KEY,
        api_endpoint_base_url=f"{simulator.url('acme', 'ws')}/v3/ws",
        settings=AssemblyAISTTService.Settings(model="universal-streaming-english", **settings),
    )


async def test_pipecat_hears_each_turn_once_and_finalized(serve: Serve) -> None:
    """Its ForceEndpoint is answered, and of the two ends of a turn it takes the formatted one."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        heard = await heard_by(pipecat(simulator), await speech(FIRST, RATE), await speech(SECOND, RATE), quiet_s=0.2)
        assert asked(simulator)["encoding"] == "pcm_s16le"
    assert [frame.text for frame in heard.finals] == ["Do you have vegetarian food.", "What are your opening hours."]
    assert all(frame.finalized for frame in heard.finals)
    assert any(FIRST.startswith(text) for text in heard.interims)
    assert heard.errors == []


async def test_pipecat_without_formatting_hears_the_one_end_of_a_turn(serve: Serve) -> None:
    """As our codec asks for it."""
    async with serve() as simulator:
        heard = await heard_by(pipecat(simulator, format_turns=False), await speech(FIRST, RATE))
    assert [frame.text for frame in heard.finals] == [FIRST]


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, {"speech_model": "universal-streaming-english", "format_turns": "false", "encoding": "pcm_s16le"}),
        ({"language": "multi"}, {"speech_model": "universal-streaming-multilingual", "language": "multi"}),
        ({"language": "en"}, {"speech_model": "universal-streaming-english", "language": "en"}),
        (
            {"settings": {"speechModel": "universal-streaming-multilingual"}, "language": "en"},
            {"speech_model": "universal-streaming-multilingual", "language": "en"},
        ),
        (
            {"settings": {"speechModel": "universal-3-6-pro"}, "language": "en"},
            {"speech_model": "universal-3-6-pro", "language_code": "en"},
        ),
        ({"settings": {"wordBoost": ["Westeros"]}}, {"keyterms_prompt": '["Westeros"]'}),
        (
            {"settings": {"keytermsPrompt": ["a", "b"], "wordBoost": ["b", "c"]}},
            {"keyterms_prompt": '["a","b","c"]'},
        ),
        ({"settings": {"endUtteranceSilenceThreshold": 900}}, {"max_turn_silence": "900"}),
        (
            {"settings": {"endUtteranceSilenceThreshold": 200}},
            {"max_turn_silence": "200", "min_turn_silence": "200"},
        ),
        ({"settings": {"vadAssistedEndpointingEnabled": True}}, {"end_of_turn_confidence_threshold": "1"}),
    ],
)
async def test_each_setting_is_seen_on_the_wire(serve: Serve, fields: dict[str, Any], seen: dict[str, str]) -> None:
    """The simulator refuses parameters that the provider does not know, so these are today's names."""
    async with serve() as simulator, listening(codec_for("assembly-ai", simulator.url("acme"), **fields)) as line:
        await line.until(lambda: bool(line.events))
        assert not line.failed()
        found = asked(simulator)
    assert found | seen == found
    formats = {"format_turns"} if found["speech_model"].startswith("universal-streaming") else set()
    assert found.keys() == {"sample_rate", "encoding", "speech_model"} | formats | seen.keys()


async def test_a_longer_silence_threshold_ends_the_utterance_later(serve: Serve) -> None:
    """`endUtteranceSilenceThreshold` in effect: half a second of silence ends a turn, or does not."""
    lengths = {}
    for threshold_ms in (400, 1500):
        settings = {"endUtteranceSilenceThreshold": threshold_ms}
        async with (
            serve() as simulator,
            listening(codec_for("assembly-ai", simulator.url("acme"), settings=settings)) as line,
        ):
            await line.say(await speech(FIRST, RATE), rate=1.25)
            await line.quiet(0.7)
            lengths[threshold_ms] = len(line.finals)
    assert lengths == {400: 1, 1500: 0}


@pytest.mark.parametrize(
    ("query", "sent", "code"),
    [
        ("sample_rate=16000", bytes(1598), 3007),
        ("sample_rate=16000", bytes(32_002), 3007),
        ("sample_rate=16000", '{"type":"Flush"}', 3006),
        ("sample_rate=16000", "not json", 3006),
        ("sample_rate=16000", "[]", 3006),
        ("sample_rate=16000&word_boost=a", None, 3006),
        ("sample_rate=16000&keyterms_prompt=a", None, 3006),
        ("sample_rate=16000&encoding=opus", None, 3006),
        ("encoding=pcm_mulaw", None, 3006),
    ],
)
async def test_the_simulator_refuses_what_the_provider_refuses(
    serve: Serve, query: str, sent: bytes | str | None, code: int
) -> None:
    """An `Error` message with the code, and the close with it."""
    async with (
        serve() as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url('acme', 'ws')}/v3/ws?{query}") as socket,
        asyncio.timeout(5),
    ):
        if isinstance(sent, str):
            await socket.send_str(sent)
        elif sent is not None:
            await socket.send_bytes(sent)
        said = [json.loads(message.data) async for message in socket]
    assert (said[-1]["type"], said[-1]["error_code"], socket.close_code) == ("Error", code, code)
