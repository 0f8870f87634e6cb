"""An answer that breaks off after output has reached the agent is gone on with elsewhere, without a seam."""

import asyncio
import json

import pytest

from understudy.domain.revision.snapshot import Pool
from understudy.domain.routing.prompt import CONTINUE

from .conftest import Proxy, Serve, StartProxy, models
from .fake_model import TEXT, WORDS, FakeModel
from .test_chat_fallback import said


async def answer(proxy: Proxy, **body: object) -> str:
    async with await proxy.chat(stream=True, **body) as response:
        assert response.status == 200
        return await response.text()


def frames(stream: str) -> set[tuple[str, str, int]]:
    """Id, model and time of the chunks."""
    events = [line[6:] for line in stream.splitlines() if line.startswith("data: {")]
    return {(chunk["id"], chunk["model"], chunk["created"]) for chunk in map(json.loads, events)}


@pytest.mark.parametrize("again", [0, 1, 2])
@pytest.mark.parametrize("part", ["cut_after_two", "malformed_after_two", "stall_after_sentence", "first_then_hang"])
async def test_another_goes_on(part: str, again: int, serve: Serve, start_proxy: StartProxy) -> None:
    """Whatever ended the first answer and whatever the second repeats, the caller hears one answer, once."""
    bad, good = FakeModel(part), FakeModel(again=again if part == "stall_after_sentence" else min(again, 1))
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    stream = await answer(proxy)
    assert " ".join(said(stream).split()) == TEXT
    assert len(frames(stream)) == 1
    assert stream.count('"role"') <= 1
    assert proxy.metric("understudy_provider_breaks_total", part="model", account="a0") == 1
    assert proxy.call.ledger.entries[-2:] == [("model_done", said(stream), 0), ("failover", "model")]
    assert proxy.call.dialogue[-1]["content"] == said(stream)


@pytest.mark.parametrize("again", [0, 1, 2])
@pytest.mark.parametrize("at", range(len(WORDS) + 1))
async def test_wherever_it_breaks(at: int, again: int, serve: Serve, start_proxy: StartProxy) -> None:
    """Before the first clause, within a sentence, between two, before the end that was never said."""
    bad, good = FakeModel("cut_at"), FakeModel(again=min(again, at // 2))
    bad.at = at
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    stream = await answer(proxy)
    assert " ".join(said(stream).split()) == TEXT
    assert '"finish_reason":"stop"' in stream.replace(" ", "")
    assert stream.endswith("data: [DONE]\n\n")


async def test_the_second_is_told_what_was_said(serve: Serve, start_proxy: StartProxy) -> None:
    """The dialogue ends with what the agent was given and the instruction to go on; the prompt stays as it was."""
    good = FakeModel()
    proxy = await start_proxy(models(await serve(FakeModel("stall_after_sentence").route()), await serve(good.route())))
    await answer(proxy)
    messages = [(message["role"], message["content"]) for message in good.requests[0]["messages"]]
    assert messages[0] == ("system", "Be brief.")
    assert messages[-2:] == [("assistant", "Sure, I can help."), ("user", CONTINUE)]


async def test_a_third_goes_on_for_the_second(serve: Serve, start_proxy: StartProxy) -> None:
    """A continuation that fails before its first clause is replaced like any other request."""
    bad, worse, good = FakeModel("cut_after_two"), FakeModel(status=500), FakeModel()
    urls = [await serve(model.route()) for model in (bad, worse, good)]
    proxy = await start_proxy(models(*urls))
    assert " ".join(said(await answer(proxy)).split()) == TEXT
    assert len(good.requests) == 1


async def test_a_break_is_not_heard_after_a_whole_answer(serve: Serve, start_proxy: StartProxy) -> None:
    """A stream that broke after its finish reason is complete; nobody is asked again."""
    bad, good = FakeModel("tool_then_cut"), FakeModel()
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    stream = await answer(proxy)
    assert stream.count('"arguments"') == 1
    assert stream.endswith("data: [DONE]\n\n")
    assert good.requests == []
    assert proxy.call.ledger.entries[-1] == ("model_done", "", 1)


async def test_half_a_call_after_text_is_dropped(serve: Serve, start_proxy: StartProxy) -> None:
    """It never reached the agent, so that another deployment may go on."""
    bad, good = FakeModel("text_then_half_a_tool"), FakeModel()
    proxy = await start_proxy(models(await serve(bad.route()), await serve(good.route())))
    stream = await answer(proxy)
    assert " ".join(said(stream).split()) == TEXT
    assert "tool_calls" not in stream


@pytest.mark.parametrize(("hold", "forwarded"), [("FirstClause", ""), ("FirstByte", "Sure")])
async def test_hold(hold: str, forwarded: str, serve: Serve, start_proxy: StartProxy) -> None:
    """Until the first clause nothing is passed on, unless the user wants the first byte."""
    bad = FakeModel("word_then_hang")
    revision = models(
        await serve(bad.route()), "http://127.0.0.1:1", pool=Pool.model_validate({"hold": hold, "explore_percent": 0})
    )
    proxy = await start_proxy(revision)
    async with await proxy.chat(stream=True) as response:
        text = await response.text()
    assert (said(text) if response.status == 200 else "") == forwarded


async def test_sentences_leave_when_they_are_whole(serve: Serve, start_proxy: StartProxy) -> None:
    """The agent has the first sentence while the second is still being made."""
    first = FakeModel("cut_after_gate")
    proxy = await start_proxy(models(await serve(first.route()), await serve(FakeModel().route())))
    async with await proxy.chat(stream=True) as response:
        text = ""
        async with asyncio.timeout(5):
            while "help." not in text:
                text += (await response.content.readany()).decode()
        first.gate.set()
        text += (await response.read()).decode()
    assert " ".join(said(text).split()) == TEXT
