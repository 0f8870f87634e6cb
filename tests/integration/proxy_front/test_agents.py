import pytest

from tests.integration.proxy_front.agent import FakeAgent
from tests.integration.proxy_front.caller import Caller, settled
from tests.integration.proxy_front.conftest import World
from tests.integration.proxy_front.documents import STABLE, document
from understudy.apps.proxy import agents


async def test_a_full_pod_refuses_and_the_next_one_takes_the_call(world: World) -> None:
    first, second = world.agents
    first.capacity = 0
    for number in range(4):
        async with Caller(world.url, f"CA{number}"):
            assert (await second.call()).start["start"]["callSid"] == f"CA{number}"


async def test_calls_go_to_the_least_loaded_pod(world: World) -> None:
    """Also in a burst between two looks at the load: what was sent there counts at once."""
    callers = [Caller(world.url, f"CA{number}") for number in range(6)]
    for caller in callers:
        await caller.__aenter__()
    await settled(lambda: sum(agent.live for agent in world.agents) == 6)
    assert [agent.live for agent in world.agents] == [3, 3]
    for caller in callers:
        await caller.__aexit__()


async def test_without_a_free_agent_the_call_is_dropped_with_that_cause(world: World) -> None:
    for agent in world.agents:
        agent.capacity = 0
    async with Caller(world.url, "CA1") as caller:
        await settled(lambda: all(agent.refused for agent in world.agents))
        world.clock.advance(agents.ADMISSION_S)
        assert await caller.closed() == (1011, "NoAgentCapacity")
    observation = (await world.state_of())["observations"][0]
    assert (observation["end"], observation["cause"]) == ("Dropped", "NoAgentCapacity")


async def test_a_call_survives_the_death_of_its_agent(world: World) -> None:
    """The caller stays on the line, and the next pod's model is told what was said before."""
    async with Caller(world.url, "CA1") as caller:
        first = await world.call()
        await caller.say()
        await first.next("media")
        said = [{"role": "user", "content": "A table for four."}]
        assert (await first.ask("For when?", dialogue=said))["earlier"] == []
        await first.agent.die()

        second = await world.call()
        assert second.agent is not first.agent
        assert second.parameters == first.parameters
        assert second.start["streamSid"] == first.start["streamSid"]
        earlier = (await second.ask("As I said: for when?"))["earlier"]
        assert earlier == [*said, {"role": "assistant", "content": "For when?"}]
        await second.speak()
        assert await caller.hears()
        await caller.hang_up()
    assert (await world.state_of())["observations"][0]["end"] == "CallerHungUp"


async def test_what_the_caller_says_while_the_call_changes_hands_is_not_lost(world: World) -> None:
    async with FakeAgent() as late, Caller(world.url, "CA1") as caller:
        first = await world.call()
        for agent in world.agents:
            agent.capacity = 0
        await first.socket.close(code=1011)
        await settled(lambda: sum(agent.refused for agent in world.agents))
        await caller.say(3)
        await caller.send({"event": "dtmf", "streamSid": "MZCA1", "dtmf": {"digit": "5"}})
        await world.applied(document(2, stable=world.ref(STABLE, late)))
        second = await late.call()
        for _ in range(3):
            await second.next("media")
        assert (await second.next("dtmf"))["dtmf"]["digit"] == "5"


async def test_an_agent_that_keeps_dying_does_not_keep_the_caller_forever(world: World) -> None:
    async with Caller(world.url, "CA1") as caller:
        for _ in range(4):
            await (await world.call()).socket.close(code=1011)
        assert await caller.closed() == (1011, "AgentLost")


@pytest.mark.parametrize(("failure", "end"), [("", "AssistantEnded"), ("ModelUnavailable", "Dropped")])
async def test_an_agent_that_hangs_up_ends_the_call(world: World, failure: str, end: str) -> None:
    """On purpose; or because a provider left it nothing to say, which is no end that the assistant chose."""
    async with Caller(world.url, "CA1") as caller:
        call = await world.call()
        world.proxy.context.registry.live()[0].failure = failure
        await call.hang_up()
        assert (await caller.closed())[0] == (1011 if failure else 1000)
    observation = (await world.state_of())["observations"][0]
    assert (observation["end"], observation["cause"]) == (end, failure)


async def test_a_line_that_breaks_is_a_drop_and_a_goodbye_is_not(world: World) -> None:
    async with Caller(world.url, "CA1") as broken:
        await world.call()
        transport = broken.socket.get_extra_info("socket")
        assert transport is not None
        assert broken.socket._response.connection is not None
        assert broken.socket._response.connection.transport is not None
        broken.socket._response.connection.transport.abort()
        await settled(lambda: not world.assistant.live)
    async with Caller(world.url, "CA2"):
        await world.call()
    await settled(lambda: not world.assistant.live)
    ends = [(each["end"], each["cause"]) for each in (await world.state_of())["observations"]]
    assert ends == [("Dropped", "CarrierConnectionLost"), ("CallerHungUp", "")]
