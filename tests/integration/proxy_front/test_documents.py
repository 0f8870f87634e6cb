import asyncio

from tests.integration.proxy_front.caller import Caller, settled
from tests.integration.proxy_front.conftest import World
from tests.integration.proxy_front.documents import (
    CANARY,
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish_revision,
    snapshot,
)
from understudy.domain.routing.document import KEY


async def test_a_document_is_in_force_only_when_its_revisions_are_here(bare: World) -> None:
    """Until then the last one serves; the wait ends by itself when the revision can be read."""
    await bare.start()
    await bare.applied(document(1, stable=bare.ref(STABLE)))
    new = bare.ref("cccccccc")
    bare.publish(document(2, stable=bare.ref(STABLE), canary=new, canary_weight=50))
    keeper = bare.proxy._keepers[0]
    await settled(lambda: keeper._pending is not None)
    assert (await bare.state_of())["generation"] == 1
    publish_revision(bare.documents, new.name, snapshot("late"))
    assert await bare.assistant.changed.until(lambda: bare.assistant.generation == 2, 5)


async def test_a_rollback_does_not_wait_for_the_canary_it_abolishes(bare: World) -> None:
    """A revision that never becomes readable must not hold up the document that takes it back."""
    await bare.start()
    await bare.applied(document(1, stable=bare.ref(STABLE)))
    bare.publish(document(2, stable=bare.ref(STABLE), canary=bare.ref("cccccccc"), canary_weight=50))
    await settled(lambda: bare.proxy._keepers[0]._pending is not None)
    await bare.applied(document(3, stable=bare.ref(STABLE), rejected=("cccccccc",), retained=(bare.ref("cccccccc"),)))


async def test_an_older_broken_or_foreign_document_changes_nothing(world: World) -> None:
    await world.applied(document(5, stable=world.ref(STABLE)))
    keeper = world.proxy._keepers[0]
    path = world.documents / NAMESPACE / NAME / KEY
    good = document(5, stable=world.ref(STABLE))
    for refused, text in enumerate(
        (
            document(4, stable=world.ref(CANARY)).model_dump_json(by_alias=True),
            '{"namespace": "demo", "assi',
            good.model_copy(update={"generation": 9, "assistant": "another"}).model_dump_json(by_alias=True),
        ),
        start=1,
    ):
        path.write_text(text)
        await settled(lambda refused=refused: keeper.refused == refused)
        assert world.assistant.document == good


async def test_a_renewed_lease_is_applied_and_is_no_new_generation(world: World) -> None:
    await world.applied(world.canary(2, 50))
    applied_at = world.assistant.applied_at
    world.clock.advance(10)
    await world.applied(world.canary(2, 50))
    assert world.assistant.applied_at == applied_at


async def test_a_restarted_proxy_serves_from_disk_while_the_source_is_away(bare: World) -> None:
    """And an expired lease is still expired."""
    await bare.start()
    await bare.applied(bare.canary(7, 100))
    await bare.stop()
    (bare.documents / NAMESPACE / NAME / KEY).unlink()
    bare.clock.advance(60)

    await bare.start()
    assert (await bare.admin("/readyz"))[0] == 200
    async with Caller(bare.url, "CA1"):
        call = await bare.call()
        assert (await call.ask("Hello."))["prompt"] == "stable"
        report = await bare.state_of()
        assert (report["generation"], report["liveCalls"]) == (7, {STABLE: 1})


async def test_a_restored_document_is_not_undone_by_an_older_one(bare: World) -> None:
    await bare.start()
    await bare.applied(document(7, stable=bare.ref(STABLE)))
    await bare.stop()
    bare.publish(document(6, stable=bare.ref(CANARY)))
    await bare.start()
    await settled(lambda: bare.proxy._keepers[0].refused == 1)
    assert bare.assistant.generation == 7


async def test_only_the_named_revisions_are_kept_on_disk(bare: World) -> None:
    await bare.start()
    await bare.applied(bare.canary(1, 50))
    await bare.applied(document(2, stable=bare.ref(CANARY)))
    await bare.stop()
    kept = await asyncio.to_thread(lambda: sorted(path.name for path in bare.state.rglob("*.json")))
    assert kept == [f"{NAME}-{CANARY}.json", "routing.json"]
