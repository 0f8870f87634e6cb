"""The agent speaks OpenAI's protocol; whichever voice can speak answers."""

import json
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse

from .conftest import Proxy, Serve, StartProxy, voices
from .fake_voice import WORD_S, FakeCartesia, FakeOpenAISpeech, word_audio

TEXT = "Good evening to you."
SIZE = int(len(TEXT.split()) * WORD_S * 24_000) * 2


async def speak(proxy: Proxy, **body: Any) -> ClientResponse:
    asked = {"model": "agents-own", "voice": "agents-own", "input": TEXT, "response_format": "pcm", **body}
    return await proxy.session.post(f"{proxy.url}/v1/audio/speech", json=asked, headers=proxy.headers)


@pytest.mark.parametrize("fake", [FakeCartesia, FakeOpenAISpeech])
@pytest.mark.parametrize(("kind", "header"), [("pcm", 0), ("wav", 44)])
async def test_any_voice_gives_raw_audio(
    fake: Any, kind: str, header: int, serve: Serve, start_proxy: StartProxy
) -> None:
    voice = fake(level=1500)
    provider = "cartesia" if fake is FakeCartesia else "openai"
    proxy = await start_proxy(voices((provider, await serve(voice.route()))))
    async with await speak(proxy, response_format=kind) as response:
        audio = await response.read()
    assert response.headers["Content-Type"] == f"audio/{kind}"
    assert len(audio) == SIZE + header
    assert audio[header:] == word_audio(1500, 24_000) * 4
    assert proxy.call.ledger.names() == ["voice_request", "voice_audio"]


@pytest.mark.parametrize("kind", ["pcm", "mp3"])
async def test_next_voice_answers(kind: str, serve: Serve, start_proxy: StartProxy) -> None:
    first, second = FakeOpenAISpeech(status=503), FakeOpenAISpeech()
    urls = [await serve(first.route()), await serve(second.route())]
    proxy = await start_proxy(voices(("openai", urls[0]), ("openai", urls[1])))
    async with await speak(proxy, response_format=kind) as response:
        assert len(await response.read()) == SIZE
    assert second.requests[0]["response_format"] == kind
    assert ("failover", "voice") in proxy.call.ledger.entries


async def test_all_failed_names_the_causes(serve: Serve, start_proxy: StartProxy) -> None:
    """A voice that does not encode is one of the causes."""
    urls = [await serve(FakeCartesia().route()), await serve(FakeOpenAISpeech(status=401).route())]
    proxy = await start_proxy(voices(("cartesia", urls[0]), ("openai", urls[1])))
    async with await speak(proxy, response_format="mp3") as response:
        assert response.status == 502
        causes = json.loads(await response.text())["error"]["causes"]
    assert [cause["message"] for cause in causes] == ["a0: does not make mp3", "a1: answered 401 (bad_voice)"]
    assert proxy.credentials.refused == ["a1"]


async def test_break_without_another_voice_breaks_the_body(serve: Serve, start_proxy: StartProxy) -> None:
    """Nobody may take half a text for the whole."""
    voice = FakeOpenAISpeech(part="break_second")
    proxy = await start_proxy(voices(("openai", await serve(voice.route()))))
    async with await speak(proxy, input=f"{TEXT} Which day would you like?") as response:
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_bad_bodies_are_refused(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(voices(("openai", await serve(FakeOpenAISpeech().route()))))
    for body in ({"input": " "}, {"input": 3}, {"response_format": "mid"}):
        async with await speak(proxy, **body) as response:
            assert response.status == 400
