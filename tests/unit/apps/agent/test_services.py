"""Transcriber, model and voice: pointed at the proxy, with the call's token, on shared clients."""

import dataclasses
from collections.abc import AsyncIterator

import pytest
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService

from understudy.apps.agent import services
from understudy.apps.agent.services import Clients
from understudy.apps.agent.start import CallStart

CALL = CallStart(stream_sid="MZ1", call_sid="CA1", token="abc", proxy="http://10.0.0.1:8080")  # noqa: S106


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    shared = Clients()
    yield shared
    await shared.close()


async def test_calls_share_one_http_client_and_no_key(clients: Clients) -> None:
    """Building a call opens no client: that would stop every other call's audio for 20 ms."""
    first = services.model(CALL, clients)._client
    second = services.model(CallStart("MZ2", "CA2", "def", CALL.proxy), clients)._client
    assert first._client is second._client is clients.model
    assert (first.api_key, second.api_key) == ("abc", "def")
    assert str(first.base_url) == "http://10.0.0.1:8080/v1/"


async def test_the_model_is_asked_once(clients: Clients) -> None:
    """R3: whether to ask again is the proxy's decision alone."""
    assert services.model(CALL, clients)._client.max_retries == 0


async def test_the_transcriber_uses_the_shared_client(clients: Clients) -> None:
    """Guards the one seam in the library that had to be forced."""
    made = services.transcriber(CALL)
    assert isinstance(made, DeepgramSTTService)
    sdk = made._client
    assert sdk._client_wrapper.httpx_client.httpx_client is clients._unused
    assert sdk._client_wrapper.get_environment().production == "ws://10.0.0.1:8080"


async def test_a_transcriber_that_ends_turns_is_asked_at_its_own_path(clients: Clients) -> None:
    """`/v2/listen`, with the call's token."""
    told = services.transcriber(dataclasses.replace(CALL, provider_turns=True))
    assert isinstance(told, DeepgramFluxSTTService)
    assert (told._url, told._api_key) == ("ws://10.0.0.1:8080/v2/listen", "abc")
    assert clients.model is not None


async def test_the_voice_gets_tokens_as_they_come(clients: Clients) -> None:
    """No sentence is waited for here."""
    voice = services.voice(CALL)
    assert voice._url == "ws://10.0.0.1:8080/tts/websocket"
    assert voice._is_streaming_tokens
    assert clients.model is not None
