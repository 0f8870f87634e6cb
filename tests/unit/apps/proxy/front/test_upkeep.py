"""Connections are warm before they are needed, and pools go with their revisions."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call, Registry
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.http.transport import Transport
from understudy.apps.proxy.keys import Keys
from understudy.apps.proxy.metrics import Metrics
from understudy.apps.proxy.pools import Kind, Pools
from understudy.apps.proxy.upkeep import WARM, Upkeep
from understudy.base.clock import ManualClock
from understudy.domain.calls.observation import CallEnd
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot
from understudy.domain.routing.document import Arm


def revision(count: int) -> Snapshot:
    accounts = {f"a{n}": Account(name=f"a{n}", provider="openai", base_url=f"https://h{n}/v1") for n in range(count)}
    targets = tuple(ModelTarget(name=name, account=name, model="m") for name in (*accounts, "nobody"))
    model = Model(targets=targets, system_prompt="P")
    return Snapshot(accounts=accounts, model=model, transcribers=(), voices=(), agent=Agent(image="i"))


class World:
    def __init__(self, tmp_path: Path) -> None:
        clock = ManualClock()
        self.assistant = Assistant("ns", "desk")
        self.assistant.snapshots["aaaaaaaa"] = revision(5)
        self.registry = Registry({"ns/desk": self.assistant}, Keys(clock), clock)
        self.pools = Pools(random.Random(1))
        self.warmed: list[str] = []
        transport = cast("Transport", SimpleNamespace(warm=self.warmed.append))
        context = ProxyContext(
            self.registry, Credentials(clock, tmp_path), clock, Metrics(), cast("Any", None), transport, self.pools
        )
        self.upkeep = Upkeep(context)
        self.registry.on_open.append(self.upkeep.opened)

    def call(self) -> Call:
        return self.registry.open(self.assistant, "CA1", Arm.STABLE, "aaaaaaaa")


def test_a_new_call_warms_the_head_of_the_ranking(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.call()
    assert world.warmed == [f"https://h{n}/v1/chat/completions" for n in range(WARM)]


def test_connections_are_kept_while_there_are_calls(tmp_path: Path) -> None:
    world = World(tmp_path)
    call = world.call()
    world.warmed.clear()
    world.upkeep.round(world.assistant)
    assert len(world.warmed) == WARM
    world.registry.close(call, CallEnd.CALLER_HUNG_UP, "")
    world.warmed.clear()
    world.upkeep.round(world.assistant)
    assert world.warmed == []


def test_a_pool_lives_as_long_as_its_revision_is_held(tmp_path: Path) -> None:
    """By the document or by a call."""
    world = World(tmp_path)
    call = world.call()
    world.assistant.snapshots = {"bbbbbbbb": revision(1)}
    world.pools.of("ns/desk", "cccccccc", revision(1), Kind())
    world.upkeep.round(world.assistant)
    assert [route.revision for route in world.pools.views("ns/desk")] == ["aaaaaaaa"]
    world.registry.close(call, CallEnd.CALLER_HUNG_UP, "")
    world.upkeep.round(world.assistant)
    assert world.pools.views("ns/desk") == ()
