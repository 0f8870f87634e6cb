"""Faults within a stream, by the clients' own libraries: what a client sees of each kind, and when."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from understudy.apps.simulator.audio import numbered

RATE = 8000
NUMBERS = [1, 22, 333, 444, 555, 666]
STRIKES_MS = 900
"""In the middle of the fourth word."""

BEFORE = "w1 w22 w333"
ALL = "w1 w22 w333 w444 w555 w666"
SETTINGS = {"recogniser": "Index", "aheadS": 60, "interimMs": 40}


class Heard:
    """What a client of the transcriber gets."""

    def __init__(self) -> None:
        self.finals: list[str] = []
        self.interims: list[str] = []
        self.end: str = ""

    async def read(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        async for message in socket:
            try:
                document: Any = message.json()
            except ValueError:
                self.end = "malformed"
                return
            if document.get("type") == "Error":
                self.end = "error"
            if document.get("type") == "Results":
                text = document["channel"]["alternatives"][0]["transcript"]
                (self.finals if document["is_final"] else self.interims).append(text)
        self.end = self.end or str(socket.close_code)


async def listen(serve: Serve, fault: dict[str, Any]) -> Heard:
    """A second and a half of speech, then Finalize; at most half a second for what is still to come."""
    sound = numbered.speech(NUMBERS, RATE)
    heard = Heard()
    async with (
        serve(acme={"transcriber": SETTINGS, "faults": [fault]}) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"{simulator.url('acme', 'ws')}/v1/listen?sample_rate={RATE}&interim_results=true"
        ) as socket,
    ):
        reading = asyncio.create_task(heard.read(socket))
        try:
            for at in range(0, len(sound), 320):
                await socket.send_bytes(sound[at : at + 320])
            await socket.send_json({"type": "Finalize"})
        except ConnectionError:
            heard.end = "reset"
        await asyncio.wait([reading], timeout=0.5)
        reading.cancel()
    return heard


@pytest.mark.parametrize(
    ("fault", "end", "finals"),
    [
        ({"kind": "drop", "atMs": STRIKES_MS}, "1006", []),
        ({"kind": "close", "atMs": STRIKES_MS, "code": 1013}, "1013", []),
        ({"kind": "error", "atMs": STRIKES_MS}, "error", []),
        ({"kind": "malformed", "atMs": STRIKES_MS}, "malformed", []),
        ({"kind": "no-output", "atMs": STRIKES_MS}, "", []),
        ({"kind": "stuck", "atMs": STRIKES_MS}, "", []),
        ({"kind": "empty", "atMs": STRIKES_MS}, "", [BEFORE, ""]),
        ({"kind": "drop", "atMs": 60_000}, "", [ALL]),
    ],
)
async def test_a_transcriber_fails_at_the_place_in_the_audio_that_the_script_names(
    serve: Serve, fault: dict[str, Any], end: str, finals: list[str]
) -> None:
    """What was said before it was transcribed, what was said after it was not."""
    heard = await listen(serve, fault)
    assert heard.end == end or (end == "1006" and heard.end == "reset")
    assert heard.finals == finals
    assert (heard.interims[-1] == BEFORE) == (fault["atMs"] == STRIKES_MS)


async def test_audio_faster_than_the_provider_allows_is_refused(serve: Serve) -> None:
    """Ten seconds at once."""
    async with (
        serve(acme={}) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url('acme', 'ws')}/v1/listen?sample_rate={RATE}") as socket,
    ):
        for _ in range(10):
            await socket.send_bytes(bytes(RATE * 2))
        message = await socket.receive(timeout=5)
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


REQUEST = {
    "model_id": "sonic",
    "transcript": "w1 w2 w3 w4 w5 w6 w7 w8",
    "voice": {"mode": "id", "id": "anna"},
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
    "context_id": "c1",
    "continue": False,
}


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ({"kind": "truncate", "at": 3}, "done"),
        ({"kind": "error", "at": 3}, "error"),
        ({"kind": "close", "at": 3, "code": 1011}, "1011"),
        ({"kind": "cut", "at": 3}, "1006"),
    ],
)
async def test_a_voice_fails_after_the_chunks_that_the_script_names(
    serve: Serve, fault: dict[str, Any], end: str
) -> None:
    """Three chunks of sound, then the fault."""
    voice = {"synth": "Watermark", "firstMs": 0, "chunkMs": 50}
    kinds = []
    async with (
        serve(acme={"voice": voice, "faults": [fault]}) as simulator,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{simulator.url('acme', 'ws')}/tts/websocket") as socket,
    ):
        await socket.send_json(REQUEST)
        async for message in socket:
            kinds.append(message.json()["type"])
            if kinds[-1] in ("done", "error"):
                break
        if kinds[-1] == "chunk":
            kinds.append(str(socket.close_code))
    assert kinds == ["chunk", "chunk", "chunk", end]
