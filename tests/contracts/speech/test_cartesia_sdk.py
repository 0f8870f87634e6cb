"""Cartesia's own SDK, unmodified, against the simulated transcription, with real speech."""

from typing import Any

import pytest
from cartesia import AsyncCartesia
from cartesia.types.stt import STTManualFinalizeFlushDoneResponse, STTManualFinalizeTranscriptResponse
from websockets.exceptions import InvalidStatus

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked, speech
from understudy.apps.simulator.server import Simulator

RATE = 16_000
SENTENCE = "do you have vegetarian food"


def opened(simulator: Simulator, **more: Any) -> Any:
    client = AsyncCartesia(api_key=KEY, base_url=simulator.url("acme"))
    options = {"model": "ink-whisper", "encoding": "pcm_s16le", "sample_rate": RATE}
    return client.stt.manual_finalize.websocket(**{**options, **more})


@pytest.mark.parametrize(
    ("options", "timed"),
    [({}, True), ({"model": "ink-2", "keyterm": ["vegetarian"]}, False)],
)
async def test_finalize_and_close(serve: Serve, options: dict[str, Any], *, timed: bool) -> None:
    """Its own types hold every message; joined as they are, the final chunks are what was said."""
    sound = await speech(SENTENCE, RATE)
    events: list[Any] = []
    async with (
        serve(acme={"apiKeys": [KEY], "transcriber": {"aheadS": 60}}) as simulator,
        opened(simulator, **options) as connection,
    ):
        for at in range(0, len(sound), 3200):
            await connection.send_raw(sound[at : at + 3200])
        await connection.send("finalize")
        await connection.send("close")
        while not events or events[-1].type != "done":
            events.append(await connection.recv())
        wanted = asked(simulator)
    chunks = [event for event in events if isinstance(event, STTManualFinalizeTranscriptResponse)]
    finals = [chunk for chunk in chunks if chunk.is_final]
    assert "".join(final.text for final in finals) == SENTENCE
    assert len(chunks) > len(finals)
    assert [word.word for word in finals[0].words or ()] == SENTENCE.split() * timed
    assert isinstance(events[-2], STTManualFinalizeFlushDoneResponse)
    assert wanted["model"] == options.get("model", "ink-whisper")


@pytest.mark.parametrize(
    ("account", "options", "status"),
    [
        ({"apiKeys": ["another"]}, {}, 401),
        ({}, {"model": "ink-2", "min_volume": 0.1}, 400),
        ({}, {"encoding": "pcm_f64le"}, 400),
    ],
)
async def test_what_is_refused(serve: Serve, account: dict[str, Any], options: dict[str, Any], status: int) -> None:
    """A wrong key, a parameter of another model, an encoding that is none."""
    async with serve(acme=account) as simulator:
        with pytest.raises(InvalidStatus) as caught:
            async with opened(simulator, **options):
                pass
    assert caught.value.response.status_code == status
