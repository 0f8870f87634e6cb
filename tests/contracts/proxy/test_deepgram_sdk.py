"""Deepgram's own SDK, unmodified, with the call token as its key."""

import asyncio
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType
from deepgram.listen.v1.types import ListenV1Results

from tests.integration.proxy_egress.conftest import TOKEN, Serve, StartProxy, transcribers
from tests.integration.proxy_egress.fake_transcriber import RATE, FakeTranscriber, piece

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own use of websockets


async def test_transcribes_through_a_drop(serve: Serve, start_proxy: StartProxy) -> None:
    """The SDK parses every message, and sees neither the refusal nor the drop behind the proxy."""
    refusing, dropping = FakeTranscriber(status=500), FakeTranscriber(final_every=5, drop_after=12)
    proxy = await start_proxy(transcribers(await serve(refusing.route()), await serve(dropping.route())))
    environment = DeepgramClientEnvironment(
        base=proxy.url, production=proxy.ws_url, agent=proxy.ws_url, agent_rest=proxy.url
    )
    client = AsyncDeepgramClient(api_key=TOKEN, environment=environment)
    results: list[ListenV1Results] = []
    finalized = asyncio.Event()

    async def note(message: Any) -> None:
        assert isinstance(message, ListenV1Results)
        if message.is_final:
            results.append(message)
        if message.from_finalize:
            finalized.set()

    async with client.listen.v1.connect(model="nova-3", encoding="linear16", sample_rate=str(RATE)) as connection:
        connection.on(EventType.MESSAGE, note)
        listening = asyncio.create_task(connection.start_listening())
        for number in range(1, 21):
            await connection.send_media(piece(number))
        await connection.send_finalize()
        async with asyncio.timeout(10):
            await finalized.wait()
        listening.cancel()
    said = " ".join(result.channel.alternatives[0].transcript for result in results).split()
    assert said == [str(number) for number in range(1, 21)]
