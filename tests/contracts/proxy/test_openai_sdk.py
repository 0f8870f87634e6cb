"""OpenAI's own SDK, unmodified, with the call token as its key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

from tests.integration.proxy_egress.conftest import TOKEN, Proxy, Serve, StartProxy, models, voices
from tests.integration.proxy_egress.fake_model import TEXT, FakeModel
from tests.integration.proxy_egress.fake_responses import TEXT as SAID
from tests.integration.proxy_egress.fake_responses import FakeResponses
from tests.integration.proxy_egress.fake_voice import WORD_S, FakeOpenAISpeech


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


@pytest.mark.parametrize("part", ["hang", "role_then_hang", "cut_after_two", "stall_after_sentence"])
async def test_sees_one_answer(part: str, serve: Serve, start_proxy: StartProxy) -> None:
    """A refire and a continuation in mid-answer are one completion to the SDK: same id, text once, a proper end."""
    proxy = await start_proxy(models(await serve(FakeModel(part).route()), await serve(FakeModel(again=1).route())))
    async with sdk(proxy) as client:
        asked = client.chat.completions.create(model="x", messages=[{"role": "user", "content": "hi"}], stream=True)
        chunks = [chunk async for chunk in await asked]
    assert len({(chunk.id, chunk.model, chunk.created) for chunk in chunks if chunk.choices}) == 1
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert " ".join(said.split()) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


@pytest.mark.parametrize("stream", [True, False])
async def test_blocking_client(stream: bool, serve: Serve, start_proxy: StartProxy) -> None:  # noqa: FBT001
    """The SDK without asyncio, through a refire."""
    proxy = await start_proxy(models(await serve(FakeModel("hang").route()), await serve(FakeModel().route())))

    def ask() -> str:
        with openai.OpenAI(api_key=TOKEN, base_url=f"{proxy.url}/v1") as client:
            create = client.chat.completions.create
            if not stream:
                answer = create(model="x", messages=[{"role": "user", "content": "hi"}])
                return answer.choices[0].message.content or ""
            chunks = create(model="x", messages=[{"role": "user", "content": "hi"}], stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    assert await asyncio.to_thread(ask) == TEXT


async def test_tool_calls(serve: Serve, start_proxy: StartProxy) -> None:
    """Half a call that broke off is not seen; the whole one is, once."""
    proxy = await start_proxy(
        models(await serve(FakeModel("half_a_tool").route()), await serve(FakeModel("tool").route()))
    )
    async with sdk(proxy) as client:
        asked = client.chat.completions.stream(model="x", messages=[{"role": "user", "content": "hi"}])
        async with asked as stream:
            message = (await stream.get_final_completion()).choices[0].message
    (call,) = message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("book", '{"day":"Friday"}')


async def test_responses(serve: Serve, start_proxy: StartProxy) -> None:
    """The Responses API, streamed and not, through a fallback."""
    urls = [await serve(FakeResponses(status=500).route()), await serve(FakeResponses().route())]
    proxy = await start_proxy(models(*urls))
    async with sdk(proxy) as client:
        whole = await client.responses.create(model="x", input="hi")
        events = [event async for event in await client.responses.create(model="x", input="hi", stream=True)]
    assert whole.output_text == SAID
    assert [event.type for event in events][-1] == "response.completed"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == SAID


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
            assert len(await response.read()) == int(2 * WORD_S * 48_000)
