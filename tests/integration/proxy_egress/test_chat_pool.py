"""What the pool decides is done: cuts, hedges, ejections, fallbacks, and what is left when nobody answers."""

import asyncio
import json
from typing import Any

import pytest

from understudy.domain.revision.snapshot import Graceful, ModelTarget, Pool, Slack, Snapshot

from .conftest import Proxy, Serve, StartProxy, models
from .fake_model import TEXT, FakeModel
from .test_chat_fallback import said


async def answer(proxy: Proxy, **body: object) -> str:
    async with await proxy.chat(stream=True, **body) as response:
        assert response.status == 200, await response.text()
        return said(await response.text())


def with_fallbacks(revision: Snapshot, count: int) -> Snapshot:
    """The last `count` targets as the plan's fallbacks rather than the pool's."""
    targets = revision.model.targets
    changed = {"targets": targets[:-count], "fallbacks": targets[-count:]}
    return revision.model_copy(update={"model": revision.model.model_copy(update=changed)})


def requests(proxy: Proxy, target: int, outcome: str, why: str = "fastest") -> float:
    return proxy.metric(
        "understudy_model_requests_total", account=f"a{target}", deployment=f"t{target}", why=why, outcome=outcome
    )


async def test_a_hang_is_cut_and_not_asked_first_again(serve: Serve, start_proxy: StartProxy) -> None:
    """The next turn goes where the last one was answered; what the cut request will cost is estimated."""
    hanging, good = FakeModel("hang"), FakeModel()
    proxy = await start_proxy(models(await serve(hanging.route()), await serve(good.route())))
    assert await answer(proxy) == TEXT
    assert await answer(proxy) == TEXT
    assert len(hanging.requests) == 1
    assert requests(proxy, 0, "cut") == 1
    assert requests(proxy, 1, "ok", "cut") == 1
    wasted = proxy.metric("understudy_model_tokens_cancelled_estimated_total", account="a0", deployment="t0")
    assert wasted > 0


async def test_fallbacks_follow_the_pool_in_order(serve: Serve, start_proxy: StartProxy) -> None:
    first, second, third = FakeModel(status=500), FakeModel(status=500), FakeModel()
    urls = [await serve(model.route()) for model in (first, second, third)]
    proxy = await start_proxy(with_fallbacks(models(*urls), 2))
    assert await answer(proxy) == TEXT
    assert [len(model.requests) for model in (first, second, third)] == [1, 1, 1]
    assert requests(proxy, 2, "ok", "fallback") == 1


async def test_a_hedge_leaves_the_first_running(serve: Serve, start_proxy: StartProxy) -> None:
    """Both are asked, the first that can be spoken wins, and the other is cancelled."""
    slow, quick = FakeModel(), FakeModel()
    revision = models(
        await serve(slow.route()), await serve(quick.route()), timeout_ms=20_000, pool=Pool(explore_percent=0)
    )
    proxy = await start_proxy(revision)
    for _ in range(5):
        assert await answer(proxy) == TEXT  # what the first one usually takes
    slow.part = "hang"
    assert await answer(proxy) == TEXT
    async with asyncio.timeout(5):
        await slow.aborted.wait()
    assert requests(proxy, 0, "cancelled", "stay") == 1
    assert requests(proxy, 1, "ok", "hedge") == 1


async def test_a_full_deployment_is_left_alone(serve: Serve, start_proxy: StartProxy) -> None:
    full, good = FakeModel(status=429, Retry_After="60"), FakeModel()
    proxy = await start_proxy(models(await serve(full.route()), await serve(good.route())))
    for _ in range(3):
        assert await answer(proxy) == TEXT
    assert len(full.requests) == 1
    assert requests(proxy, 0, "rate_limited") == 1


async def test_a_refused_key_is_left_alone_until_it_changes(serve: Serve, start_proxy: StartProxy) -> None:
    locked, good = FakeModel(status=401), FakeModel()
    proxy = await start_proxy(models(await serve(locked.route()), await serve(good.route())))
    for _ in range(2):
        assert await answer(proxy) == TEXT
    assert len(locked.requests) == 1
    assert proxy.credentials.refused == ["a0"]
    locked.status = 200
    proxy.credentials.keys["a0"] = "another"
    good.status = 500
    assert await answer(proxy) == TEXT
    assert len(locked.requests) == 2


async def test_when_all_are_out_they_are_asked_anyway(serve: Serve, start_proxy: StartProxy) -> None:
    model = FakeModel(status=429, Retry_After="60")
    proxy = await start_proxy(models(await serve(model.route())))
    async with await proxy.chat(stream=True) as response:
        assert response.status == 503
    model.status = 200
    assert await answer(proxy) == TEXT


@pytest.mark.parametrize("stream", [True, False])
async def test_the_caller_is_asked_to_repeat(stream: bool, serve: Serve, start_proxy: StartProxy) -> None:  # noqa: FBT001
    """When no model answers; a number of times in a row, then the error, and again after a success."""
    model = FakeModel(status=500)
    graceful = Graceful(ask_to_repeat="Sorry, once more?", ask_to_repeat_max=2)
    proxy = await start_proxy(models(await serve(model.route()), graceful=graceful))

    async def ask() -> Any:
        async with await proxy.chat(stream=stream) as response:
            text = await response.text()
            if response.status != 200:
                return response.status
            return said(text) if stream else json.loads(text)["choices"][0]["message"]["content"]

    assert [await ask() for _ in range(3)] == ["Sorry, once more?", "Sorry, once more?", 502]
    assert proxy.call.ledger.entries[-1] == ("model_request", False)
    assert ("model_done", "", 0) in proxy.call.ledger.entries
    model.status = 200
    assert await ask() == TEXT
    model.status = 500
    assert await ask() == "Sorry, once more?"
    assert proxy.call.failure == ""
    assert proxy.metric("understudy_model_repeats_asked_total") == 3


async def test_the_prompt_is_simpler_when_the_budget_is_gone(serve: Serve, start_proxy: StartProxy) -> None:
    """Only for attempts that begin then: the first one has the revision's."""
    failing, good = FakeModel(status=500), FakeModel()
    graceful = Graceful(simpler_prompt="One word.")
    proxy = await start_proxy(models(await serve(failing.route()), await serve(good.route()), graceful=graceful))
    proxy.call.ledger.budget_s = 0.0
    assert await answer(proxy) == TEXT
    prompts = [model.requests[0]["messages"][0]["content"] for model in (failing, good)]
    assert prompts == ["Be brief.", "One word."]


async def test_several_choices_pass_as_they_are(serve: Serve, start_proxy: StartProxy) -> None:
    """Without a hedge and without a cut, and on to the next deployment only before the first byte."""
    failing, slow = FakeModel(status=500), FakeModel("two_choices")
    revision = models(await serve(failing.route()), await serve(slow.route()), pool=Pool(explore_percent=0))
    proxy = await start_proxy(revision)
    async with await proxy.chat(stream=True, n=2) as response:
        text = await response.text()
    assert '"index": 1' in text
    assert len(slow.requests) == 1


async def test_several_choices_are_not_gone_on_with(serve: Serve, start_proxy: StartProxy) -> None:
    broken, good = FakeModel("cut_after_two"), FakeModel()
    proxy = await start_proxy(models(await serve(broken.route()), await serve(good.route())))
    async with await proxy.chat(stream=True, n=2) as response:
        assert said(await response.text()) == "Sure, I "
    assert good.requests == []


async def test_a_server_that_does_not_stream_is_understood(start_proxy: StartProxy) -> None:
    """Its answer reaches the agent as a stream all the same."""
    message = {"role": "assistant", "content": "Sure. Which day?"}
    body = json.dumps({"id": "w", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def serve_whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve_whole, "127.0.0.1", 0) as server:
        proxy = await start_proxy(models(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        assert await answer(proxy) == "Sure. Which day?"


async def test_a_filler_bridges_a_late_answer(serve: Serve, start_proxy: StartProxy) -> None:
    """Once a turn, as a sentence of its own; the answer follows in the same completion and is heard whole."""
    late = FakeModel("after_gate")
    slack = Slack(filler="One moment")
    proxy = await start_proxy(models(await serve(late.route()), timeout_ms=20_000, slack=slack))
    proxy.call.ledger.budget_s = 0.0
    async with await proxy.chat(stream=True) as response:
        first = await response.content.readany()
        late.gate.set()
        text = (first + await response.read()).decode()
    assert said(text) == f"One moment. {TEXT}"
    assert text.count('"id":"chatcmpl-understudy"') == text.count("data: {")
    assert proxy.call.ledger.entries[-1] == ("model_done", TEXT, 0)
    assert await answer(proxy) == TEXT
    assert proxy.metric("understudy_model_fillers_total") == 1


@pytest.mark.parametrize(("budget_s", "asked"), [(60.0, "t1"), (0.0, "t0")])
async def test_a_better_model_is_asked_when_there_is_time(
    budget_s: float, asked: str, serve: Serve, start_proxy: StartProxy
) -> None:
    urls = [await serve(FakeModel().route()) for _ in range(2)]
    proxy = await start_proxy(models(*urls, slack=Slack(better_target="t1")))
    proxy.call.ledger.budget_s = budget_s
    async with await proxy.chat(stream=True) as response:
        assert response.headers["X-Understudy-Target"] == asked


@pytest.mark.parametrize(("budget_s", "voice"), [(60.0, "grand"), (0.1, "")])
async def test_a_better_voice_is_taken_for_an_early_answer(
    budget_s: float, voice: str, serve: Serve, start_proxy: StartProxy
) -> None:
    slack = Slack(better_voice_model="grand", early_ms=200)
    proxy = await start_proxy(models(await serve(FakeModel().route()), slack=slack))
    proxy.call.ledger.budget_s = budget_s
    await answer(proxy)
    assert proxy.call.better_voice == voice


async def test_efforts_and_whole_answers_are_learned_apart(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(models(await serve(FakeModel().route())))
    for effort in ("low", "high", "strange", "stranger"):
        await answer(proxy, reasoning_effort=effort)
    async with await proxy.chat():
        pass
    kinds = [(route.kind.effort, route.kind.streamed) for route in proxy.pools.views("ns/desk")]
    assert kinds == [("", False), ("high", True), ("low", True), ("other", True)]


async def test_a_target_with_an_unknown_account_is_passed_over(serve: Serve, start_proxy: StartProxy) -> None:
    revision = models(await serve(FakeModel().route()))
    lost = ModelTarget(name="lost", account="nobody", model="m")
    model = revision.model.model_copy(update={"targets": (lost, *revision.model.targets)})
    proxy = await start_proxy(revision.model_copy(update={"model": model}))
    assert await answer(proxy) == TEXT
