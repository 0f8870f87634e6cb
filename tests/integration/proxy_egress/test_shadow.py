"""Turns of stable's calls are asked of the canary's model as well, and nobody notices but the judge."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.integration.proxy_front.documents import CANARY, STABLE, ref
from understudy.apps.proxy.egress import shadow, shadow_call
from understudy.domain.calls.observation import Defect, ShadowTurn
from understudy.domain.revision.snapshot import Limits
from understudy.domain.routing.document import Arm

from .conftest import Serve
from .fake_model import TEXT, FakeModel, sse
from .shadowed_call import BOOK, World, revision, settled, shadowing, webhook
from .test_chat_fallback import said


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs other tests beside this one is no busy proxy."""
    monkeypatch.setattr(shadow, "LATE_S", 5.0)


async def both(serve: Serve, stable: FakeModel, canary: FakeModel, **of_canary: Any) -> tuple[Any, Any]:
    """The two revisions, each with a model of its own."""
    first = revision(await serve(stable.route()), "You are stable.", account="old")
    return first, revision(await serve(canary.route()), "You are new.", account="new", **of_canary)


async def settled_turn(world: World, outcome: str, count: int = 1) -> None:
    await settled(lambda: world.mirrors(outcome) == count)


async def test_the_canary_is_asked_the_same_with_its_own_prompt_and_tools(serve: Serve, tmp_path: Path) -> None:
    """Same dialogue, other instructions; the agent hears stable, and no tool is carried out."""
    stable, canary, asked = FakeModel(), FakeModel("tool"), []

    async def tools(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response({})

    server = webhook(await serve(web.post("/tools", tools)))
    revisions = await both(serve, stable, canary, tools=(BOOK,), webhook=server)
    async with shadowing(tmp_path, *revisions) as world:
        talk = world.open()
        assert said(await talk.turn("A table for two, please.")) == TEXT
        await settled_turn(world, "mirrored")
        (turn,) = (await talk.hangs_up()).shadow
        tokens = world.metric(
            "understudy_shadow_tokens_total",
            account="new",
            deployment="new",
            gen_ai_token_type="input",  # noqa: S106 - a kind of token
        )
        requests = [
            world.metric("understudy_model_requests_total", account=name, deployment=name, why=why, outcome="ok")
            for name, why in (("new", "shadow"), ("old", "fastest"), ("old", "shadow"))
        ]
        answers = [
            world.metric("understudy_provider_attempts_total", part="model", account=a, outcome="ok")
            for a in ("old", "new")
        ]
    told, mirrored = stable.requests[0]["messages"], canary.requests[0]["messages"]
    assert [message["content"] for message in (told[0], mirrored[0])] == ["You are stable.", "You are new."]
    assert told[1:] == mirrored[1:]
    assert [tool["function"]["name"] for tool in canary.requests[0]["tools"]] == ["book"]
    assert asked == []
    assert turn.stable_ms is not None
    assert turn.canary_ms is not None
    assert (turn.stable_defects, turn.canary_defects) == ((), ())
    assert tokens > 0
    assert requests == [1, 1, 0]
    assert answers == [1, 0], "counters of callers' requests know nothing of mirrors"


async def test_the_canary_is_asked_after_stable_has_answered(serve: Serve, tmp_path: Path) -> None:
    """Never before: the caller has what he waited for."""
    stable, canary = FakeModel("after_gate"), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        turn = asyncio.create_task(talk.turn("Hello?"))
        await asyncio.wait_for(stable.asked.wait(), 5)
        assert canary.requests == []
        stable.gate.set()
        await turn
        await asyncio.wait_for(canary.asked.wait(), 5)


async def test_a_canary_that_hangs_holds_nothing_up(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent has its whole answer; the call is reported a moment after its end, and the request cancelled."""
    monkeypatch.setattr(shadow_call, "LAST_S", 0.05)
    stable, canary = FakeModel(), FakeModel("hang")
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        assert said(await talk.turn("Hello?")) == TEXT
        await asyncio.wait_for(canary.asked.wait(), 5)
        (turn,) = (await talk.hangs_up()).shadow
        await asyncio.wait_for(canary.aborted.wait(), 5)
    assert turn.canary_ms is None
    assert turn.stable_ms is not None


async def test_where_stable_fails_the_canary_is_asked_all_the_same(serve: Serve, tmp_path: Path) -> None:
    """Without these turns a canary that repairs something would never be seen to."""
    stable, canary = FakeModel(status=500), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        (turn,) = (await talk.hangs_up()).shadow
    assert turn.stable_ms is None
    assert turn.canary_ms is not None


async def test_defects_are_found_on_both_sides_against_the_same_dialogue(serve: Serve, tmp_path: Path) -> None:
    """The canary repeats what it was shown that the assistant had said, as stable does."""
    stable, canary = FakeModel(), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        for count in (1, 2):
            await talk.turn("When are you open?", TEXT)
            await settled_turn(world, "mirrored", count)
        observation = await talk.hangs_up()
    assert [(turn.stable_defects, turn.canary_defects) for turn in observation.shadow] == [
        ((), ()),
        ((Defect.REPEATED,), (Defect.REPEATED,)),
    ]


GIVEN = {
    "empty": (FakeModel("empty"), (Defect.EMPTY,)),
    "reprompt": (FakeModel("given"), (Defect.REPROMPT,)),
    "refused": (FakeModel(status=401), ()),
}


@pytest.mark.parametrize("kind", GIVEN)
async def test_what_is_wrong_with_the_canary_is_evidence(kind: str, serve: Serve, tmp_path: Path) -> None:
    """Empty answers, questions to say it again, and none at all."""
    canary, defects = GIVEN[kind]
    canary.given = sse({"content": "Could you say that again, please?"}) + sse({}, "stop") + b"data: [DONE]\n\n"
    async with shadowing(tmp_path, *await both(serve, FakeModel(), canary)) as world:
        talk = world.open()
        assert said(await talk.turn("Hello?")) == TEXT
        await settled_turn(world, "mirrored")
        (turn,) = (await talk.hangs_up()).shadow
    assert (turn.canary_defects, turn.canary_ms is None) == (defects, kind != "reprompt")
    assert turn.stable_defects == ()


STOPS: dict[str, dict[str, object]] = {
    "rolled back": {"canary": None, "retained": (ref(CANARY, "127.0.0.1:1"),), "rejected": (CANARY,)},
    "rejected": {"rejected": (CANARY,)},
    "lease over": {"lease_expires_at": 1.0},
    "step over": {"shadow_percent": 0},
    "promoted": {"stable": ref(CANARY, "127.0.0.1:1"), "canary": None, "retained": (ref(STABLE, "127.0.0.1:1"),)},
}


@pytest.mark.parametrize("why", STOPS)
async def test_no_turn_is_mirrored_any_more(why: str, serve: Serve, tmp_path: Path) -> None:
    """From the very turn on that follows the document."""
    stable, canary = FakeModel(), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        await world.applied(world.shadowing(2, **STOPS[why]))
        await talk.turn("Are you there?")
        observation = await talk.hangs_up()
    assert len(stable.requests) == 2
    assert len(canary.requests) == 1
    assert len(observation.shadow) == (0 if why in ("rolled back", "promoted") else 1)


async def test_whose_turns_are_mirrored(serve: Serve, tmp_path: Path) -> None:
    """Stable's, from the first turn of a call on; not the canary's, not the greeting, nobody's at 0 percent."""
    stable, canary = FakeModel(), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary), shadow_percent=0) as world:
        before = world.open("CA-before")
        await before.turn("Hello?")
        await before.turn("Hello again?")
        await world.applied(world.shadowing(2))
        await before.turn("And once more?")
        greeted = world.open("CA-greeted")
        async with greeted.post() as response:
            await response.read()
        assert (await greeted.hangs_up()).shadow == ()
        assert (await before.hangs_up()).shadow == ()
        assert canary.requests == []
        of_canary = world.open("CA-canary", Arm.CANARY)
        await of_canary.turn("Hello?")
        assert (await of_canary.hangs_up()).shadow == ()
        assert world.mirrors("mirrored") == 0


async def test_an_agent_that_gives_up_takes_the_mirror_along(serve: Serve, tmp_path: Path) -> None:
    """The caller interrupted: there is nothing to compare with, and nothing more to pay for."""
    stable, canary = FakeModel("stall_after_sentence"), FakeModel("hang")
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        talk.says("Hello?")
        async with talk.post() as response:
            await response.content.readany()
            await asyncio.wait_for(canary.asked.wait(), 5)
        await asyncio.wait_for(canary.aborted.wait(), 5)
        await settled_turn(world, "cancelled")
        assert (await talk.hangs_up()).shadow == ()


async def test_mirrors_are_bounded(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over the bound is left out, not put off."""
    monkeypatch.setattr(shadow, "MOST_AT_ONCE", 1)
    stable, canary = FakeModel(), FakeModel("hang")
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        first, second = world.open("CA1"), world.open("CA2")
        await first.turn("Hello?")
        await asyncio.wait_for(canary.asked.wait(), 5)
        assert said(await second.turn("Hello?")) == TEXT
        await settled_turn(world, "busy")
        assert (await second.hangs_up()).shadow == ()
    assert len(canary.requests) == 1


async def test_a_busy_proxy_mirrors_nothing(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that is late has callers to serve."""
    monkeypatch.setattr(shadow, "LATE_S", -5.0)
    stable, canary = FakeModel(), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        assert said(await world.open().turn("Hello?")) == TEXT
        await settled_turn(world, "busy")
    assert canary.requests == []


async def test_callers_have_the_accounts_limits_first(serve: Serve, tmp_path: Path) -> None:
    """An account that has less than half of its burst left answers callers only."""
    limits = Limits(requests_per_minute=12)
    stable, canary = FakeModel(), FakeModel()
    async with shadowing(tmp_path, *await both(serve, stable, canary, limits=limits)) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        for count in (1, 2):
            assert said(await talk.turn("And?")) == TEXT
            await settled(lambda count=count: world.mirrors("limited") + world.mirrors("mirrored") == count + 1)
        assert world.mirrors("limited") >= 1
    assert len(canary.requests) < 3


async def test_a_provider_that_is_full_is_no_evidence_and_left_alone(serve: Serve, tmp_path: Path) -> None:
    """The 429 is our doubling's as much as the canary's."""
    stable, canary = FakeModel(), FakeModel(status=429)
    async with shadowing(tmp_path, *await both(serve, stable, canary)) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "limited")
        asked = len(canary.requests)
        await talk.turn("And?")
        await settled_turn(world, "limited", 2)
        assert (await talk.hangs_up()).shadow == ()
    assert len(canary.requests) == asked


async def test_stables_deployment_is_not_learned_of_from_mirrors(serve: Serve, tmp_path: Path) -> None:
    """A canary that differs in its prompt only, and answers nothing to it, must not close the way for callers."""
    model = FakeModel()
    url = await serve(model.route())
    stable, canary = (revision(url, prompt, account="sim") for prompt in ("You are stable.", "You are new."))
    async with shadowing(tmp_path, stable, canary) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        entry = world.proxy.context.pools.knowledge.entry("demo/sim/m//")
        assert entry.estimate.samples == 1
        assert (await talk.hangs_up()).shadow
    assert len(model.requests) == 2


async def test_a_key_that_is_refused_to_the_canary_is_not_taken_from_callers(serve: Serve, tmp_path: Path) -> None:
    """The same key may not be good for the canary's model, and be so for stable's."""
    revisions = await both(serve, FakeModel(), FakeModel(status=403))
    async with shadowing(tmp_path, *revisions) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        (turn,) = (await talk.hangs_up()).shadow
        found = world.proxy.context.credentials.problems("demo", world.assistant.snapshots.values())
    assert turn.canary_ms is None
    assert found == ()


async def test_the_canarys_own_deployment_is_warm_when_callers_come(serve: Serve, tmp_path: Path) -> None:
    """What mirrors learn of it is kept."""
    async with shadowing(tmp_path, *await both(serve, FakeModel(), FakeModel())) as world:
        await world.open().turn("Hello?")
        await settled_turn(world, "mirrored")
        await settled(lambda: world.proxy.context.pools.knowledge.entry("demo/new/m//").estimate.samples == 1)


async def test_what_the_operator_reads(serve: Serve, tmp_path: Path) -> None:
    """The turn's other times go with both answers, as both would have needed them."""
    async with shadowing(tmp_path, *await both(serve, FakeModel(), FakeModel())) as world:
        talk = world.open()
        await talk.turn("Hello?")
        await settled_turn(world, "mirrored")
        observation = await talk.hangs_up()
    (turn,), (record,) = observation.shadow, observation.turns
    assert record.total_ms is not None
    assert turn.stable_ms is not None
    assert turn.other_ms == pytest.approx(max(0.0, record.total_ms - turn.stable_ms), abs=0.2)
    assert ShadowTurn.model_validate(turn.to_json()) == turn
