"""What a call tells besides its turns: whether an agent took it, and answers that the caller talked over."""

from typing import Any

from tests.integration.proxy_front.caller import Caller, settled
from tests.integration.proxy_front.conftest import World
from understudy.apps.proxy import agents
from understudy.domain.calls.ledger import TALKED_OVER_FRAMES
from understudy.domain.calls.observation import JUDGED_TURNS


async def left(world: World) -> dict[str, Any]:
    """What the call left."""
    await settled(lambda: world.assistant.finished.last)
    found: dict[str, Any] = (await world.state_of())["observations"][0]
    return found


async def test_a_call_that_no_agent_took_is_told_from_one_that_ended_later(world: World) -> None:
    """Both are dropped; only one of them found nobody."""
    async with Caller(world.url, "CA1"):
        await world.call()
    assert (await left(world))["connected"] is True


async def test_a_call_that_no_agent_took_was_not_connected(world: World) -> None:
    """It is an own signal, because what has to be repaired is another thing."""
    for agent in world.agents:
        agent.capacity = 0
    async with Caller(world.url, "CA1") as caller:
        await settled(lambda: all(agent.refused for agent in world.agents))
        world.clock.advance(agents.ADMISSION_S)
        await caller.closed()
    assert (await left(world))["connected"] is False


async def talk_over(world: World, frames: int, *, clears: bool) -> dict[str, Any]:
    """A call whose second answer of two seconds the caller talks over for so many frames."""
    async with Caller(world.url, "CA1") as caller:
        agent = await world.call()
        for count in (1, 2):
            await caller.say()
            await agent.next("media")
            await agent.ask(f"This is answer number {count}.")
            await agent.speak(100)
            for _ in range(100):
                await caller.hears()
            world.clock.advance(0.5 if count == 2 else 3.0)
        await caller.say(frames)
        for _ in range(frames):
            await agent.next("media")
        if clears:
            await agent.socket.send_str('{"event":"clear","streamSid":"MZCA1"}')
            assert (await caller.event())["event"] == "clear"
        await caller.hang_up()
    return await left(world)


async def test_an_answer_that_the_caller_talks_over_is_an_interruption(world: World) -> None:
    """Whether or not the agent notices."""
    assert (await talk_over(world, TALKED_OVER_FRAMES, clears=False))["interruptions"] == 1


async def test_an_answer_that_the_agent_cuts_off_for_the_caller_is_an_interruption(world: World) -> None:
    """It noticed sooner than we would have."""
    assert (await talk_over(world, 3, clears=True))["interruptions"] == 1


async def test_a_short_sound_is_no_interruption(world: World) -> None:
    """A cough, or a word of assent."""
    assert (await talk_over(world, 3, clears=False))["interruptions"] == 0


async def test_a_very_long_call_is_reported_before_it_ends(world: World) -> None:
    """Its turns after so many of them, its end when it comes: each signal once."""
    async with Caller(world.url, "CA1") as caller:
        agent = await world.call()
        for count in range(JUDGED_TURNS + 1):
            await caller.say()
            await agent.next("media")
            await agent.ask(f"This is answer number {count}.")
            await agent.speak(1)
            await caller.hears()
            world.clock.advance(1.0)
        call = world.assistant.live["CA1"]
        assert call.ledger.ripe
        world.proxy.upkeep.round(world.assistant)
        world.proxy.upkeep.round(world.assistant)
        (turns,) = (await world.state_of())["observations"]
        assert (turns["part"], len(turns["turns"]), "completed" in turns) == ("Turns", JUDGED_TURNS, False)
        assert (await world.state_of())["liveCalls"] == {turns["revision"]: 1}
        await caller.hang_up()
    await settled(lambda: world.assistant.finished.last == 2)
    end = (await world.state_of())["observations"][1]
    assert (end["part"], end["end"], end["turns"]) == ("End", "CallerHungUp", [])
