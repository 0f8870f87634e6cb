"""An upgrade replaces the proxies of a few assistants at a time."""

from typing import Any

from tests.unit.apps.controller.stage import Stage
from understudy.apps.controller.herd import AT_ONCE, PATIENCE_S, Herd
from understudy.apps.controller.ports import Key
from understudy.base.clock import ManualClock


def deployment(image: str, *, complete: bool = True, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": image}]}}, **spec},
        "status": {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2 if complete else 1},
    }


OLD, NEW = deployment("old"), deployment("new")
MOVING = deployment("new", complete=False)
KEYS = [Key("n", str(number)) for number in range(AT_ONCE + 2)]


def test_the_next_one_waits_until_a_place_is_free() -> None:
    herd = Herd(ManualClock())
    assert [herd.may_write(key, OLD, NEW) for key in KEYS] == [True] * AT_ONCE + [False] * 2
    assert herd.may_write(KEYS[0], MOVING, NEW)
    assert not herd.may_write(KEYS[-1], OLD, NEW)
    assert herd.may_write(KEYS[0], NEW, NEW)
    assert herd.may_write(KEYS[-1], OLD, NEW)
    assert not herd.may_write(KEYS[-2], OLD, NEW)


def test_what_is_new_or_keeps_its_image_never_waits() -> None:
    """A first install is not an upgrade, and a change of one assistant is that assistant's."""
    herd = Herd(ManualClock())
    for key in KEYS[:AT_ONCE]:
        herd.may_write(key, OLD, NEW)
    assert herd.may_write(KEYS[-1], None, NEW)
    assert herd.may_write(KEYS[-1], OLD, deployment("old", replicas=5))


def test_whoever_is_stuck_makes_room_in_the_end() -> None:
    clock = ManualClock()
    herd = Herd(clock)
    for key in KEYS[:AT_ONCE]:
        herd.may_write(key, OLD, NEW)
    clock.advance(PATIENCE_S)
    assert herd.may_write(KEYS[-1], OLD, NEW)


def test_a_new_process_counts_those_that_move_already() -> None:
    herd = Herd(ManualClock())
    for key in KEYS[:AT_ONCE]:
        herd.may_write(key, MOVING, NEW)
    assert not herd.may_write(KEYS[-1], OLD, NEW)


def test_one_that_is_gone_leaves_its_place() -> None:
    herd = Herd(ManualClock())
    for key in KEYS[:AT_ONCE]:
        herd.may_write(key, OLD, NEW)
    herd.forget(KEYS[0])
    assert herd.may_write(KEYS[-1], OLD, NEW)


async def test_the_reconciler_leaves_a_proxy_alone_that_has_to_wait() -> None:
    """Everything else of the assistant goes on, and it comes back for the proxy."""
    stage = Stage()
    await stage.settle()
    stage.restart(proxy="understudy:2")
    for number in range(AT_ONCE):
        stage.reconciler._herd.may_write(Key("n", str(number)), OLD, NEW)
    for _ in range(2):
        due = await stage.once()
        stage.follow()
    assert due is not None
    assert due <= 5.0
    proxy = stage.cluster.objects["Deployment", "shop", "front-desk-proxy"]
    container = proxy["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "understudy:1"
    for number in range(AT_ONCE):
        stage.reconciler._herd.forget(Key("n", str(number)))
    await stage.once()
    proxy = stage.cluster.objects["Deployment", "shop", "front-desk-proxy"]
    assert proxy["spec"]["template"]["spec"]["containers"][0]["image"] == "understudy:2"
