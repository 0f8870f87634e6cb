"""Cartesia's transcription: our codec and Pipecat's service against the simulator."""

import contextlib
from typing import Any

import aiohttp
import pytest
from pipecat.services.cartesia.stt import CartesiaSTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.front import front
from tests.contracts.speech.pipecat_calls import heard_by
from understudy.domain.speech.codec import AudioFormat

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("linear16", 8_000), AudioFormat("mulaw", 8_000))


@pytest.mark.parametrize("model", ["ink-whisper", "ink-2"])
@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_each_finalize_is_answered_with_all_that_was_said(serve: Serve, agent: AudioFormat, model: str) -> None:
    """Whether the model makes parts of it final before or not."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("cartesia", simulator.url("acme", "ws"), model=model), agent) as line,
    ):
        for text in (FIRST, SECOND):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.quiet(0.2)
            await line.finalize()
        await line.send(line.codec.finish())
        await line.until(lambda: line.socket.closed)
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    assert line.socket.close_code == aiohttp.WSCloseCode.OK
    timed = FIRST.split() if model == "ink-whisper" else []
    assert [word.text for word in line.finals[0].words] == timed


async def test_pauses_part_nothing(serve: Serve) -> None:
    """ink-whisper makes the first sentence final by itself; it comes with the second, whose audio is covered too."""
    async with serve() as simulator, listening(codec_for("cartesia", simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.quiet(0.6)
        await line.say(await speech(SECOND, line.audio.sample_rate))
        interims = [result.text for result in line.results]
        await line.finalize()
    assert [final.text for final in line.finals] == [f"{FIRST} {SECOND}"]
    assert FIRST in interims
    assert interims[-1].startswith(f"{FIRST} ")
    starts = [word.start for word in line.finals[0].words]
    assert starts == sorted(starts)
    assert len(starts) == len(f"{FIRST} {SECOND}".split())


async def test_the_end_brings_what_was_not_finalised(serve: Serve) -> None:
    async with serve() as simulator, listening(codec_for("cartesia", simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.send(line.codec.finish())
        await line.until(lambda: line.socket.closed)
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, False)]


async def test_a_finalize_without_speech_is_flushed(serve: Serve) -> None:
    """The sign of life is audio, and no speech either."""
    async with serve() as simulator, listening(codec_for("cartesia", simulator.url("acme"))) as line:
        await line.send(line.codec.keep_alive())
        await line.finalize()
        await line.finalize()
    assert (line.answers(), line.text) == (2, "")


async def test_the_language_reaches_cartesia(serve: Serve) -> None:
    async with serve() as simulator, listening(codec_for("cartesia", simulator.url("acme"), language="de")):
        wanted = asked(simulator)
    assert (wanted["language"], wanted["model"], wanted["encoding"]) == ("de", "ink-whisper", "pcm_s16le")


@pytest.mark.parametrize(
    ("account", "fields", "status"),
    [
        ({"apiKeys": ["another"]}, {}, 401),
        ({}, {"model": "ink-9"}, 400),
        ({}, {"model": "ink-2", "language": "de"}, 400),
    ],
)
async def test_what_cartesia_refuses(
    serve: Serve, account: dict[str, Any], fields: dict[str, str], status: int
) -> None:
    async with serve(acme=account) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for("cartesia", simulator.url("acme"), **fields)):
                pass
    assert caught.value.status == status


async def test_a_version_must_be_named(serve: Serve) -> None:
    """In the header or in the URL; the key in its header, or as a bearer."""
    query = "model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"
    async with serve(acme={"apiKeys": ["k"]}) as simulator, aiohttp.ClientSession() as session:
        url = f"{simulator.url('acme')}/stt/websocket?{query}"
        for extra, headers, status in (
            ("", {"X-API-Key": "k"}, 400),
            ("&cartesia_version=2026-03-01", {"Authorization": "Bearer k"}, None),
            ("&cartesia_version=2026-03-01", {"Authorization": "Token k"}, 401),
        ):
            refused = pytest.raises(aiohttp.WSServerHandshakeError, match=str(status))
            with refused if status else contextlib.nullcontext():
                async with session.ws_connect(url + extra, headers=headers):
                    pass


async def test_pipecats_service(serve: Serve) -> None:
    """Each utterance whole, with guesses before it, and no error."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator, front(simulator.port, "acme") as host:
        service = CartesiaSTTService(api_key=KEY, base_url=f"ws://{host}")
        heard = await heard_by(service, await speech(FIRST, 16_000), await speech(SECOND, 16_000), quiet_s=0.2)
        wanted = asked(simulator)
    assert heard.text.split() == f"{FIRST} {SECOND}".split()
    assert heard.interims
    assert heard.errors == []
    assert wanted["model"] == "ink-whisper"
