"""The life of a rollout, seen from outside `advance`."""

import pytest

from tests.unit.domain.rollout.world import Proxy, World, ref, rolling, serving
from understudy.api.evidence import Verdict
from understudy.api.rollout import OnInsufficientData, OnRegression, PauseStep, Step
from understudy.api.status import Phase
from understudy.domain.calls.observation import CallEnd
from understudy.domain.rollout.inputs import AgentPods, Request, Verb


def policy(world: World, **fields: object) -> None:
    world.policy = world.policy.model_copy(update=fields)


def test_the_first_revision_goes_straight_to_stable() -> None:
    """There is nothing to compare it with, and nobody to protect."""
    world = World()
    world.look()
    assert (world.phase, world.status.stable_revision) == (Phase.INITIALIZING, "one")
    assert world.condition("Ready") == ("False", "Initializing")
    world.publish()
    world.tick()
    assert world.phase is Phase.STABLE
    assert world.condition("Ready") == ("True", "Serving")
    assert world.condition("Promoted") == ("True", "Promoted")
    assert world.document is not None
    assert (world.document.stable, world.document.canary) == (ref("one"), None)


def test_a_first_revision_that_never_served_is_simply_replaced() -> None:
    """A typo in the first spec needs no canary to fix (P8)."""
    world = World(agents={})
    world.tick()
    world.desired = ref("fixed")
    world.agents = {"agent-1": AgentPods(1, 1)}
    world.tick()
    world.tick()
    assert (world.phase, world.status.stable_revision) == (Phase.STABLE, "fixed")


def test_a_good_canary_takes_its_steps_and_is_promoted() -> None:
    """Weight, acknowledgement, calls, pause, verdict, promotion: in this order and each once."""
    world = rolling()
    assert (world.status.step, world.status.weight, world.rollout.acked_weight) == ("1/2", 50, 50)
    world.run_until(Phase.STABLE)
    assert world.reasons()[2:] == [
        "RolloutStarted",
        "CanaryStarted",
        "WeightAcknowledged",
        "StepDone",
        "StepDone",
        "Promoting",
        "Promoted",
    ]
    assert world.status.stable_revision == "two"
    assert world.condition("Promoted") == ("True", "Promoted")
    assert world.condition("Stalled") == ("False", "Settled")


def test_a_slow_canary_is_rolled_back_and_status_tells_why() -> None:
    """Metric, value, threshold, samples and time are in status, conditions and events (P7)."""
    world = rolling(slow=frozenset({"two"}))
    world.run_until(Phase.ROLLED_BACK)
    why = world.rollout.last_rollback
    assert why is not None
    assert (why.reason, why.slo, why.metric, why.revision) == ("SloFailed", "turn-latency", "Turn", "two")
    assert (why.value, why.stable_value, why.threshold) == (100.0, 0.0, 5.0)
    assert why.canary_calls
    assert why.stable_calls
    assert "two fails turn-latency: turns over 1200ms: canary 100 %, stable 0 %; objective ≤ 5 %" in why.message
    assert world.condition("Promoted") == ("False", "RolledBack")
    assert world.condition("Stalled") == ("True", "RolledBack")
    assert world.events[-1].message.endswith(why.message)
    assert world.status.verdict == Verdict.FAIL


def test_a_rollback_takes_new_calls_away_in_the_same_pass() -> None:
    """The document of the pass that saw the evidence has no canary, and live canary calls can be rescued."""
    world = rolling(slow=frozenset({"two"}))
    while world.phase is Phase.CANARY:
        world.call(0, f"{world.now}-0")
        world.call(1, f"{world.now}-1")
        world.now += 1
        world.look()
    world.publish()
    assert world.phase is Phase.ROLLING_BACK
    assert world.document is not None
    assert (world.document.canary, world.document.canary_weight) == (None, 0)
    assert world.document.rejected == ("two",)
    assert [each.name for each in world.document.retained] == ["two"]


def test_a_rejected_revision_is_not_tried_again_until_the_spec_changes() -> None:
    """A repository that still holds the bad spec does not restart the rollout."""
    world = rolling(slow=frozenset({"two"}))
    world.run_until(Phase.ROLLED_BACK)
    world.run(30)
    assert world.phase is Phase.ROLLED_BACK
    world.desired = ref("three")
    world.tick()
    assert (world.phase, world.status.canary_revision) == (Phase.CANARY, "three")
    assert world.rollout.rejected is None
    assert [each for each in world.rollout.readings if each.canary_calls] == []


def test_retry_judges_the_rejected_revision_afresh() -> None:
    """Calls of the failed attempt are no evidence in the next."""
    world = rolling(slow=frozenset({"two"}))
    world.run_until(Phase.ROLLED_BACK)
    world.slow = frozenset()
    world.requests = (Request(Verb.RETRY, "1"),)
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "two"


def test_going_back_to_stable_in_mid_canary_blames_nobody() -> None:
    """Undoing an edit is no failure."""
    world = rolling()
    world.run(2)
    world.proxies[0].live = {"two": 1}
    world.desired = ref("one")
    world.tick()
    assert (world.phase, world.rollout.canary, world.rollout.last_rollback) == (Phase.STABLE, None, None)
    assert [(each.name, each.rejected) for each in world.rollout.retained] == [("two", False)]


def test_a_new_spec_in_mid_canary_starts_again_from_stable() -> None:
    """The superseded canary keeps its live calls and nothing else."""
    world = rolling()
    world.run(3)
    world.proxies[0].live = {"two": 1}
    world.desired = ref("three")
    world.tick()
    assert (world.status.stable_revision, world.status.canary_revision, world.status.step) == ("one", "three", "1/2")
    assert world.rollout.canary_calls == 0
    assert world.document is not None
    assert world.document.find("two") is not None
    assert world.document.rejected == ()


def test_an_invalid_spec_leaves_what_serves_alone() -> None:
    """The last good revision goes on, and a condition says what is wrong."""
    world = serving()
    before = world.document
    world.desired = None
    world.tick()
    assert (world.phase, world.document) == (Phase.STABLE, before)
    assert world.condition("PlanValid") == ("False", "InvalidSpec")
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.parametrize("pods", [AgentPods(0, 1), None])
def test_agent_pods_that_do_not_start_end_the_rollout_at_the_deadline(pods: AgentPods | None) -> None:
    """No caller ever met the canary."""
    world = serving()
    world.desired = ref("two", agent="agent-2")
    world.agents = {**world.agents, **({"agent-2": pods} if pods else {})}
    world.tick()
    assert (world.phase, world.status.weight) == (Phase.PREPARING, 0)
    world.tick(59)
    assert world.phase is Phase.PREPARING
    world.tick(2)
    world.tick()
    assert world.phase is Phase.ROLLED_BACK
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.reason == "ProgressDeadlineExceeded"


def test_agent_pods_that_die_in_mid_canary_end_it_too() -> None:
    """Deadlines hold in every state (P3)."""
    world = serving()
    world.agents = {**world.agents, "agent-2": AgentPods(1, 1)}
    world.desired = ref("two", agent="agent-2")
    world.tick()
    world.tick()
    assert world.phase is Phase.CANARY
    world.agents = {**world.agents, "agent-2": AgentPods(0, 1)}
    world.tick()
    world.tick(61)
    assert world.rollout.last_rollback is not None
    assert world.rollout.last_rollback.reason == "ProgressDeadlineExceeded"


def test_no_calls_is_neither_failure_nor_success() -> None:
    """Without calls the first step lasts, and after dataDeadline a condition says so (P2)."""
    world = rolling()
    world.run(400, calls=0)
    assert (world.phase, world.status.step, world.status.verdict) == (Phase.CANARY, "1/2", "Insufficient")
    assert world.condition("Stalled") == ("False", "Moving")
    world.run(210, calls=0)
    assert world.phase is Phase.CANARY
    assert world.condition("Stalled") == ("True", "TrafficTooLow")


@pytest.mark.parametrize(
    ("choice", "phase", "stable"),
    [
        (OnInsufficientData.PAUSE, Phase.PAUSED, "one"),
        (OnInsufficientData.ROLLBACK, Phase.ROLLED_BACK, "one"),
        (OnInsufficientData.PROMOTE, Phase.STABLE, "two"),
    ],
)
def test_the_policy_decides_what_follows_from_too_few_calls(
    choice: OnInsufficientData, phase: Phase, stable: str
) -> None:
    """Each value of onInsufficientData ends somewhere else."""
    world = rolling()
    policy(world, on_insufficient_data=choice)
    world.run(1300, calls=0)
    assert (world.phase, world.status.stable_revision) == (phase, stable)


def test_promote_for_want_of_calls_promotes_nothing_that_looks_worse() -> None:
    """A canary that misses its objective, if not beyond chance, is held."""
    world = rolling()
    policy(world, on_insufficient_data=OnInsufficientData.PROMOTE, data_deadline="10s")
    world.run(4)
    canary = next(each for proxy in world.proxies for each in proxy.calls if each.revision == "two")
    world.proxies[0].calls.append(
        canary.model_copy(update={"seq": len(world.proxies[0].calls) + 1, "end": CallEnd.DROPPED})
    )
    world.run(60)
    assert world.phase is Phase.CANARY
    assert {each.slo: each.reason for each in world.rollout.readings}["dropped"] == "NotProven"


def test_a_failing_canary_is_paused_without_callers_when_the_policy_says_pause() -> None:
    """No further caller meets it; promote and resume are refused, retry is not."""
    world = rolling(slow=frozenset({"two"}))
    policy(world, on_regression=OnRegression.PAUSE)
    world.run_until(Phase.PAUSED)
    assert (world.rollout.weight, world.rollout.pause_reason) == (0, "Regression")
    world.requests = (Request(Verb.PROMOTE, "1"), Request(Verb.RESUME, "1"))
    world.run(3)
    assert world.phase is Phase.PAUSED
    assert world.reasons().count("RequestRefused") == 2
    world.slow = frozenset()
    world.requests = (*world.requests, Request(Verb.RETRY, "1"))
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "two"


def test_the_canary_is_judged_during_pauses() -> None:
    """SLOs hold in every non-terminal state (P3)."""
    world = rolling()
    policy(world, steps=(Step(set_weight=50), Step(pause=PauseStep())))
    world.run_until(Phase.PAUSED)
    assert world.rollout.pause_reason == "PauseStep"
    world.slow = frozenset({"two"})
    world.run_until(Phase.ROLLED_BACK)
    assert world.phase is Phase.ROLLED_BACK


def test_an_untimed_pause_ends_when_resumed() -> None:
    """The next step follows; the request is carried out once."""
    world = rolling()
    policy(world, steps=(Step(pause=PauseStep()), Step(set_weight=50)))
    world.desired = ref("three")
    world.tick()
    assert (world.phase, world.status.weight) == (Phase.PAUSED, 0)
    world.requests = (Request(Verb.RESUME, "go"),)
    world.tick()
    assert (world.phase, world.status.step, world.status.weight) == (Phase.CANARY, "2/2", 50)


def test_an_outage_of_both_arms_holds_the_canary() -> None:
    """Neither promoted nor blamed, and the condition Degraded says so."""
    world = rolling(slow=frozenset({"one", "two"}))
    world.run(120)
    assert world.phase is Phase.CANARY
    assert world.condition("Degraded") == ("True", "BothArmsBad")
    world.requests = (Request(Verb.PROMOTE, "fix", "full"),)
    world.run(2, calls=0)
    assert world.status.stable_revision == "two"


def test_a_weight_counts_when_every_ready_proxy_acknowledged_it() -> None:
    """A proxy that is cut off holds the step, not the rollback."""
    world = serving()
    world.desired = ref("two")
    world.look()
    world.publish()
    world.look()
    assert world.phase is Phase.CANARY
    world.proxies[1].reachable = False
    world.run(60)
    assert (world.phase, world.status.step, world.rollout.acked_since) == (Phase.CANARY, "1/2", None)
    assert world.condition("Degraded") == ("True", "ProxiesSilent")
    world.slow = frozenset({"two"})
    world.run_until(Phase.ROLLING_BACK)
    world.run(15)
    assert world.phase is Phase.ROLLING_BACK
    world.run(16)
    assert world.phase is Phase.ROLLED_BACK


def test_a_proxy_that_is_not_ready_is_not_waited_for() -> None:
    """It takes no new calls."""
    world = serving()
    world.proxies.append(Proxy("proxy-c", ready=False, reachable=False))
    world.desired = ref("two")
    world.run_until(Phase.STABLE, ticks=1)
    world.run(2)
    assert world.rollout.acked_since is not None


@pytest.mark.parametrize(("verb", "phase"), [(Verb.ABORT, Phase.ROLLED_BACK), (Verb.PROMOTE, Phase.STABLE)])
def test_a_request_is_carried_out_once(verb: Verb, phase: Phase) -> None:
    """The annotation stays on the object; its id says that it is old."""
    world = rolling()
    world.requests = (Request(verb, "1", "full" if verb is Verb.PROMOTE else ""),)
    world.run(5)
    assert world.phase is phase
    assert len([each for each in world.rollout.history if each.to in (Phase.ROLLING_BACK, Phase.PROMOTING)]) == 1
    world.desired = ref("three")
    world.run(3)
    assert world.phase is Phase.CANARY


def test_pause_keeps_the_weight_and_resume_goes_on_with_the_step() -> None:
    """Calls go on being counted in between."""
    world = rolling()
    world.requests = (Request(Verb.PAUSE, "1"),)
    world.run(2)
    assert (world.phase, world.status.weight, world.rollout.pause_reason) == (Phase.PAUSED, 50, "PauseRequested")
    world.requests = (Request(Verb.RESUME, "1"),)
    world.run_until(Phase.STABLE)
    assert world.status.stable_revision == "two"


@pytest.mark.parametrize("verb", list(Verb))
def test_a_request_that_makes_no_sense_is_refused_with_a_reason(verb: Verb) -> None:
    """Never silently ignored."""
    world = serving()
    world.requests = (Request(verb, "7"),)
    world.run(3)
    assert world.phase is Phase.STABLE
    assert world.reasons().count("RequestRefused") == 1


def test_promotion_goes_on_when_the_spec_changes_meanwhile() -> None:
    """The promoted revision is stable already; the next rollout starts from it."""
    world = rolling()
    world.run_until(Phase.PROMOTING)
    world.desired = ref("three")
    world.tick()
    assert (world.status.stable_revision, world.status.canary_revision) == ("two", "three")
