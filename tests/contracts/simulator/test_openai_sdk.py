"""OpenAI's own SDK, unmodified, against the simulated model and voice."""

import asyncio
import io
import json
import wave

import openai
import pytest

from tests.contracts.simulator.conftest import Serve, until
from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.server import Simulator

FAST = {"firstMs": 0, "tokenMs": 0}
TOOL = {
    "type": "function",
    "function": {
        "name": "book_table",
        "parameters": {
            "type": "object",
            "properties": {
                "people": {"type": "integer"},
                "day": {"type": "string"},
                "time": {"type": "string"},
                "name": {"type": "string"},
            },
        },
    },
}
BOOKING = [
    "can i book a table for four people",
    "friday evening please",
    "at eight thirty",
    "my name is johnson",
    "yes",
]


def client(simulator: Simulator, key: str = "k") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=simulator.url("acme") + "/v1", api_key=key, max_retries=0)


def said(*lines: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": line} for line in lines]


async def test_streams_an_answer_token_by_token_with_usage_at_the_end(serve: Serve) -> None:
    """Deltas join to the answer, one finish reason, then a chunk with usage and no choices."""
    async with serve(acme={"models": {"maitre": FAST}}) as simulator, client(simulator) as sdk:
        stream = await sdk.chat.completions.create(
            model="maitre",
            messages=said("What are your opening hours?"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "We are open from noon to eleven, every day of the week."
    assert len([text for text in texts if text]) == 12
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 12


async def test_answers_whole_without_streaming_and_greets_when_nobody_spoke(serve: Serve) -> None:
    """No user message: the greeting."""
    async with serve(acme={"models": {"maitre": FAST}}) as simulator, client(simulator) as sdk:
        answer = await sdk.chat.completions.create(
            model="maitre", messages=[{"role": "system", "content": "You answer the phone."}]
        )
    assert "Copper Kettle" in (answer.choices[0].message.content or "")
    assert answer.usage is not None


async def test_calls_the_booking_tool_with_what_the_caller_said_and_confirms_after_its_result(serve: Serve) -> None:
    """Tool call deltas carry an id, a name and arguments that join to JSON; a tool message gets a spoken answer."""
    async with serve(acme={"models": {"maitre": FAST}}) as simulator, client(simulator) as sdk:
        async with sdk.chat.completions.stream(model="maitre", messages=said(*BOOKING), tools=[TOOL]) as stream:
            message = (await stream.get_final_completion()).choices[0].message
        call = (message.tool_calls or [])[0]
        done = await sdk.chat.completions.create(
            model="maitre",
            tools=[TOOL],
            messages=[
                *said(*BOOKING),
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [call.model_dump(include={"id", "type", "function"})],
                },
                {"role": "tool", "tool_call_id": call.id, "content": '{"ok": true}'},
            ],
        )
    assert call.function.name == "book_table"
    assert json.loads(call.function.arguments) == {
        "people": 4,
        "day": "friday evening",
        "time": "eight thirty",
        "name": "johnson",
    }
    assert "booked" in (done.choices[0].message.content or "")


@pytest.mark.parametrize(
    ("settings", "key", "model", "error"),
    [
        ({"apiKeys": ["right"]}, "wrong", "maitre", openai.AuthenticationError),
        ({}, "k", "unknown", openai.NotFoundError),
        ({"faults": [{"kind": "status", "status": 429, "retryAfterS": 7}]}, "k", "maitre", openai.RateLimitError),
        ({"faults": [{"kind": "status", "status": 500}]}, "k", "maitre", openai.InternalServerError),
        ({"faults": [{"kind": "refuse"}]}, "k", "maitre", openai.APIConnectionError),
    ],
)
async def test_errors_are_the_ones_the_sdk_knows(
    serve: Serve, settings: dict[str, object], key: str, model: str, error: type[openai.APIError]
) -> None:
    """Statuses and bodies as OpenAI's, Retry-After included."""
    async with serve(acme=settings) as simulator, client(simulator, key) as sdk:
        with pytest.raises(error) as caught:
            await sdk.chat.completions.create(model=model, messages=said("hello"))
    if isinstance(caught.value, openai.RateLimitError):
        assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("fault", "tokens"),
    [
        ({"kind": "hang"}, 0),
        ({"kind": "headers-hang"}, 0),
        ({"kind": "keep-alive"}, 0),
        ({"kind": "role-only"}, 0),
        ({"kind": "stall", "at": 3}, 3),
    ],
)
async def test_a_hang_sends_only_what_it_says_and_the_clients_leaving_is_counted(
    serve: Serve, fault: dict[str, object], tokens: int
) -> None:
    """The tokens before the hang arrive; when the client gives up, the deployment has one aborted request."""
    seen: list[str] = []

    async def read(simulator: Simulator) -> None:
        async with client(simulator) as sdk:
            stream = await sdk.chat.completions.create(model="maitre", messages=said("where are you"), stream=True)
            async for chunk in stream:
                seen.extend(filter(None, [chunk.choices[0].delta.content]))

    async with serve(acme={"models": {"maitre": FAST}, "faults": [fault]}) as simulator:
        stats = simulator.deployments.create("acme").stats
        reading = asyncio.create_task(read(simulator))
        await until(lambda: stats.live == 1 and len(seen) == tokens)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await until(lambda: stats.aborted == 1)
    assert len(seen) == tokens
    assert stats.faults == {fault["kind"]: 1}


@pytest.mark.parametrize(
    ("kind", "errors"),
    [("cut", (openai.APIConnectionError,)), ("malformed", (json.JSONDecodeError,))],
)
async def test_a_broken_stream_breaks_where_the_script_says(
    serve: Serve, kind: str, errors: tuple[type[Exception], ...]
) -> None:
    """Two tokens, then the failure."""
    seen: list[str] = []

    async def read(sdk: openai.AsyncOpenAI) -> None:
        stream = await sdk.chat.completions.create(model="maitre", messages=said("where are you"), stream=True)
        async for chunk in stream:
            seen.extend(filter(None, [chunk.choices[0].delta.content]))

    settings = {"models": {"maitre": FAST}, "faults": [{"kind": kind, "at": 2}]}
    async with serve(acme=settings) as simulator, client(simulator) as sdk:
        with pytest.raises(errors):
            await read(sdk)
    assert len(seen) == 2


async def test_speech_is_real_and_streams(serve: Serve) -> None:
    """Raw PCM of 24 kHz arrives in pieces and is audible; WAV has a header that says the rate."""
    async with serve(acme={"voice": {"firstMs": 0, "speed": 1000}}) as simulator, client(simulator) as sdk:
        request = {"model": "tts-1", "voice": "shimmer", "input": "Good evening, how can I help you?"}
        async with sdk.audio.speech.with_streaming_response.create(**request, response_format="pcm") as response:
            pieces = [piece async for piece in response.iter_bytes(4800)]
        wav = await sdk.audio.speech.create(**request, response_format="wav")
    sound = b"".join(pieces)
    assert 1.0 < len(sound) / 48_000 < 4.0
    assert pcm.is_audible(sound)
    with wave.open(io.BytesIO(wav.content)) as read:
        assert (read.getframerate(), read.getnchannels()) == (24_000, 1)


@pytest.mark.parametrize(("kind", "length", "audible"), [("no-output", False, False), ("silent-audio", True, False)])
async def test_a_voice_can_accept_the_text_and_say_nothing(
    serve: Serve, kind: str, *, length: bool, audible: bool
) -> None:
    """No bytes at all, or nothing but silence: both with status 200."""
    voice = {"firstMs": 0, "speed": 1000, "synth": "Tone"}
    async with serve(acme={"voice": voice, "faults": [{"kind": kind}]}) as simulator, client(simulator) as sdk:
        answer = await sdk.audio.speech.create(model="tts-1", voice="x", input="Hello there", response_format="pcm")
    assert bool(answer.content) is length
    assert pcm.is_audible(answer.content) is audible
