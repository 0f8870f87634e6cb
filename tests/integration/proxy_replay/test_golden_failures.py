"""Golden calls that are not passed: real agent, real speech, really recognised; the providers fail by script."""

import asyncio

import pytest

from understudy.apps.proxy.replay import conduct
from understudy.domain.calls.observation import ReplayReport

from .conftest import World, script, start_agent

HOURS = "what are your opening hours"


async def test_everything_that_is_not_met_is_told_of_each_call(world: World) -> None:
    """Content, tool, time: each with its turn and what came instead; and the calls go on to their ends."""
    await world.start(script(models={"maitre": {"firstMs": 900}}))
    wrong = {"contains": ["midnight"], "notContains": ["Noon"], "matches": r"\bwe close\b", "within": "200ms"}
    await world.order(
        {"turns": [{"say": HOURS, "expect": wrong}, {"say": "is there parking nearby", "expect": {"tools": []}}]},
        {"turns": [{"say": HOURS, "expect": {"tools": ["book_table"], "within": "60s"}}]},
    )
    results = await world.results()
    said = "the assistant said 'We are open from noon to eleven, every day of the week.'"
    *content, slow, unmatched = results["call-1"]
    assert [*content, unmatched] == [
        f"turn 1: 'midnight' is not in the answer; {said}",
        f"turn 1: 'Noon' is in the answer; {said}",
        f"turn 1: the answer does not match '\\\\bwe close\\\\b'; {said}",
    ]
    assert slow.startswith("turn 1: the answer began after ")
    assert slow.endswith("ms instead of within 200ms")
    assert results["call-2"] == ("turn 1: called no tool instead of book_table",)


async def test_a_mute_assistant_fails_after_a_bounded_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It greets, and has nothing to say from then on."""
    monkeypatch.setattr(conduct, "PATIENCE_S", 3.0)
    await world.start(script(faults=[{"kind": "no-output", "after": 1}]))
    await world.order({"turns": [{"say": HOURS}, {"say": HOURS}]})
    assert await world.results() == {"call-1": ("turn 1: no answer was heard, 3 s long",)}


async def test_a_model_that_hangs_drops_the_call_and_is_named(world: World) -> None:
    """And the operator's long poll returns at once with that, not after its minute."""
    await world.start(script(faults=[{"kind": "hang", "model": "maitre"}]))
    await world.order({"turns": [{"say": HOURS}]})
    async with asyncio.timeout(50):
        (failures,) = (await world.results(wait=60)).values()
    assert failures == ("greeting: the call was dropped (ModelUnavailable); 1 turn was left",)


async def test_a_caller_without_a_voice_is_told(world: World) -> None:
    """No call is placed for him."""
    await world.start(script())
    speech = world.simulator.deployments.find("speech")
    assert speech is not None
    speech.change({"faults": [{"kind": "status", "status": 503}]})
    await world.order({"turns": [{"say": HOURS}]})
    assert await world.results() == {"call-1": ("turn 1: none of the revision's voices spoke the caller's words",)}


async def test_a_pod_that_dies_in_mid_call_is_told(world: World) -> None:
    """It was the only one: the caller hears what a live one would, and the sentence says why."""
    await world.start(script())
    agent = await asyncio.to_thread(start_agent)
    try:
        await world.order({"turns": [{"say": HOURS}] * 3}, agent=agent)
        await world.talking()
    finally:
        agent.stop()
    (failures,) = (await world.results()).values()
    assert failures == ("greeting: the call was dropped (NoAgentCapacity); 3 turns were left",)


async def test_an_order_without_a_canary_says_so(world: World) -> None:
    await world.start(script())
    await world.order({"turns": [{"say": HOURS}]}, canary=False)
    report = ReplayReport.model_validate((await world.state())["replay"])
    assert (report.done, report.error) == (True, "the routing document names no canary to play against")
