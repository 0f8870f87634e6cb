"""What happens around a transcriber's work: turns by the provider, hand-overs, providers that come back, the end."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from understudy.apps.proxy.egress import listen_line
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import running
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.codec import Traits
from understudy.domain.speech.transcribers import deepgram

from .conftest import Serve, StartProxy, transcribers
from .fake_transcriber import FakeTranscriber
from .numbered_call import NumberedCall, calling, chain
from .test_listen import final_text, finalize, listening, speak, until_finalized
from .test_listen_providers import script

WORDS = list(range(1, 7))


def turns(call: NumberedCall) -> list[str]:
    """What each turn said, as its end tells."""
    return [message["transcript"].lower() for message in call.messages if message.get("event") == "EndOfTurn"]


@pytest.mark.parametrize("protocol", ["flux", "assembly-ai", "cartesia", "openai"])
async def test_turns_by_the_provider(start_proxy: StartProxy, protocol: str) -> None:
    """`/v2/listen` gives turns on every provider: its own, or by the caller's silence where it has none."""
    async with running(script()) as simulator:
        proxy = await start_proxy(chain(simulator, (protocol, "good")))
        async with calling(proxy, "/v2/listen", "encoding=mulaw&sample_rate=8000") as call:
            await call.quiet(0.3)
            await call.speak(WORDS)
            async with asyncio.timeout(10):
                while not turns(call):
                    await call.quiet(0.1)
    assert [message["type"] for message in call.messages[:1]] == ["Connected"]
    infos = [message for message in call.messages if message["type"] == "TurnInfo"]
    assert infos[0]["event"] == "StartOfTurn"
    assert {info["turn_index"] for info in infos} == {0}
    assert turns(call)[0].replace(".", "").split() == [f"w{number}" for number in WORDS]
    assert [message["sequence_id"] for message in call.messages] == list(range(len(call.messages)))


async def test_handover_before_the_provider_closes(start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that does not last is left at a silence for a new one; nothing is lost, nothing said twice."""
    monkeypatch.setattr(deepgram.DeepgramCodec, "traits", Traits(deepgram.DeepgramCodec.traits.ack, lasts_s=3.0))
    monkeypatch.setattr(listen_line, "LEAD_S", 1.5)
    monkeypatch.setattr(listen_line, "LAST_S", 0.2)
    async with running(script()) as simulator:
        proxy = await start_proxy(chain(simulator, ("deepgram", "good")))
        async with calling(proxy) as call:
            for first in (1, 7, 13):
                numbers = list(range(first, first + 6))
                await call.say(numbers)
                await call.until(numbers)
        assert call.numbers == list(range(1, 19))
        assert proxy.metric("understudy_provider_attempts_total", part="transcriber", account="a0", outcome="ok") > 1.0
    assert ("failover", "transcriber") not in proxy.call.ledger.entries


async def test_new_calls_begin_with_one_that_works_and_come_back(serve: Serve, start_proxy: StartProxy) -> None:
    """After two failures in a row calls begin with the fallback, until a probe finds the first one in order."""
    first, second = FakeTranscriber(status=503), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(first.route()), await serve(second.route())))

    async def call() -> None:
        async with listening(proxy) as socket:
            await speak(socket, 1)
            await finalize(socket)
            assert final_text(await until_finalized(socket)) == [1]

    await call()
    await call()
    asked = len(first.queries)
    await call()
    assert len(first.queries) == asked
    first.status = 101
    async with asyncio.timeout(10):
        while len(first.connections) < 2:  # the probe, and then a call
            await call()
    assert first.connections[0] == []
    assert first.connections[1] == [1]


async def test_live_call_stays_with_its_fallback(serve: Serve, start_proxy: StartProxy) -> None:
    """The first one recovers at once; the call does not go back."""
    first, second = FakeTranscriber(status=503), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(first.route()), await serve(second.route())))
    async with listening(proxy) as socket:
        for number in (1, 2, 3):
            await speak(socket, number)
            await finalize(socket)
            assert final_text(await until_finalized(socket)) == [number]
            first.status = 101
    assert first.connections == []
    assert second.connections == [[1, 2, 3]]


async def test_stalled_socket_is_left(serve: Serve, start_proxy: StartProxy) -> None:
    """A transcriber that reads nothing more is noticed without a word of the caller's."""
    stuck = asyncio.Event()

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        request.protocol.pause_reading()
        await stuck.wait()
        return socket

    good = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(web.get("/v1/listen", handle)), await serve(good.route())))
    wide = "encoding=linear16&sample_rate=48000&channels=2"  # fills the kernels' buffers soon
    async with calling(proxy, query=wide) as call, asyncio.timeout(30):
        while not good.connections:
            await call.socket.send_bytes(bytes(48_000))
            await asyncio.sleep(0.1)
    stuck.set()
    kinds = ("stalled", "closed")  # by us, or by the kernel, which is told how long it may wait
    failures = [proxy.metric("understudy_transcriber_failures_total", account="a0", kind=kind) for kind in kinds]
    assert sum(failures) == 1.0


async def test_caller_is_told_when_nobody_can_hear_him(start_proxy: StartProxy) -> None:
    """A voice that works says why the call ends; the error names each provider's cause."""
    document: dict[str, Any] = {
        "recogniserProcesses": 0,
        "deployments": {
            "bad": {"faults": [{"kind": "status", "status": 503}]},
            "good": {"voice": {"synth": "Tone", "speed": 100}},
        },
    }
    async with running(parse(document)) as simulator:
        revision = chain(simulator, ("deepgram", "bad"), ("speechmatics", "bad"))
        voice = Account(name="v", provider="cartesia", base_url=simulator.url("good"), default_host=False)
        revision = revision.model_copy(
            update={
                "accounts": {**revision.accounts, "v": voice},
                "voices": (Voice(account="v", provider="cartesia", voice_id="x", language="de"),),
            }
        )
        proxy = await start_proxy(revision)
        async with listening(proxy) as socket, asyncio.timeout(10):
            error = await socket.receive_json()
            assert (await socket.receive()).type is WSMsgType.CLOSE
            await proxy.call.has_farewell.wait()
    assert "a0: answered 503" in error["description"]
    assert "a1: answered 503" in error["description"]
    assert proxy.call.failure == "TranscriberUnavailable"
    assert len(proxy.call.farewell) > 8000


async def test_a_fallback_that_may_not_hear_the_caller_any_more_is_left_out(
    serve: Serve, start_proxy: StartProxy
) -> None:
    """A restriction that came while the call lasted holds from the next change of transcriber on."""
    first, barred, allowed = FakeTranscriber(), FakeTranscriber(), FakeTranscriber()
    urls = [await serve(fake.route()) for fake in (first, barred, allowed)]
    revision = transcribers(*urls)
    proxy = await start_proxy(revision)
    async with listening(proxy) as socket:
        await speak(socket, 1)
        async with asyncio.timeout(5):
            await first.heard.wait()
        one, _, other = revision.transcribers
        proxy.call.serving = revision.model_copy(update={"transcribers": (one, other)})
        first.status = 401
        first.drop()
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [1]
    assert (barred.queries, allowed.connections) == ([], [[1]])
