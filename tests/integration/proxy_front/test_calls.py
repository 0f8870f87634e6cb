import base64
from collections.abc import Callable

import orjson
from aiohttp import ClientSession, WSCloseCode, WSMsgType

from tests.integration.proxy_front.caller import Caller, settled, ticket, twiml
from tests.integration.proxy_front.conftest import World
from tests.integration.proxy_front.documents import CANARY, STABLE, document, publish_revision, snapshot
from understudy.domain.naming import PARAM_PROXY, PARAM_TOKEN, PARAM_TURNS

STREAM = ".//Stream"


async def test_the_carrier_is_told_where_to_stream_in_the_words_it_knows_us_by(world: World) -> None:
    """Behind a load balancer the address is the balancer's, and https becomes wss."""
    forwarded = {"X-Forwarded-Host": "calls.example.com", "X-Forwarded-Proto": "https"}
    status, markup = await twiml(world.url, "CA1", forwarded)
    stream = markup.find(STREAM)
    assert status == 200
    assert stream is not None
    assert stream.get("url") == "wss://calls.example.com/v1/assistants/demo/front-desk/media"

    _, plain = await twiml(world.url, "CA1")
    direct = plain.find(STREAM)
    assert direct is not None
    assert direct.get("url") == world.url.replace("http", "ws") + "/v1/assistants/demo/front-desk/media"


async def test_a_carrier_that_keeps_its_connections_gets_its_stream_too(world: World) -> None:
    """TwiML and handshake from one client, as from a load balancer that keeps connections to us."""
    base = f"{world.url}/v1/assistants/demo/front-desk"
    async with ClientSession() as carrier:
        async with carrier.post(f"{base}/twiml", data={"CallSid": "CA1"}) as answer:
            assert answer.status == 200
            await answer.read()
        async with carrier.ws_connect(f"{base.replace('http', 'ws', 1)}/media") as stream:
            assert not stream.closed


async def test_an_assistant_without_a_revision_answers_busy(bare: World) -> None:
    """With status 200, because a carrier reads the markup of no other answer."""
    await bare.start()
    status, markup = await twiml(bare.url, "CA1")
    assert status == 200
    assert markup.find("Reject") is not None
    assert (await bare.admin("/readyz"))[0] == 503


async def test_audio_passes_both_ways_unchanged_and_the_agent_gets_its_key_and_the_way_back(world: World) -> None:
    async with Caller(world.url, "CA1", {"from_twiml": "x"}) as caller:
        call = await world.call()
        await caller.say()
        heard = await call.next("media")
        await call.speak(2)
        assert await caller.hears() == await caller.hears() == b"\x80" * 160
        assert heard["streamSid"] == call.start["streamSid"] == "MZCA1"
        assert set(call.parameters) == {PARAM_TOKEN, PARAM_PROXY, PARAM_TURNS}, (
            "the carrier's own parameters stay outside"
        )
        assert call.parameters[PARAM_PROXY] == world.url
        await caller.send({"event": "mark", "streamSid": "MZCA1", "mark": {"name": "m1"}})
        assert (await call.next("mark"))["mark"] == {"name": "m1"}


async def test_the_agent_is_told_who_ends_turns(bare: World) -> None:
    """As the revision has it; agent pods serve revisions that differ in it."""
    flux = {"account": "sim", "provider": "deepgram", "model": "flux-general-en", "turnDetection": "Provider"}
    publish_revision(bare.documents, STABLE, snapshot("stable", transcribers=(flux,)))
    await bare.start()
    await bare.applied(document(1, stable=bare.ref(STABLE)))
    async with Caller(bare.url, "CA1"):
        assert (await bare.call()).parameters[PARAM_TURNS] == "Provider"


async def test_a_call_stays_on_the_revision_it_started_on_while_weights_change(
    world: World, on_arm: Callable[[str], str]
) -> None:
    await world.applied(world.canary(2, 50))
    async with Caller(world.url, on_arm("canary")) as caller, Caller(world.url, on_arm("stable")):
        calls = [await world.call(), await world.call()]
        assert (await world.state_of())["liveCalls"] == {CANARY: 1, STABLE: 1}
        await world.applied(world.canary(3, 0))
        prompts = {(await call.ask("Hello.")).get("prompt") for call in calls}
        assert prompts == {"canary", "stable"}
        await caller.hang_up()


async def test_a_caller_who_comes_back_keeps_the_arm(world: World, on_arm: Callable[[str], str]) -> None:
    """The ticket in the TwiML outlives the weight it was drawn under; without it the weight of the day counts."""
    call_id = on_arm("canary")
    await world.applied(world.canary(2, 50))
    parameters = await ticket(world.url, call_id)
    await world.applied(world.canary(3, 0))
    async with Caller(world.url, call_id, parameters):
        await settled(lambda: world.assistant.live)
        assert (await world.state_of())["liveCalls"] == {CANARY: 1}
    await settled(lambda: not world.assistant.live)
    async with Caller(world.url, call_id):
        await settled(lambda: world.assistant.live)
        assert (await world.state_of())["liveCalls"] == {STABLE: 1}


async def test_a_ticket_opens_no_provider_and_no_other_call(world: World, on_arm: Callable[[str], str]) -> None:
    """The carrier sees it, so it must not work as a key."""
    call_id = on_arm("canary")
    await world.applied(world.canary(2, 50))
    parameters = await ticket(world.url, call_id)
    await world.applied(world.canary(3, 0))
    async with Caller(world.url, "CA-other", parameters):
        call = await world.call()
        assert (await world.state_of())["liveCalls"] == {STABLE: 1}
        call.parameters[PARAM_TOKEN] = parameters[PARAM_TOKEN]
        assert (await call.ask("Hello."))["status"] == 401


async def test_the_key_of_a_call_dies_with_it(world: World) -> None:
    async with Caller(world.url, "CA1") as caller:
        call = await world.call()
        assert (await call.ask("Hello."))["status"] == 200
        await caller.hang_up()
        assert (await call.ask("Hello."))["status"] == 401


async def test_a_lease_that_ran_out_sends_new_calls_to_stable(world: World, on_arm: Callable[[str], str]) -> None:
    """No operator, no canary."""
    await world.applied(world.canary(2, 100))
    world.clock.advance(31)
    async with Caller(world.url, on_arm("canary")):
        await settled(lambda: world.assistant.live)
        assert (await world.state_of())["liveCalls"] == {STABLE: 1}


async def test_a_rolled_back_call_gets_stable_from_its_next_turn(world: World, on_arm: Callable[[str], str]) -> None:
    await world.applied(world.canary(2, 50))
    async with Caller(world.url, on_arm("canary")) as caller:
        call = await world.call()
        await caller.say()
        await call.next("media")
        assert (await call.ask("One."))["prompt"] == "canary"
        await call.speak()
        await caller.hears()
        await world.applied(document(3, stable=world.ref(STABLE), rejected=(CANARY,), retained=(world.ref(CANARY),)))
        await caller.say()
        await call.next("media")
        assert (await call.ask("Two."))["prompt"] == "stable"
        await call.speak()
        await caller.hears()
        await caller.hang_up()
    report = await world.state_of()
    assert report["rescuedCalls"] == 1
    observation = report["observations"][0]
    assert (observation["revision"], observation["arm"], observation["rescued"]) == (CANARY, "canary", True)
    assert [turn["rescued"] for turn in observation["turns"]] == [False, True]


async def test_pinned_calls_are_left_alone(world: World, on_arm: Callable[[str], str]) -> None:
    await world.applied(world.canary(2, 50, rescue="Pin"))
    async with Caller(world.url, on_arm("canary")):
        call = await world.call()
        await world.applied(document(3, stable=world.ref(STABLE), rejected=(CANARY,), rescue="Pin"))
        assert (await call.ask("Hello."))["prompt"] == "canary"
        assert (await world.state_of())["rescuedCalls"] == 0


async def test_a_call_that_lasts_too_long_is_ended_by_the_proxy(bare: World) -> None:
    publish_revision(bare.documents, STABLE, snapshot("stable", max_call_duration_ms=300))
    await bare.start()
    await bare.applied(document(1, stable=bare.ref(STABLE)))
    async with Caller(bare.url, "CA1") as caller:
        assert (await caller.closed())[0] == 1000
    assert (await bare.state_of())["observations"][0]["end"] == "MaxDuration"


async def test_a_call_without_any_model_left_is_ended_with_its_cause(world: World) -> None:
    """The line is closed rather than left dead, and the record says why."""
    async with Caller(world.url, "CA1") as caller:
        await world.call()
        (call,) = world.proxy.context.registry.live()
        call.failure = "ModelUnavailable"
        await settled(lambda: world.clock.advance(1) or not world.assistant.live)
        assert (await caller.socket.receive()).type is WSMsgType.CLOSE
        assert caller.socket.close_code == WSCloseCode.INTERNAL_ERROR
    (left,) = (await world.state_of())["observations"]
    assert (left["end"], left["cause"]) == ("Dropped", "ModelUnavailable")


async def test_a_caller_nobody_can_hear_is_told_before_the_line_is_closed(world: World) -> None:
    """What a voice could still say is played to the end."""
    async with Caller(world.url, "CA1") as caller:
        await world.call()
        (call,) = world.proxy.context.registry.live()
        call.farewell, call.failure = b"\x10" * 12_000, "TranscriberUnavailable"
        await settled(lambda: world.clock.advance(1) or not world.assistant.live)
        heard = b""
        while (message := await caller.socket.receive()).type is WSMsgType.TEXT:
            heard += base64.b64decode(orjson.loads(message.data)["media"]["payload"])
    assert heard == b"\x10" * 12_000
    assert message.type is WSMsgType.CLOSE
