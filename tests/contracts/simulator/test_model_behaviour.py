"""What a pool has to cope with, over real sockets: limits, caches, answers to go on with, broken connections."""

import asyncio
from typing import Any

import aiohttp
import openai
import pytest

from tests.contracts.simulator.conftest import Serve
from understudy.apps.simulator import broken_tls
from understudy.domain.routing.prompt import continued

FAST = {"maitre": {"firstMs": 0, "tokenMs": 0}}
HELLO: list[Any] = [{"role": "user", "content": "What are your opening hours?"}]
SAID = "We are open from noon to eleven, every day of the week."


def sdk(base_url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key="k", max_retries=0, timeout=5)


async def test_limits_are_told_with_every_answer_and_enforced(serve: Serve) -> None:
    """OpenAI's headers on streamed and whole answers and on the 429; what was refused is counted apart."""
    settings = {"models": FAST, "limits": {"requestsPerMinute": 2, "tokensPerMinute": 100_000}}
    async with serve(acme=settings) as simulator, sdk(simulator.url("acme")) as client:
        create = client.chat.completions.with_raw_response.create
        whole = await create(model="maitre", messages=HELLO)
        async with client.chat.completions.with_streaming_response.create(
            model="maitre", messages=HELLO, stream=True
        ) as streamed:
            left = streamed.headers["x-ratelimit-remaining-requests"]
        with pytest.raises(openai.RateLimitError) as caught:
            await create(model="maitre", messages=HELLO)
        stats = simulator.deployments.create("acme").stats
    assert whole.headers["x-ratelimit-remaining-requests"] == "1"
    assert left == "0"
    assert int(whole.headers["x-ratelimit-remaining-tokens"]) < 100_000
    assert whole.headers["x-ratelimit-reset-requests"] == "30s"
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "30"
    assert stats.limited == 1


async def test_usage_tells_what_was_cached(serve: Serve) -> None:
    """The second turn of a call; another deployment starts from nothing."""
    second = [*HELLO, {"role": "assistant", "content": SAID}, {"role": "user", "content": "where are you"}]
    async with serve(acme={"models": FAST}, other={"models": FAST}) as simulator:
        cached = []
        for name, messages in (("acme", HELLO), ("acme", second), ("other", second)):
            async with sdk(simulator.url(name)) as client:
                answer = await client.chat.completions.create(model="maitre", messages=messages)
            assert answer.usage is not None
            assert answer.usage.prompt_tokens_details is not None
            cached.append(answer.usage.prompt_tokens_details.cached_tokens)
    assert cached[0] == cached[2] == 0
    assert cached[1]


async def test_events_can_be_padded(serve: Serve) -> None:
    """With a field that clients ignore, as OpenAI's own do with theirs."""
    padded = {"maitre": {"firstMs": 0, "tokenMs": 0, "padding": 5000}}
    async with serve(acme={"models": padded}) as simulator:
        async with sdk(simulator.url("acme")) as client:
            stream = await client.chat.completions.create(model="maitre", messages=HELLO, stream=True)
            said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        body = {"model": "maitre", "messages": HELLO, "stream": True}
        url = simulator.url("acme") + "/v1/chat/completions"
        async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
            events = (await response.text()).strip().split("\n\n")
    assert said == SAID
    assert all(len(event) > 5000 for event in events[:-1])
    assert events[-1] == "data: [DONE]"


async def test_a_second_deployment_goes_on_where_the_first_was_cut(serve: Serve) -> None:
    """Word for word, streamed: what came before the cut and what came after make the whole answer."""
    broken = {"models": FAST, "faults": [{"kind": "cut", "at": 4}]}
    heard = ""
    async with serve(acme=broken, other={"models": FAST}) as simulator:
        for name, gives_up in (("acme", True), ("other", False)):
            async with sdk(simulator.url(name)) as client:
                messages = continued(HELLO, heard) if heard else HELLO
                try:
                    async for chunk in await client.chat.completions.create(
                        model="maitre", messages=messages, stream=True
                    ):
                        heard += chunk.choices[0].delta.content or ""
                except openai.APIConnectionError:
                    assert gives_up
    assert heard == SAID


async def test_a_reset_comes_in_the_middle_of_the_headers(serve: Serve) -> None:
    """Some bytes of them, then RST rather than an end."""
    async with serve(acme={"models": FAST, "faults": [{"kind": "reset"}]}) as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        body = b'{"model":"maitre","messages":[]}'
        writer.write(
            b"POST /acme/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        async with sdk(simulator.url("acme")) as client:
            with pytest.raises(openai.APIConnectionError):
                await client.chat.completions.create(model="maitre", messages=HELLO)


async def test_a_fault_can_have_a_time_of_its_own(serve: Serve) -> None:
    """A burst: from a second on, until another; before and after it nothing happens."""
    later = {"kind": "status", "status": 503, "retryAfterMs": 250, "fromS": 3600}
    over = {"kind": "status", "status": 500, "untilS": 0}
    now = {"kind": "status", "status": 429, "retryAfterMs": 250, "untilS": 3600}
    async with serve(
        acme={"models": FAST, "faults": [later, over]}, full={"models": FAST, "faults": [now]}
    ) as simulator:
        async with sdk(simulator.url("acme")) as client:
            await client.chat.completions.create(model="maitre", messages=HELLO)
        async with sdk(simulator.url("full")) as client:
            with pytest.raises(openai.RateLimitError) as caught:
                await client.chat.completions.create(model="maitre", messages=HELLO)
    assert caught.value.response.headers["retry-after-ms"] == "250"


@pytest.mark.parametrize("broken", [broken_tls.Broken.GARBAGE, broken_tls.Broken.BAD_CERTIFICATE])
async def test_no_handshake_succeeds_with_broken_tls(broken: broken_tls.Broken) -> None:
    """Garbage, or a certificate that nobody takes."""
    async with broken_tls.listening(broken) as port, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"https://127.0.0.1:{port}/")


async def test_a_handshake_can_go_unanswered() -> None:
    """The client waits until it gives up by itself."""
    async with broken_tls.listening(broken_tls.Broken.SILENCE) as port, aiohttp.ClientSession() as http:
        with pytest.raises(TimeoutError):
            await http.get(f"https://127.0.0.1:{port}/", timeout=aiohttp.ClientTimeout(0.05))
