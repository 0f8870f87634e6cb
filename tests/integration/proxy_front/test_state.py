import asyncio
from collections.abc import Callable

import pytest
from aiohttp import WSServerHandshakeError

from tests.integration.proxy_front.caller import Caller, settled, twiml
from tests.integration.proxy_front.conftest import World
from tests.integration.proxy_front.documents import CANARY, NAME, NAMESPACE, STABLE, document
from understudy.apps.proxy import drain
from understudy.domain.naming import SECRET_KEY


async def short_call(world: World, call_id: str) -> None:
    """A call that is over at once."""
    async with Caller(world.url, call_id) as caller:
        await world.call()
        await caller.hang_up()


async def test_a_call_leaves_its_turns_as_evidence(world: World) -> None:
    """Greeting, a good answer after 800 ms, a repeated one after 1500 ms, a goodbye: each where it belongs."""
    sentence = "We have a table for four at seven."
    async with Caller(world.url, "CA1") as caller:
        call = await world.call()
        world.clock.advance(0.5)
        await call.ask("Good evening, how can I help?")
        await call.speak()
        await caller.hears()
        for asked_after, heard_after in ((0.3, 0.5), (0.5, 1.0)):
            world.clock.advance(5)
            await caller.say()
            await caller.wait()
            await call.next("media")
            await call.next("media")
            world.clock.advance(asked_after)
            await call.ask(sentence, heard="A table please, goodbye.")
            world.clock.advance(heard_after)
            await call.speak()
            await caller.hears()
        await caller.hang_up()
    report = await world.state_of()
    (observation,) = report["observations"]
    assert observation["seq"] == 1
    assert observation["revision"] == STABLE
    assert observation["firstResponseMs"] == pytest.approx(500)
    assert [turn["totalMs"] for turn in observation["turns"]] == pytest.approx([800, 1500])
    assert [turn["transcriberMs"] for turn in observation["turns"]] == pytest.approx([300, 500])
    assert [turn["defects"] for turn in observation["turns"]] == [["Reprompt"], ["Repeated"]]
    assert observation["completed"] is True
    assert observation["endedAt"] - observation["startedAt"] == pytest.approx(12.8)


async def test_the_operator_is_woken_by_a_finished_call(world: World) -> None:
    generation = world.assistant.generation
    waiting = asyncio.create_task(world.state_of(after=0, generation=generation, wait=30))
    await settled(lambda: world.assistant.polled_at is not None)
    assert not waiting.done()
    await short_call(world, "CA1")
    assert [each["callId"] for each in (await waiting)["observations"]] == ["CA1"]
    await short_call(world, "CA2")
    assert [each["callId"] for each in (await world.state_of(after=1, generation=generation))["observations"]] == [
        "CA2"
    ]


async def test_the_operator_is_woken_by_an_applied_document(world: World) -> None:
    waiting = asyncio.create_task(world.state_of(after=0, generation=1, wait=30))
    await settled(lambda: world.assistant.polled_at is not None)
    await world.applied(document(2, stable=world.ref(STABLE)))
    assert (await waiting)["generation"] == 2


async def test_a_reader_with_a_number_from_before_a_restart_gets_everything(world: World) -> None:
    await short_call(world, "CA1")
    report = await world.state_of(after=4000, generation=1, wait=30)
    assert [each["seq"] for each in report["observations"]] == [1]


async def test_nothing_new_is_an_answer_too(world: World) -> None:
    report = await world.state_of(after=0, generation=1, wait=0.01)
    assert report["observations"] == []
    assert {"pod", "bootId", "keyId", "publicKey"} <= report.keys()


async def test_bad_questions_are_refused(world: World) -> None:
    assert (await world.admin("/v1/state", assistant="demo/other"))[0] == 404
    assert (await world.admin("/v1/state", assistant=f"{NAMESPACE}/{NAME}", after="x"))[0] == 400
    assert (await world.admin("/v1/state", assistant=f"{NAMESPACE}/{NAME}", wait="nan"))[0] == 400


async def test_a_missing_key_is_reported_until_it_is_there(world: World) -> None:
    (problem,) = (await world.state_of())["problems"]
    assert (problem["account"], problem["secret"], problem["reason"]) == ("sim", "sim", "MissingSecret")
    assert problem["revisions"] == [STABLE]
    await world.applied(world.canary(2, 50))
    (problem,) = (await world.state_of())["problems"]
    assert sorted(problem["revisions"]) == sorted([STABLE, CANARY])
    folder = world.state / NAMESPACE / "sim"
    folder.mkdir(parents=True)
    (folder / SECRET_KEY).write_text("k")
    world.clock.advance(2)
    assert (await world.state_of())["problems"] == []


async def test_metrics_show_calls_by_arm_and_never_a_call(world: World, on_arm: Callable[[str], str]) -> None:
    await world.applied(world.canary(2, 50))
    call_id = on_arm("canary")
    async with Caller(world.url, call_id) as caller:
        await world.call()
        _, during = await world.admin("/metrics")
        await caller.hang_up()
    _, after = await world.admin("/metrics")
    label = f'arm="canary",assistant="{NAMESPACE}/{NAME}"'
    assert f"understudy_calls_live{{{label}}} 1.0" in during
    assert f'understudy_calls_ended_total{{{label},end="CallerHungUp"}} 1.0' in after
    assert 'understudy_canary_weight_percent{assistant="demo/front-desk"} 50.0' in after
    assert call_id not in after


async def test_draining_waits_for_calls_and_for_the_operator_to_read(world: World) -> None:
    """Not ready, alive, closed to new calls, open to the one in progress; gone when its observation was read."""
    await world.state_of(after=0)
    async with Caller(world.url, "CA1") as caller:
        call = await world.call()
        leaving = asyncio.create_task(world.proxy.drain.run())
        await settled(lambda: world.proxy.drain.draining)
        assert (await world.admin("/readyz"))[0] == 503
        assert (await world.admin("/healthz"))[0] == 200
        with pytest.raises(WSServerHandshakeError, match="503"):
            async with Caller(world.url, "CA2"):
                pass
        status, markup = await twiml(world.url, "CA2")
        assert (status, markup.find(".//Stream") is not None) == (200, True), "the Service knows other pods"
        await call.speak()
        assert await caller.hears()
        assert not leaving.done()
        await caller.hang_up()
    report = await world.state_of(after=0)
    assert report["draining"] is True
    assert not leaving.done()
    await world.state_of(after=report["observations"][-1]["seq"])
    await asyncio.wait_for(leaving, 5)


async def test_draining_does_not_wait_for_an_operator_that_reads_nothing(world: World) -> None:
    await world.state_of(after=0)
    await short_call(world, "CA1")
    world.clock.advance(drain.READER_S)
    await world.state_of()
    await asyncio.wait_for(world.proxy.drain.run(), 5)


async def test_draining_ends_when_the_longest_call_should_have(world: World) -> None:
    async with Caller(world.url, "CA1"):
        await world.call()
        leaving = asyncio.create_task(world.proxy.drain.run())
        await settled(lambda: world.proxy.drain.draining)
        world.clock.advance(1800 + drain.CALL_MARGIN_S)
        await asyncio.wait_for(leaving, 5)
