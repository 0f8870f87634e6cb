"""AssemblyAI's own SDK, unmodified, against the simulated universal streaming, with real speech."""

import asyncio
from typing import Any

import pytest
from assemblyai.streaming.v3 import (
    AsyncStreamingClient,
    StreamingClientOptions,
    StreamingError,
    StreamingEvents,
    StreamingParameters,
)

from tests.contracts.simulator.conftest import Serve, until
from tests.contracts.speech.driver import KEY, speech
from understudy.apps.simulator.server import Simulator

SENTENCE = "do you have vegetarian food"
RATE = 16_000
CHUNK = RATE // 10 * 2
"""100 ms."""


class Sdk:
    """The vendor's client, and what it has received."""

    def __init__(self, simulator: Simulator, key: str = KEY) -> None:
        host = simulator.url("acme", "ws")
        self.client = AsyncStreamingClient(StreamingClientOptions(api_key=key, api_host=host, connect_timeout=5))
        self.events: dict[StreamingEvents, list[Any]] = {kind: [] for kind in StreamingEvents}
        for kind in StreamingEvents:
            self.client.on(kind, lambda _, event, kind=kind: self.events[kind].append(event))

    async def speak(self, sound: bytes) -> None:
        for at in range(0, len(sound), CHUNK):
            await self.client.stream(sound[at : at + CHUNK].ljust(CHUNK, b"\0"))
            await asyncio.sleep(CHUNK / 2 / RATE)


async def test_the_vendors_sdk_gets_begin_turns_and_termination(serve: Serve) -> None:
    """Words with times in milliseconds, ForceEndpoint, UpdateConfiguration, KeepAlive, Terminate."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        sdk = Sdk(simulator)
        await sdk.client.connect(StreamingParameters(sample_rate=RATE, speech_model="universal-streaming-english"))
        await sdk.client.keep_alive()
        await sdk.speak(await speech(SENTENCE, RATE))
        await sdk.client.force_endpoint()
        turns = sdk.events[StreamingEvents.Turn]
        await until(lambda: bool(turns) and turns[-1].end_of_turn)
        await sdk.client.disconnect(terminate=True)
    assert len(sdk.events[StreamingEvents.Begin]) == 1
    assert turns[-1].transcript == SENTENCE
    assert [word.text for word in turns[-1].words] == SENTENCE.split()
    assert all(word.word_is_final for word in turns[-1].words)
    assert 1000 < turns[-1].words[-1].end < 2500
    assert not turns[0].words[-1].word_is_final
    (ended,) = sdk.events[StreamingEvents.Termination]
    assert ended.audio_duration_seconds in {1, 2}
    assert sdk.events[StreamingEvents.Error] == []


@pytest.mark.parametrize(
    ("fault", "code"), [({"apiKeys": ["another"]}, 1008), ({"faults": [{"kind": "error", "atMs": 100}]}, 3005)]
)
async def test_the_vendors_sdk_is_told_what_is_wrong(serve: Serve, fault: dict[str, Any], code: int) -> None:
    """By the code of the `Error` message."""
    async with serve(acme=fault) as simulator:
        sdk = Sdk(simulator)
        await sdk.client.connect(StreamingParameters(sample_rate=RATE, speech_model="universal-streaming-english"))
        await sdk.speak(bytes(CHUNK * 3))
        await until(lambda: bool(sdk.events[StreamingEvents.Error]))
        await sdk.client.disconnect()
    (error,) = sdk.events[StreamingEvents.Error]
    assert isinstance(error, StreamingError)
    assert error.code == code
