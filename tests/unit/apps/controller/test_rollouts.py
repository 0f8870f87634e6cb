"""Rollouts through the reconciler: what is read, made, told and kept for them, and what is not."""

import copy
import logging
from typing import Any

import pytest

from tests.unit.apps.controller.killing import gone_on, kill_before, same_whenever_killed
from tests.unit.apps.controller.stage import KEY, SPEC, Stage
from understudy.adapters.cluster.errors import ClusterError, Unreachable
from understudy.api.status import Phase
from understudy.domain.calls.observation import GoldenResult, ReplayReport
from understudy.domain.desired.kinds import CONFIG_MAP, DEPLOYMENT, EVENT, FALLBACK_PLAN, REVISION, VOICE_ASSISTANT
from understudy.domain.routing.document import Arm
from understudy.domain.slo.query import Sample, SampleKind

CALL = 'turns: [{say: "Are you open?", expect: {contains: [until ten]}}]'
REPLAY_FIRST = {"steps": [{"replay": {"callsRef": {"name": "golden"}}}, {"setWeight": 50}], "minCalls": 10}


def spec(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SPEC), **changes}


def with_model(name: str, **changes: Any) -> dict[str, Any]:
    return spec(model={"name": name, "systemPrompt": "You answer the phone."}, **changes)


async def serving(base: dict[str, Any] | None = None) -> Stage:
    stage = Stage(base)
    await stage.settle()
    assert stage.condition("Ready")[0] == "True"
    return stage


def agents(stage: Stage) -> list[str]:
    return [name for name in stage.cluster.names(DEPLOYMENT) if "-agent-" in name]


def put(stage: Stage, kind: Any, name: str, **body: Any) -> None:
    stage.cluster.put({"kind": kind.kind, "metadata": {"namespace": KEY.namespace, "name": name}, **body})


async def test_a_change_of_what_the_proxy_does_starts_no_agent_pod() -> None:
    """Model, prompt and voice are the proxy's: stable's agents speak for the canary, too."""
    stage = await serving()
    before = agents(stage)
    made = {kind: stage.cluster.names(kind) for kind in (DEPLOYMENT,)}
    stage.put_spec(with_model("better", voice={"provider": "openai", "voiceId": "onyx"}))
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    assert {kind: stage.cluster.names(kind) for kind in (DEPLOYMENT,)} == made
    assert stage.routing.canary is not None
    assert [stage.routing.canary.agent_service] == before


async def test_a_change_of_the_agent_starts_pods_for_the_canary_and_keeps_stables() -> None:
    stage = await serving()
    (before,) = agents(stage)
    stage.put_spec(spec(agent={"image": "agent:2"}))
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    assert len(agents(stage)) == 2
    assert before in agents(stage)


async def test_an_agent_that_crashes_is_known_to() -> None:
    """What the kubelet says reaches the rules, and the canary is taken back long before progressDeadline."""
    stage = await serving()
    stage.put_spec(spec(agent={"image": "agent:2"}))
    await stage.once()
    await stage.once()
    (canary,) = [name for name in agents(stage) if name != stage.routing.stable.agent_service]  # type: ignore[union-attr]
    deployment = stage.cluster.find(DEPLOYMENT, KEY.namespace, canary)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    stage.cluster.put(
        {
            "kind": "Pod",
            "metadata": {
                "namespace": KEY.namespace,
                "name": f"{canary}-0",
                "labels": deployment["spec"]["template"]["metadata"]["labels"],
            },
            "status": {"phase": "Running", "containerStatuses": [{"state": waiting}]},
        }
    )
    await stage.settle()
    assert stage.status["phase"] == "RolledBack"
    reason = stage.status["rollout"]["lastRollback"]
    assert reason["reason"] == "AgentsFailing"
    assert "CrashLoopBackOff" in reason["message"]
    assert agents(stage) == [stage.routing.stable.agent_service]  # type: ignore[union-attr]


async def test_golden_calls_are_read_while_a_replay_wants_them_and_not_otherwise() -> None:
    """They may be large: nobody reads them for an assistant that is stable."""
    stage = await serving(spec(rollout=REPLAY_FIRST))
    put(stage, CONFIG_MAP, "golden", data={"hours": CALL})
    read: list[str] = []
    get = stage.cluster.get

    async def listening(kind: Any, namespace: str, name: str) -> Any:
        read.append(name)
        return await get(kind, namespace, name)

    stage.cluster.get = listening  # type: ignore[method-assign]
    await stage.once()
    assert "golden" not in read
    stage.put_spec(with_model("better", rollout=REPLAY_FIRST))
    await stage.settle()
    assert "golden" in read
    order = stage.routing.replay
    assert order is not None
    assert [each.name for each in order.calls] == ["hours"]
    assert order.pod == "front-desk-proxy-0"
    assert stage.routing.canary_weight == 0


async def test_a_replay_that_passed_lets_the_next_step_begin_and_is_withdrawn() -> None:
    stage = await serving(spec(rollout=REPLAY_FIRST))
    put(stage, CONFIG_MAP, "golden", data={"hours": CALL})
    stage.put_spec(with_model("better", rollout=REPLAY_FIRST))
    await stage.settle()
    assert stage.routing.replay is not None
    told = ReplayReport(id=stage.routing.replay.id, done=True, results=(GoldenResult(name="hours"),))
    stage.report("front-desk-proxy-0", replay=told)
    await stage.once()
    await stage.settle()
    assert stage.routing.replay is None
    assert stage.routing.canary_weight == 50


async def test_golden_calls_that_stay_missing_take_the_canary_back_and_say_so() -> None:
    """Until the step's maxDuration they may still be created."""
    stage = await serving(spec(rollout=REPLAY_FIRST))
    stage.put_spec(with_model("better", rollout=REPLAY_FIRST))
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    stage.clock.advance(600)
    await stage.settle()
    assert stage.status["phase"] == "RolledBack"
    reason = stage.status["rollout"]["lastRollback"]
    assert reason["reason"] == "ReplayFailed"
    assert "there is no ConfigMap golden" in reason["message"]


QUALITY = {
    "judge": {"account": "judges", "model": "gpt", "rubric": "Be fair."},
    "webhook": {"url": "https://scores.example", "secretRef": {"name": "signing"}},
}
TALKS = {"name": "good", "systemPrompt": "You answer the phone.", "deployments": [{"name": "one", "account": "openai"}]}
JUDGES = {"name": "judges", "provider": "openai", "region": "westeurope", "credentialsRef": {"name": "judges-key"}}


def mounted(stage: Stage) -> set[str]:
    deployment = stage.cluster.find(DEPLOYMENT, KEY.namespace, "front-desk-proxy")
    (volume,) = [each for each in deployment["spec"]["template"]["spec"]["volumes"] if each["name"] == "credentials"]
    return {each["secret"]["name"] for each in volume["projected"]["sources"]}


async def test_whoever_scores_is_told_to_the_proxies_with_their_keys_and_starts_no_rollout() -> None:
    accounts, voice = [*SPEC["accounts"], JUDGES], {**SPEC["voice"], "account": "openai"}
    stage = await serving(spec(accounts=accounts, model=TALKS, voice=voice))
    stage.put_spec(spec(accounts=accounts, model=TALKS, voice=voice, quality=QUALITY))
    generation = stage.routing.generation
    await stage.settle()
    assert stage.status["phase"] == "Stable"
    assert stage.routing.generation == generation + 1
    quality = stage.routing.quality
    assert quality is not None
    assert quality.judge_account is not None
    assert (quality.judge_account.name, quality.judge_account.secret) == ("judges", "judges-key")
    assert mounted(stage) == {"openai", "deepgram", "judges-key", "signing"}
    assert stage.condition("PlanValid")[0] == "True"


async def test_a_judge_outside_the_data_zones_is_not_asked_and_the_condition_says_so() -> None:
    """Its key is not mounted either; calls go on being served."""
    accounts = [{**each, "region": "us"} for each in SPEC["accounts"]]
    named = {"model": TALKS, "voice": {**SPEC["voice"], "account": "openai"}, "compliance": {"dataZones": ["us"]}}
    stage = await serving(spec(accounts=accounts, **named))
    stage.put_spec(spec(accounts=[*accounts, JUDGES], quality=QUALITY, **named))
    await stage.settle()
    assert stage.routing.quality is not None
    assert (stage.routing.quality.judge, stage.routing.quality.judge_account) == (None, None)
    assert mounted(stage) == {"openai", "deepgram", "signing"}
    status, reason, message = stage.condition("PlanValid")
    assert (status, reason) == ("False", "DataZoneNotAllowed")
    assert "judges is in westeurope" in message
    assert stage.condition("Ready")[0] == "True"


async def test_scores_go_on_as_before_while_the_spec_cannot_be_read() -> None:
    voice = {**SPEC["voice"], "account": "openai"}
    stage = await serving(spec(accounts=[*SPEC["accounts"], JUDGES], model=TALKS, voice=voice, quality=QUALITY))
    before = stage.routing
    stage.put_spec(spec(voice="shimmer"))
    await stage.settle()
    assert stage.condition("PlanValid")[0] == "False"
    assert stage.routing.quality == before.quality


BOOKINGS = {
    "name": "bookings",
    "prometheus": {"query": "bookings{revision='$canary'}", "min": "0.5", "failureLimit": 2},
}


async def test_prometheus_is_asked_while_somebody_is_judged_and_not_otherwise() -> None:
    stage = await serving(spec(slos=[BOOKINGS]))
    await stage.once()
    assert stage.queries.asked[KEY][0] == ()
    stage.put_spec(with_model("better", slos=[BOOKINGS]))
    await stage.settle()
    names, subject = stage.queries.asked[KEY]
    assert names == ("bookings",)
    assert stage.routing.canary is not None
    assert stage.routing.stable is not None
    assert (subject.namespace, subject.assistant) == tuple(KEY)
    assert (subject.canary, subject.stable) == (stage.routing.canary.name, stage.routing.stable.name)


async def test_what_prometheus_says_takes_a_canary_back() -> None:
    stage = await serving(spec(slos=[BOOKINGS]))
    stage.put_spec(with_model("better", slos=[BOOKINGS]))
    await stage.settle()
    now = stage.clock.now()
    stage.queries.told = {"bookings": tuple(Sample(SampleKind.VALUE, 0.1, now + at) for at in (1, 2))}
    await stage.settle()
    assert stage.status["phase"] == "RolledBack"
    assert stage.status["rollout"]["lastRollback"]["slo"] == "bookings"


async def test_every_transition_is_one_event_one_count_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    stage = await serving()
    stage.put_spec(with_model("slow"))
    with caplog.at_level(logging.INFO, "understudy.apps.controller.recording"):
        await stage.settle()
        for arm, turn_ms in ((Arm.STABLE, 400.0), (Arm.CANARY, 2500.0)):
            stage.finish_calls("front-desk-proxy-0", arm, 60, turn_ms=turn_ms)
        await stage.settle()
    history = stage.status["rollout"]["history"]
    lines = [record.getMessage() for record in caplog.records]
    moves = [each for each in history if each["from"] != "Initializing"]
    assert [(each["from"], each["to"]) for each in moves][-2:] == [
        ("Canary", "RollingBack"),
        ("RollingBack", "RolledBack"),
    ]
    told = [f"shop/front-desk: {m['from']}→{m['to']} {m['reason']}: {m['message']}" for m in moves]
    assert lines == told
    text = stage.metrics.render().decode()
    for each in moves:
        labels = f'from="{each["from"]}",reason="{each["reason"]}",to="{each["to"]}"'
        assert f"understudy_controller_transitions_total{{{labels}}} 1.0" in text
    events = [each["reason"] for each in stage.cluster.objects.values() if each["kind"] == EVENT.kind]
    for each in moves:
        assert events.count(each["reason"]) == 1


async def test_a_transition_whose_document_cannot_be_written_is_told_all_the_same() -> None:
    """It is on record: the next pass makes the document from it, and would have nothing to tell any more."""
    stage = await serving()
    stage.put_spec(with_model("better"))

    def refuse(write: Any) -> None:
        if write[:2] == ("apply", CONFIG_MAP.kind):
            raise Unreachable("connection refused")

    stage.cluster.before_write = refuse
    with pytest.raises(ClusterError):
        await stage.once()
    events = [each["reason"] for each in stage.cluster.objects.values() if each["kind"] == EVENT.kind]
    assert "RolloutStarted" in events
    assert 'to="Preparing"' in stage.metrics.render().decode()


async def rolled_on(stage: Stage, model: str) -> None:
    """A rollout of `model`, promoted by request."""
    known = stage.status["stableRevision"]
    stage.put_spec(with_model(model))
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    stage.put_spec(with_model(model), {"understudy.dev/promote": f"go-{model}/full"})
    await stage.settle()
    assert stage.status["phase"] == "Stable"
    assert stage.status["stableRevision"] != known


BAKED = {**REPLAY_FIRST, "bake": "30m"}


async def whole_life(number: int | None) -> tuple[dict[str, Any], bool]:
    """Replayed, promoted, baked, undone; the operator killed before one write. What is left, and whether it died."""
    stage = Stage(spec(rollout=BAKED))
    put(stage, CONFIG_MAP, "golden", data={"hours": CALL})
    kill_before(stage, number)
    killed = await gone_on(stage)
    changed = spec(agent={"image": "agent:2"}, rollout=BAKED)
    stage.put_spec(changed)
    killed |= await gone_on(stage)
    order = stage.routing.replay
    assert order is not None
    stage.told = {"replay": ReplayReport(id=order.id, done=True, results=(GoldenResult(name="hours"),))}
    killed |= await gone_on(stage)
    assert stage.routing.canary_weight == 50
    stage.put_spec(changed, {"understudy.dev/promote": "go/full"})
    killed |= await gone_on(stage)
    assert stage.status["phase"] == "Baking"
    assert len(agents(stage)) == 2
    stage.put_spec(changed, {"understudy.dev/promote": "go/full", "understudy.dev/undo": "back"})
    killed |= await gone_on(stage)
    routing = stage.routing.model_copy(update={"generation": 0})
    return {"phase": stage.status["phase"], "routing": routing, "agents": agents(stage)}, killed


async def test_killed_before_any_write_of_a_replay_a_bake_and_an_undo_it_ends_where_it_would_have() -> None:
    end, kills = await same_whenever_killed(whole_life)
    assert end["phase"] == "RolledBack"
    assert kills > 30


async def test_requests_carry_an_argument_behind_their_id() -> None:
    stage = await serving()
    await rolled_on(stage, "better")
    (answered,) = [each for each in stage.status["rollout"]["requests"] if each["verb"] == "promote"]
    assert answered["id"] == "go-better"


async def test_an_undo_brings_back_a_revision_with_its_agents() -> None:
    """Also one from before the last, whose pods are long gone: they are started for it, and it serves."""
    stage = await serving()
    first, (its_agent,) = stage.status["stableRevision"], agents(stage)
    stage.put_spec(spec(agent={"image": "agent:2"}))
    await stage.settle()
    stage.put_spec(spec(agent={"image": "agent:2"}), {"understudy.dev/promote": "go/full"})
    await stage.settle()
    stage.clock.advance(2000)
    await stage.settle()
    assert its_agent not in agents(stage)
    stage.put_spec(spec(agent={"image": "agent:2"}), {"understudy.dev/undo": f"back/{first}"})
    await stage.settle()
    assert stage.status["stableRevision"] == first
    assert its_agent in agents(stage)
    assert stage.condition("SpecRejected")[0] == "True"
    assert stage.routing.stable is not None
    assert stage.routing.stable.name == first


async def test_a_revision_that_is_asked_for_again_is_the_newest() -> None:
    """Otherwise it would be the first to be forgotten, and the last in the history."""
    stage = await serving()
    (first,) = stage.cluster.names(REVISION)
    stage.put_spec(with_model("better"))
    await stage.once()
    stage.put_spec(SPEC)
    await stage.once()
    assert stage.cluster.find(REVISION, KEY.namespace, first)["revision"] == 3
    before = list(stage.cluster.writes)
    await stage.once()
    assert [write for write in stage.cluster.writes[len(before) :] if write[1] == REVISION.kind] == []


def with_plan(model: str = "good", **changes: Any) -> dict[str, Any]:
    return with_model(model, fallbackPlanRef={"name": "rules"}, **changes)


async def test_the_line_of_a_shared_plan_is_kept() -> None:
    """While another assistant rolls the plan's change out, this one waits, starts nothing, and is woken in the end."""
    stage = Stage(with_plan())
    put(stage, FALLBACK_PLAN, "rules", spec={})
    await stage.settle()
    stage.neighbours.saw(first_in_line(stage, Phase.CANARY))
    put(stage, FALLBACK_PLAN, "rules", spec={"retries": {"timeout": "2s"}})
    before = (stage.cluster.names(DEPLOYMENT), stage.routing)
    await stage.settle()
    assert stage.status["phase"] == "Stable"
    assert "a-desk first" in stage.status["rollout"]["queued"]
    assert (stage.cluster.names(DEPLOYMENT), stage.routing) == before
    stage.woken.clear()
    stage.neighbours.saw(first_in_line(stage, Phase.STABLE))
    assert stage.woken == [KEY]
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    assert stage.status["rollout"].get("queued", "") == ""


def first_in_line(stage: Stage, phase: Phase) -> dict[str, Any]:
    """Another assistant of the plan, whose name comes first."""
    rollout = {"phase": phase.value, "plan": "rules@2", "forPlan": True}
    return stage.cluster.put(
        {
            "kind": VOICE_ASSISTANT.kind,
            "metadata": {"namespace": KEY.namespace, "name": "a-desk"},
            "spec": with_plan(),
            "status": {"rollout": rollout},
        }
    )
