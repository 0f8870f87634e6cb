"""The reconciler against an API server in memory: what it makes, in which order, and what a kill leaves behind."""

import copy
from typing import Any

import pytest

from tests.unit.apps.controller.fake_cluster import Write
from tests.unit.apps.controller.killing import gone_on, kill_before, same_whenever_killed
from tests.unit.apps.controller.stage import KEY, SPEC, Stage
from understudy.adapters.cluster.errors import ClusterError, Conflict, Refused, Unreachable
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.desired.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    FALLBACK_PLAN,
    REVISION,
    SERVICE,
    VOICE_ASSISTANT,
)
from understudy.domain.routing.document import Arm


def spec(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SPEC), **changes}


def with_model(name: str) -> dict[str, Any]:
    return spec(model={"name": name, "systemPrompt": "You answer the phone."})


async def serving() -> Stage:
    stage = Stage()
    await stage.settle()
    assert stage.condition("Ready")[0] == "True"
    return stage


async def in_canary() -> Stage:
    stage = await serving()
    stage.put_spec(with_model("slow"))
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    return stage


async def test_an_assistant_becomes_ready_with_everything_it_needs() -> None:
    """The first revision goes straight to stable."""
    stage = await serving()
    (revision,) = stage.cluster.names(REVISION)
    agent = next(name for name in stage.cluster.names(DEPLOYMENT) if "-agent-" in name)
    assert stage.cluster.names(DEPLOYMENT) == [agent, "front-desk-proxy"]
    assert stage.cluster.names(SERVICE) == ["front-desk", agent]
    assert stage.routing.stable is not None
    assert (stage.routing.stable.object_name, stage.routing.stable.agent_service) == (revision, agent)
    assert stage.status["phase"] == "Stable"
    assert stage.status["address"]["url"] == "http://front-desk.shop.svc:8080"
    assert set(stage.observers.watched[KEY]) == {"front-desk-proxy-0", "front-desk-proxy-1"}


async def test_a_plan_that_changes_nothing_writes_nothing() -> None:
    stage = await serving()
    before = list(stage.cluster.writes)
    stage.clock.advance(60)
    for _ in range(3):
        stage.follow()
        await stage.once()
    assert stage.cluster.writes == before


async def test_a_new_process_writes_nothing_when_nothing_changed() -> None:
    """An operator that is restarted or upgraded leaves proxies and rollouts alone."""
    stage = await serving()
    before = list(stage.cluster.writes)
    stage.restart()
    for _ in range(3):
        await stage.once()
        stage.follow()
    assert stage.cluster.writes == before


async def test_a_new_process_decides_nothing_before_it_has_heard_the_proxies() -> None:
    """Proxies that were not asked yet are not silent; those that stay silent are, and are said to be."""
    stage = await serving()
    stage.restart()
    assert await stage.once() == 3.0
    assert stage.condition("Degraded")[0] == "False"
    stage.clock.advance(3)
    await stage.once()
    assert stage.condition("Degraded")[:2] == ("True", "ProxiesSilent")


async def test_the_metrics_of_a_new_process_know_every_assistant() -> None:
    """Also of those that it found as they should be."""
    stage = await serving()
    stage.restart()
    for _ in range(2):
        await stage.once()
        stage.follow()
    assert b'understudy_controller_assistants{phase="Stable"} 1.0' in stage.metrics.render()


async def test_evidence_costs_no_reads() -> None:
    """Between changes a decision is made from what was read a moment ago."""
    stage = await serving()
    await stage.once()
    before = stage.cluster.reads
    await stage.reconciler.reconcile(KEY)
    assert stage.cluster.reads == before


async def test_status_is_written_before_the_routing_document_and_rights_before_both() -> None:
    stage = await serving()
    del stage.cluster.writes[:]
    stage.put_spec(with_model("better"))
    await stage.once()
    kinds = [(verb, kind) for verb, kind, _ in stage.cluster.writes if kind != EVENT.kind]
    assert kinds == [
        ("apply", "ControllerRevision"),
        ("apply", "Role"),
        ("status", "VoiceAssistant"),
        ("apply", "ConfigMap"),
    ]


async def test_a_slower_model_is_rolled_back_by_what_the_proxies_report() -> None:
    stage = await in_canary()
    for arm, turn_ms in ((Arm.STABLE, 400.0), (Arm.CANARY, 2500.0)):
        stage.finish_calls("front-desk-proxy-0", arm, 60, turn_ms=turn_ms)
    await stage.settle()
    assert stage.status["phase"] == "RolledBack"
    assert stage.routing.canary is None
    reason = stage.status["rollout"]["lastRollback"]
    assert (reason["slo"], reason["value"], reason["canaryCalls"] > 0) == ("turn-latency", 100.0, True)
    reasons = {each["reason"] for each in stage.cluster.objects.values() if each["kind"] == EVENT.kind}
    assert {"RolloutStarted", "CanaryStarted", "RollingBack", "RolledBack"} <= reasons


async def test_a_good_model_is_promoted() -> None:
    stage = await in_canary()
    for arm in (Arm.STABLE, Arm.CANARY):
        stage.finish_calls("front-desk-proxy-0", arm, 200, turn_ms=400.0)
    await stage.settle()
    assert (stage.status["phase"], stage.condition("Promoted")[0]) == ("Stable", "True")
    assert stage.routing.stable is not None
    assert stage.routing.stable.name == stage.status["stableRevision"]


async def test_numbers_alone_are_written_every_other_second() -> None:
    """Calls that change no verdict do not each cost a write; the process holds them and reads them again if killed."""
    stage = await in_canary()
    stage.clock.advance(2)
    for count in range(3):
        stage.finish_calls("front-desk-proxy-0", Arm.CANARY, 1, turn_ms=400.0, start=count)
        stage.report("front-desk-proxy-0")
        due = await stage.reconciler.reconcile(KEY)
    statuses = [each for each in stage.cluster.writes if each[0] == "status"]
    del stage.cluster.writes[:]
    assert due is not None
    assert due <= 2.0
    stage.clock.advance(2)
    await stage.reconciler.reconcile(KEY)
    assert [each[0] for each in stage.cluster.writes] == ["status"]
    assert statuses
    (cursor,) = [each for each in stage.status["rollout"]["cursors"] if each["pod"] == "front-desk-proxy-0"]
    assert cursor["seq"] == 3


def missing_plan() -> dict[str, Any]:
    return spec(fallbackPlanRef={"name": "house-rules"})


def missing_prompt() -> dict[str, Any]:
    source = {"configMapKeyRef": {"name": "prompts", "key": "front"}}
    return spec(model={"name": "good", "systemPromptFrom": source})


@pytest.mark.parametrize(
    ("bad", "reason", "word"),
    [
        (missing_plan(), "FallbackPlanNotFound", "house-rules"),
        (missing_prompt(), "SystemPromptNotFound", "prompts"),
        (spec(voice="shimmer"), "InvalidSpec", "spec.voice"),
    ],
)
async def test_a_spec_that_cannot_be_resolved_is_said_and_the_last_good_revision_serves(
    bad: dict[str, Any], reason: str, word: str
) -> None:
    stage = await serving()
    before = stage.routing
    stage.put_spec(bad)
    await stage.settle()
    status, found, message = stage.condition("PlanValid")
    assert (status, found) == ("False", reason)
    assert word in message
    assert stage.condition("Ready")[0] == "True"
    assert (stage.routing.stable, stage.routing.canary) == (before.stable, None)


async def test_a_plan_that_appears_is_a_rollout() -> None:
    stage = await serving()
    stage.put_spec(missing_plan())
    await stage.settle()
    stage.cluster.put(
        {
            "kind": FALLBACK_PLAN.kind,
            "metadata": {"namespace": KEY.namespace, "name": "house-rules"},
            "spec": {"retries": {"timeout": "2s"}},
        }
    )
    await stage.settle()
    assert stage.condition("PlanValid")[0] == "True"
    assert stage.status["phase"] == "Canary"


async def test_a_missing_secret_is_a_condition_with_the_proxys_words() -> None:
    stage = await serving()
    told = {"account": "openai", "secret": "openai", "reason": "MissingSecret", "message": "there is no Secret openai"}
    problem = CredentialProblem.model_validate(told)
    stage.report("front-desk-proxy-0", problems=(problem,))
    await stage.once()
    status, reason, message = stage.condition("Degraded")
    assert (status, reason) == ("True", "MissingSecret")
    assert "there is no Secret openai" in message
    stage.report("front-desk-proxy-0", problems=())
    await stage.once()
    assert stage.condition("Degraded")[0] == "False"


async def test_what_the_api_server_refuses_is_a_condition_and_does_not_hold_up_the_rest() -> None:
    """A quota on Deployments must not keep a rollback from the proxies."""
    stage = Stage()

    def refuse(write: Write) -> None:
        if write[1] == DEPLOYMENT.kind:
            raise Refused("exceeded quota: pods", 403)

    stage.cluster.before_write = refuse
    for _ in range(2):
        with pytest.raises(Refused):
            await stage.once()
    assert stage.condition("Degraded")[:2] == ("True", "WriteRefused")
    assert "exceeded quota" in stage.condition("Degraded")[2]
    assert stage.routing.stable is not None
    assert stage.cluster.names(SERVICE)


async def test_an_object_of_somebody_else_is_never_taken_over() -> None:
    stage = Stage()
    theirs = {"kind": "Service", "metadata": {"namespace": KEY.namespace, "name": "front-desk"}, "spec": {"theirs": 1}}
    stage.cluster.put(theirs)
    with pytest.raises(ClusterError, match="belongs to somebody else"):
        await stage.once()
    assert stage.cluster.find(SERVICE, KEY.namespace, "front-desk")["spec"] == {"theirs": 1}


@pytest.mark.parametrize("verb", ["status", "apply"])
async def test_a_conflict_is_decided_again_from_fresh_facts(verb: str) -> None:
    """A write in between costs one retry and hangs nothing (P6)."""
    stage = await serving()
    kind, name = (VOICE_ASSISTANT, "front-desk") if verb == "status" else (CONFIG_MAP, "front-desk-routing")
    stage.put_spec(with_model("better"))
    disturbed: list[Write] = []

    def disturb(write: Write) -> None:
        if write == (verb, kind.kind, name) and not disturbed:
            disturbed.append(write)
            stage.cluster.put(stage.cluster.find(kind, KEY.namespace, name))

    stage.cluster.before_write = disturb
    with pytest.raises(Conflict):
        await stage.once()
    assert disturbed
    await stage.settle()
    assert stage.status["phase"] == "Canary"
    assert stage.routing.canary is not None


async def test_a_deleted_assistant_is_forgotten_and_nothing_is_written() -> None:
    """Its objects go by their owner references, with or without us."""
    stage = await serving()
    del stage.cluster.objects[VOICE_ASSISTANT.kind, *KEY]
    before = list(stage.cluster.writes)
    assert await stage.once() is None
    assert stage.cluster.writes == before
    assert KEY not in stage.observers.watched


def outcome(stage: Stage) -> dict[str, Any]:
    """What matters in the end, without times and versions."""
    routing = stage.routing.model_copy(update={"lease_expires_at": 0.0, "generation": 0})
    kinds = {kind for kind, _, _ in stage.cluster.objects} - {EVENT.kind, "Pod"}
    return {
        "objects": sorted(key for key in stage.cluster.objects if key[0] in kinds),
        "phase": stage.status["phase"],
        "stable": stage.status["stableRevision"],
        "routing": routing,
    }


async def rolled_back(kill: int | None) -> tuple[dict[str, Any], bool]:
    """A whole life: installed, a bad model, rolled back; the operator killed before write number `kill`."""
    stage = Stage()
    kill_before(stage, kill)
    killed = await gone_on(stage)
    stage.put_spec(with_model("slow"))
    killed |= await gone_on(stage)
    for arm, turn_ms in ((Arm.STABLE, 400.0), (Arm.CANARY, 2500.0)):
        stage.finish_calls("front-desk-proxy-0", arm, 60, turn_ms=turn_ms)
    killed |= await gone_on(stage)
    return outcome(stage), killed


async def test_killed_before_any_write_it_ends_where_it_would_have() -> None:
    """The operator is killed before each write of a rollout in turn; only the delay differs."""
    end, kills = await same_whenever_killed(rolled_back)
    assert end["phase"] == "RolledBack"
    assert kills > 20


async def test_an_api_server_that_is_away_for_a_while_only_delays() -> None:
    stage = Stage()

    def away(_: Write) -> None:
        raise Unreachable("connection refused")

    stage.cluster.before_write = away
    with pytest.raises(Unreachable):
        await stage.once()
    stage.cluster.before_write = lambda _: None
    await stage.settle()
    assert stage.condition("Ready")[0] == "True"
