"""Beyond a hard ceiling a proxy sends a canary no new calls, though nobody tells it to."""

import asyncio
from collections.abc import Callable

from prometheus_client import generate_latest

from tests.integration.proxy_front.caller import Caller, settled, ticket
from tests.integration.proxy_front.conftest import World
from tests.integration.proxy_front.documents import CANARY, STABLE, document
from understudy.api.rollout import RatioSignal, RatioSlo, ScoreSignal, ScoreSlo, Slo
from understudy.apps.proxy.calls import Call
from understudy.domain.calls.observation import CallEnd, CallObservation, Stopped
from understudy.domain.routing.document import Arm

CEILINGS = (Slo(name="drops", ratio=RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=2, ceiling_percent=10)),)


def drop(world: World, calls: int, arm: Arm = Arm.CANARY) -> None:
    """Calls that are dropped."""
    registry, name = world.proxy.context.registry, CANARY if arm is Arm.CANARY else STABLE
    for number in range(calls):
        call = registry.open(world.assistant, f"CA-dropped-{number}", arm, name)
        registry.close(call, CallEnd.DROPPED, "AgentLost")


async def arm_of(world: World, call_id: str, parameters: dict[str, str] | None = None) -> str:
    """The arm that a new call takes."""
    async with Caller(world.url, call_id, parameters):
        await settled(lambda: call_id in world.assistant.live)
        arm: str = world.assistant.live[call_id].token.arm
    await settled(lambda: call_id not in world.assistant.live)
    return arm


def metric(world: World, name: str) -> str:
    """The metric's line."""
    text = generate_latest(world.proxy.context.metrics.registry).decode()
    return next(line for line in text.splitlines() if line.startswith(f"{name}{{"))


async def test_a_canary_beyond_a_ceiling_gets_no_new_calls(world: World, on_arm: Callable[[str], str]) -> None:
    """Nor those whose ticket says canary; the operator reads why; stable's own drops have no part in it."""
    call_id = on_arm("canary")
    await world.applied(world.canary(2, 50, ceilings=CEILINGS))
    drop(world, 8, Arm.STABLE)
    drop(world, 2)
    assert await arm_of(world, call_id) == "canary"
    parameters = await ticket(world.url, call_id)
    drop(world, 3)
    assert await arm_of(world, call_id) == "stable"
    assert await arm_of(world, call_id, parameters) == "stable"
    report = await world.state_of()
    stopped = Stopped.model_validate(report["stopped"])
    assert (stopped.revision, stopped.slo, stopped.ceiling_percent) == (CANARY, "drops", 10)
    assert metric(world, "understudy_canary_stopped").endswith(" 1.0")
    assert metric(world, "understudy_canary_weight_percent").endswith(" 0.0")


async def test_a_stop_lasts_until_the_rollout_begins_again(world: World, on_arm: Callable[[str], str]) -> None:
    """Renewed leases and heavier steps do not lift it; a rollback and a retry do."""
    call_id = on_arm("canary")
    await world.applied(world.canary(2, 50, ceilings=CEILINGS))
    drop(world, 5)
    for generation, weight in ((2, 50), (3, 60)):
        world.clock.advance(1)
        await world.applied(world.canary(generation, weight, ceilings=CEILINGS))
        assert await arm_of(world, call_id) == "stable"
    await world.applied(document(4, stable=world.ref(STABLE), retained=(world.ref(CANARY),), rejected=(CANARY,)))
    assert "stopped" not in await world.state_of()
    await world.applied(world.canary(5, 50, ceilings=CEILINGS))
    assert await arm_of(world, call_id) == "canary"


async def test_a_retry_whose_rollback_was_not_seen_begins_anew(world: World, on_arm: Callable[[str], str]) -> None:
    """Its first step is lighter than the last one seen; calls of the earlier attempt say nothing about it."""
    await world.applied(world.canary(2, 60, ceilings=CEILINGS))
    registry = world.proxy.context.registry
    earlier = [registry.open(world.assistant, f"CA-earlier-{n}", Arm.CANARY, CANARY) for n in range(5)]
    drop(world, 5)
    world.clock.advance(1)
    await world.applied(world.canary(4, 50, ceilings=CEILINGS))
    for call in earlier:
        registry.close(call, CallEnd.DROPPED, "AgentLost")
    assert await arm_of(world, on_arm("canary")) == "canary"


async def test_a_stop_does_not_wait_for_scores(world: World, on_arm: Callable[[str], str]) -> None:
    """Nor does the operator: it is told before the calls are reported."""
    scored = asyncio.Event()

    async def score(_call: Call, observation: CallObservation) -> CallObservation:
        await scored.wait()
        return observation

    world.proxy.context.registry.finishers.append(score)
    await world.applied(world.canary(2, 50, ceilings=CEILINGS))
    told = asyncio.create_task(world.state_of(after=0, generation=2, wait=30))
    await settled(lambda: world.assistant.polled_at is not None)
    drop(world, 3)
    report = await asyncio.wait_for(told, 5)
    assert (report["stopped"]["slo"], report["observations"]) == ("drops", [])
    assert await arm_of(world, on_arm("canary")) == "stable"
    scored.set()
    await settled(lambda: world.assistant.finished.last == 4)


async def test_scores_have_ceilings_too(world: World, on_arm: Callable[[str], str]) -> None:
    """Of those that came in time; a call without one says nothing."""
    scores = iter([None] * 6 + [0.0] * 20)

    async def score(_call: Call, observation: CallObservation) -> CallObservation:
        return observation.model_copy(update={"judge_score": next(scores)})

    floor = ScoreSlo(signal=ScoreSignal.JUDGE, min_percent=80, floor_percent=60)
    world.proxy.context.registry.finishers.append(score)
    await world.applied(world.canary(2, 50, ceilings=(Slo(name="judge", score=floor),)))
    drop(world, 6)
    await settled(lambda: world.assistant.finished.last == 6)
    assert await arm_of(world, on_arm("canary")) == "canary"
    drop(world, 15)
    await settled(lambda: (world.assistant.ceilings.stopped and world.assistant.ceilings.stopped.slo) == "judge")
    assert await arm_of(world, on_arm("canary")) == "stable"


async def test_without_ceilings_no_canary_is_stopped(world: World, on_arm: Callable[[str], str]) -> None:
    """That is the operator's to decide."""
    await world.applied(world.canary(2, 50))
    drop(world, 20)
    assert await arm_of(world, on_arm("canary")) == "canary"
