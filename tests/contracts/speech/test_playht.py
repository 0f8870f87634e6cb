"""PlayHT's voices: our codec against the simulator. No foreign client is run: the service is gone."""

from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import asked
from tests.contracts.speech.voice_driver import said_over_http
from understudy.apps.simulator.server import Simulator
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voices.playht import PlayHtVoice

EXACT = {"synth": "Watermark", "firstMs": 0, "speed": 50}
WANTED = SpeechFormat("pcm_mulaw", 8000)
TEXT = "Good evening to you."


def codec(simulator: Simulator, **fields: Any) -> PlayHtVoice:
    account = Account(name="a", provider="playht", base_url=simulator.url("acme"), default_host=False)
    return PlayHtVoice(Voice(**{"account": "a", "provider": "playht", "voice_id": "s3://jennifer", **fields}), account)


async def test_a_text_is_spoken(serve: Serve) -> None:
    """Linear audio of the wanted rate, with user and key of a key that is written `USER:KEY`."""
    async with serve(acme={"apiKeys": ["secret"], "voice": EXACT}) as simulator:
        sound = await said_over_http(codec(simulator), TEXT, WANTED, "user:secret")
    heard = [chord.number for chord in watermark.heard(sound, 8000)]
    assert heard == [watermark.number_of(word) for word in TEXT.split()]


async def test_voice_model_and_settings_are_seen_on_the_wire(serve: Serve) -> None:
    async with serve(acme={"voice": EXACT}) as simulator:
        spoken = codec(simulator, model="PlayDialog", language="english", settings={"speed": 1.1})
        await said_over_http(spoken, TEXT, WANTED, "user:secret")
        assert asked(simulator) == {
            "text": TEXT,
            "voice": "s3://jennifer",
            "voice_engine": "PlayDialog",
            "output_format": "raw",
            "sample_rate": 8000,
            "language": "english",
            "speed": 1.1,
        }


@pytest.mark.parametrize("key", ["secret", "user:another"])
async def test_a_wrong_key_is_refused(serve: Serve, key: str) -> None:
    async with serve(acme={"apiKeys": ["secret"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await said_over_http(codec(simulator), TEXT, WANTED, key)
    assert caught.value.status == 403
