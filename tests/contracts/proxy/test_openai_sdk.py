"""OpenAI's own SDK, unmodified, with the call token as its key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

from tests.integration.proxy_egress.conftest import TOKEN, Proxy, Serve, StartProxy, models, voices
from tests.integration.proxy_egress.fake_model import TEXT, FakeModel
from tests.integration.proxy_egress.fake_voice import FakeOpenAISpeech


@asynccontextmanager
async def sdk(proxy: Proxy, key: str = TOKEN) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{proxy.url}/v1") as client:
        yield client


async def stream(client: openai.AsyncOpenAI) -> str:
    chunks = await client.chat.completions.create(
        model="agents-own", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])


async def test_streams(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    async with sdk(proxy) as client:
        assert await stream(client) == TEXT


async def test_whole_answers(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    async with sdk(proxy) as client:
        answer = await client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hi"}])
        assert answer.choices[0].message.content == TEXT


async def test_survives_a_break(serve: Serve, start_proxy: StartProxy) -> None:
    """A stream that broke after output ends for the SDK as an answer cut short, not as an exception."""
    proxy = await start_proxy(models(await serve(FakeModel("cut_after_two").route())))
    async with sdk(proxy) as client:
        assert await stream(client) == "Sure,"


async def test_shows_the_error_and_does_not_repeat(serve: Serve, start_proxy: StartProxy) -> None:
    model = FakeModel(status=500)
    proxy = await start_proxy(models(await serve(model.route())))
    async with sdk(proxy) as client:
        with pytest.raises(openai.InternalServerError, match="every model failed"):
            await stream(client)
    assert len(model.requests) == 1


async def test_shows_a_wrong_token(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    async with sdk(proxy, key="other") as client:
        with pytest.raises(openai.AuthenticationError):
            await stream(client)


async def test_speech(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(voices(("openai", await serve(FakeOpenAISpeech().route()))))
    async with sdk(proxy) as client:
        request = client.audio.speech.with_streaming_response.create(
            model="x", voice="alloy", input="Good evening.", response_format="pcm"
        )
        async with request as response:
            assert len(await response.read()) == 2 * 4800
