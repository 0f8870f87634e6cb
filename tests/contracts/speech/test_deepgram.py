"""Deepgram's nova: our codec against the simulator; Deepgram's SDK speaks to it in `contracts/simulator`."""

from typing import Any

import aiohttp
import pytest
from pipecat.services.deepgram.stt import DeepgramSTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.pipecat_calls import heard_by
from understudy.domain.speech.codec import AudioFormat

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients' own use of websockets

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("mulaw", 8_000))


@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_each_finalize_is_answered_with_all_that_was_said(serve: Serve, agent: AudioFormat) -> None:
    """With times of every word, in order."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("deepgram", simulator.url("acme", "ws")), agent) as line,
    ):
        for text in (FIRST, SECOND):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.finalize()
        await line.send(line.codec.finish())
        await line.until(lambda: line.socket.closed)
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    starts = [word.start for final in line.finals for word in final.words]
    assert starts == sorted(starts)
    assert len(starts) == len(f"{FIRST} {SECOND}".split())
    assert [final.ends_turn for final in line.finals] == [True, True]


@pytest.mark.parametrize(
    ("model", "settings", "seen"),
    [
        ("nova-3", {"keyterm": ["Zum Anker", "Tisch"]}, {"keyterm": ["Zum Anker", "Tisch"]}),
        ("nova-3-medical", {"smartFormat": True}, {"smart_format": "true"}),
        ("nova-2", {"keywords": ["Anker", "Tisch:2"]}, {"keywords": ["Anker", "Tisch:2"]}),
    ],
)
async def test_settings_reach_deepgram(
    serve: Serve, model: str, settings: dict[str, Any], seen: dict[str, Any]
) -> None:
    fields = {"model": model, "language": "de", "settings": settings}
    async with serve() as simulator, listening(codec_for("deepgram", simulator.url("acme"), **fields)):
        wanted = asked(simulator)
    assert {name: wanted[name] for name in seen} == seen
    assert (wanted["model"], wanted["language"]) == (model, "de")


@pytest.mark.parametrize(
    ("account", "model", "settings", "status"),
    [
        ({"apiKeys": ["another"]}, "nova-3", {}, 401),
        ({}, "nova-3", {"keywords": ["Anker"]}, 400),
        ({}, "nova-2", {"keyterm": ["Anker"]}, 400),
    ],
)
async def test_what_deepgram_refuses(
    serve: Serve, account: dict[str, Any], model: str, settings: dict[str, Any], status: int
) -> None:
    """A wrong key, and the one kind of words to listen for that the model does not have."""
    async with serve(acme=account) as simulator:
        codec = codec_for("deepgram", simulator.url("acme"), model=model, settings=settings)
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec):
                pass
    assert caught.value.status == status


async def test_pipecats_service(serve: Serve) -> None:
    """Each utterance whole, finalized by its `Finalize`, and no error."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        service = DeepgramSTTService(api_key=KEY, base_url=simulator.url("acme", "ws"))
        heard = await heard_by(service, await speech(FIRST, 16_000), await speech(SECOND, 16_000), quiet_s=0.2)
    assert [(frame.text, frame.finalized) for frame in heard.finals] == [(FIRST, True), (SECOND, True)]
    assert heard.errors == []
