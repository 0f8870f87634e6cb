"""ElevenLabs' Scribe: our codec and Pipecat's service against the simulator."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pipecat.services.elevenlabs.stt import CommitStrategy, ElevenLabsRealtimeSTTService

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.front import certificate, front
from tests.contracts.speech.pipecat_calls import heard_by
from understudy.domain.speech.codec import AudioFormat, Failure

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Pipecat's dependencies' own

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("linear16", 8_000), AudioFormat("mulaw", 8_000))


@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_each_finalize_is_answered_with_all_that_was_said(serve: Serve, agent: AudioFormat) -> None:
    """Guesses lead up to it; it comes once."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("11labs", simulator.url("acme", "ws")), agent) as line,
    ):
        for text in (FIRST, SECOND):
            await line.say(await speech(text, line.audio.sample_rate))
            await line.quiet(0.6)
            await line.finalize()
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, True), (SECOND, True)]
    assert FIRST in [result.text for result in line.results if not result.final]


@pytest.mark.parametrize("seconds", [0.1, 0.4])
async def test_a_finalize_without_speech_is_flushed(serve: Serve, seconds: float) -> None:
    """Whether it is too short for a commit or not; a sign of life is no audio."""
    async with serve() as simulator, listening(codec_for("11labs", simulator.url("acme"))) as line:
        await line.quiet(seconds)
        await line.send(line.codec.keep_alive())
        await line.finalize()
        assert not line.failed()
    assert (line.answers(), line.text) == (1, "")


async def test_model_and_language_reach_scribe(serve: Serve) -> None:
    """A model for recordings becomes the one for streams."""
    async with (
        serve() as simulator,
        listening(codec_for("11labs", simulator.url("acme"), model="scribe_v1", language="de")),
    ):
        assert asked(simulator) == {
            "model_id": "scribe_v2_realtime",
            "language_code": "de",
            "audio_format": "pcm_16000",
            "commit_strategy": "manual",
        }


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for("11labs", simulator.url("acme"))):
                pass
    assert caught.value.status == 401


async def test_a_model_that_is_none_for_streams_fails_for_good(serve: Serve) -> None:
    async with serve() as simulator, listening(codec_for("11labs", simulator.url("acme"), model="scribe_v9")) as line:
        await line.until(line.failed)
    assert line.events == [Failure("the provider reported invalid_request")]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"\0\0", "input_error"),
        ('{"message_type":"hello"}', "input_error"),
        ('{"message_type":"input_audio_chunk","audio_base_64":"?"}', "input_error"),
        ('{"message_type":"input_audio_chunk","audio_base_64":"","sample_rate":8000}', "input_error"),
    ],
)
async def test_what_scribe_refuses(serve: Serve, message: str | bytes, error: str) -> None:
    """Raw audio, another message, no base64, another rate than it was told."""
    async with serve() as simulator, listening(codec_for("11labs", simulator.url("acme"))) as line:
        await line.send([message])
        await line.until(line.failed)
    assert line.events[-1] == Failure(f"the provider reported {error}")


@pytest.mark.parametrize("timed", [False, True])
async def test_pipecats_service(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, timed: bool) -> None:
    """Over TLS, which it insists on: each utterance whole and once, with times where it asks for them."""
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with serve(acme={"apiKeys": [KEY]}) as simulator, front(simulator.port, "acme", context) as host:
        service = ElevenLabsRealtimeSTTService(api_key=KEY, base_url=host, include_timestamps=timed)
        heard = await heard_by(service, await speech(FIRST, 16_000), await speech(SECOND, 16_000))
    assert [frame.text for frame in heard.finals] == [FIRST, SECOND]
    assert heard.interims
    assert heard.errors == []
    result: Any = heard.finals[0].result
    assert [word["text"] for word in result.get("words") or () if word["type"] == "word"] == FIRST.split() * timed


async def test_pipecats_service_with_scribes_voice_detection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Silence commits."""
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with serve() as simulator, front(simulator.port, "acme", context) as host:
        service = ElevenLabsRealtimeSTTService(
            api_key=KEY,
            base_url=host,
            commit_strategy=CommitStrategy.VAD,
            settings=ElevenLabsRealtimeSTTService.Settings(vad_silence_threshold_secs=0.3),
        )
        heard = await heard_by(service, await speech(FIRST, 16_000), quiet_s=0.6)
    assert (heard.text, heard.errors) == (FIRST, [])
