"""ElevenLabs' own SDK, unmodified, against the simulated Scribe, with real speech."""

import base64
from typing import Any

import pytest
from elevenlabs import AsyncElevenLabs, AudioFormat, CommitStrategy, RealtimeEvents
from websockets.exceptions import InvalidStatus

from tests.contracts.simulator.conftest import Serve, until
from tests.contracts.speech.driver import KEY, asked, speech
from understudy.apps.simulator.server import Simulator

RATE = 16_000
SENTENCE = "do you have vegetarian food"
SWIFT = {"aheadS": 60}


class Heard:
    """What the SDK told its listener."""

    def __init__(self, connection: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        for event in RealtimeEvents:
            connection.on(event, self._noting(event.value))

    def _noting(self, event: str) -> Any:
        return lambda *told: self.events.append((event, *told))

    def kinds(self) -> list[str]:
        return list(dict.fromkeys(event for event, *_ in self.events))

    def texts(self, event: str) -> list[str]:
        return [told[0]["text"] for kind, *told in self.events if kind == event]


async def connect(simulator: Simulator, **more: Any) -> Any:
    client = AsyncElevenLabs(api_key=KEY, base_url=simulator.url("acme"))
    options = {"model_id": "scribe_v2_realtime", "audio_format": AudioFormat.PCM_16000, "sample_rate": RATE}
    return await client.speech_to_text.realtime.connect({**options, **more})


async def say(connection: Any, pcm: bytes) -> None:
    for at in range(0, len(pcm), 3200):
        await connection.send({"audio_base_64": base64.b64encode(pcm[at : at + 3200]).decode()})


async def test_commits_by_hand(serve: Serve) -> None:
    """Guesses, then both forms of the committed transcript; a second commit of nothing is ignored, and said to be."""
    async with serve(acme={"apiKeys": [KEY], "transcriber": SWIFT}) as simulator:
        connection = await connect(simulator, include_timestamps=True, language_code="en", keyterms=["menu"])
        heard = Heard(connection)
        await say(connection, await speech(SENTENCE, RATE) + bytes(RATE))
        await connection.commit()
        await connection.commit()
        await until(lambda: "commit_throttled" in heard.kinds(), seconds=10)
        await connection.close()
        assert asked(simulator)["keyterms"] == "menu"
    kinds = [kind for kind in heard.kinds() if kind not in {"session_started", "close"}]
    committed = ["committed_transcript", "committed_transcript_with_timestamps"]
    assert kinds == ["partial_transcript", *committed, "commit_throttled", "error"]
    assert heard.texts("committed_transcript") == heard.texts("committed_transcript_with_timestamps") == [SENTENCE]
    [words] = [told["words"] for event, told in heard.events if event == "committed_transcript_with_timestamps"]
    assert [word["text"] for word in words if word["type"] == "word"] == SENTENCE.split()


async def test_commits_at_silence(serve: Serve) -> None:
    async with serve(acme={"transcriber": SWIFT}) as simulator:
        connection = await connect(simulator, commit_strategy=CommitStrategy.VAD, vad_silence_threshold_secs=0.4)
        heard = Heard(connection)
        await say(connection, await speech(SENTENCE, RATE) + bytes(RATE * 2))
        await until(lambda: "committed_transcript" in heard.kinds(), seconds=10)
        await connection.close()
    assert heard.texts("committed_transcript") == [SENTENCE]


async def test_a_wrong_key_is_refused(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(InvalidStatus) as caught:
            await connect(simulator)
    assert caught.value.response.status_code == 401
