"""Golden calls from order to report: real agent, real speech, really recognised, with golden tools."""

from typing import Any

import yaml

from tests.unit.docs.pages import ROOT
from understudy.domain.calls.golden import parse_calls
from understudy.domain.calls.observation import ReplayReport

from .conftest import World, script, until

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


def _untimed(expected: Any) -> Any:
    """Without `within`, wherever it is."""
    if isinstance(expected, dict):
        return {name: _untimed(value) for name, value in expected.items() if name != "within"}
    return [_untimed(each) for each in expected] if isinstance(expected, list | tuple) else expected
