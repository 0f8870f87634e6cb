"""Golden calls from order to report: real agent, real speech, really recognised; the providers fail by script."""

import asyncio
from typing import Any

import pytest
import yaml

from tests.unit.docs.pages import ROOT
from understudy.apps.proxy.replay import conduct
from understudy.domain.calls.golden import parse_calls
from understudy.domain.calls.observation import ReplayReport

from .conftest import World, script, start_agent, until

HOURS = "what are your opening hours"
GREETING = {"contains": ["Copper  KETTLE"], "notContains": ["sorry"], "matches": "^good (morning|evening)", "tools": []}
BOOKING: list[dict[str, Any]] = [
    {"say": "i want to book a table for four people on friday"},
    {"say": "eight o'clock please"},
    {"say": "my name is miller", "expect": {"contains": ["is that right"], "tools": []}},
    {"say": "yes that is right", "expect": {"contains": ["your table is booked"], "tools": ["book_table"]}},
]


async def test_golden_calls_pass_and_leave_nothing_but_their_results(world: World) -> None:
    """Two bookings at once, with a tool that each script answers in its way: no webhook, observation or live call."""
    await world.start(script())
    refused = [*BOOKING[:-1], {**BOOKING[-1], "expect": {"contains": ["cannot book that table"]}}]
    await world.order(
        {"greeting": GREETING, "turns": BOOKING, "tools": {"book_table": {"booked": True}}},
        {"greeting": GREETING, "turns": refused, "tools": {"book_table": {"error": "fully booked"}}},
    )
    assert await world.results() == {"call-1": (), "call-2": ()}
    assert world.acted == []
    state = await world.state()
    assert (state.get("liveCalls"), state.get("observations")) == ({}, [])
    assert 'outcome="passed"} 2.0' in await world.metric("understudy_golden_calls_total")
    assert await world.metric("understudy_calls_started_total") == ""


async def test_the_example_passes_with_a_model_of_other_words(world: World) -> None:
    """As its documentation says; but for times, which are the machine's."""
    (config_map,) = yaml.safe_load_all((ROOT / "examples/golden/calls.yaml").read_text())
    await world.start(script(models={"maitre-2": {"persona": "OtherWords"}}), model="maitre-2")
    await world.order(*(_untimed(call.model_dump()) for call in parse_calls(config_map["data"])))
    assert await world.results() == {"booking": (), "hours": (), "parking": ()}


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


async def test_an_order_that_is_replaced_stops_at_once(world: World) -> None:
    """The first order's call is hung up on and never reported; the second's is played."""
    await world.start(script())
    await world.order({"turns": [{"say": HOURS}] * 20}, order_id="first")
    await world.talking()
    await world.order({"turns": [{"say": HOURS, "expect": {"contains": ["noon"]}}]}, order_id="second")
    assert await world.results() == {"call-1": ()}
    assert (await world.state())["replay"]["id"] == "second"


async def test_an_order_that_is_withdrawn_leaves_no_call_and_is_not_played_again(world: World) -> None:
    await world.start(script())
    turns = {"turns": [{"say": HOURS}] * 20}
    await world.order(turns)
    await world.talking()
    await world.order()
    await until(lambda: not world.proxy.context.registry._by_token)
    await world.hung_up()
    assert "replay" not in await world.state()
    await world.order(turns)
    report = ReplayReport.model_validate((await world.state())["replay"])
    assert (report.done, report.error) == (True, "the order was withdrawn while it was played")


async def test_orders_for_other_pods_are_left_alone(world: World) -> None:
    await world.start(script())
    await world.order({"turns": [{"say": HOURS}]}, pod="proxy-2")
    assert "replay" not in await world.state()
    assert not world.proxy.context.registry._by_token


async def test_an_order_without_a_canary_says_so(world: World) -> None:
    await world.start(script())
    await world.order({"turns": [{"say": HOURS}]}, canary=False)
    report = ReplayReport.model_validate((await world.state())["replay"])
    assert (report.done, report.error) == (True, "the routing document names no canary to play against")


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


def _untimed(expected: Any) -> Any:
    """Without `within`, wherever it is."""
    if isinstance(expected, dict):
        return {name: _untimed(value) for name, value in expected.items() if name != "within"}
    return [_untimed(each) for each in expected] if isinstance(expected, list | tuple) else expected
