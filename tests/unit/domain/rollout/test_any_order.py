"""Whatever happens, in whatever order: no step is skipped, nothing that fails is promoted, and it ends.

A world is put through anything that can happen to it, with an operator that is killed at any moment and a clock that
goes back and forth; then it goes quiet, and the rollout has to come to rest.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.unit.domain.rollout.world import POLICY, Proxy, World, ref
from understudy.api.base import LocalRef
from understudy.api.evidence import Verdict
from understudy.api.rollout import (
    AnalysisStep,
    OnInsufficientData,
    OnRegression,
    OnStableFailing,
    PauseStep,
    ReplayStep,
    RolloutSpec,
    ShadowStep,
    Step,
)
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.domain.calls.golden import GoldenCall, GoldenTurn
from understudy.domain.calls.observation import CallEnd, GoldenResult, ReplayReport, ShadowTurn, Stopped
from understudy.domain.rollout.facts import BLOCKING
from understudy.domain.rollout.inputs import AgentPods, Request, Verb
from understudy.domain.rollout.table import JUDGED

REST = (Phase.STABLE, Phase.ROLLED_BACK)

GOLDEN = tuple(GoldenCall(name=name, turns=(GoldenTurn(say="hello"),)) for name in ("book", "cancel"))

BEFORE_CALLERS = (
    Step(replay=ReplayStep(calls_ref=LocalRef(name="golden"), max_duration="60s")),
    Step(shadow=ShadowStep(percent=50, min_calls=4, max_duration="60s")),
)

STEPS = (
    (Step(set_weight=50), Step(pause=PauseStep(duration="20s"))),
    (*BEFORE_CALLERS, Step(set_weight=20), Step(analysis=AnalysisStep(min_calls=6, max_duration="60s"))),
    (Step(pause=PauseStep()), Step(set_weight=30), Step(set_weight=100)),
    None,
)

POLICIES = st.builds(
    lambda **fields: POLICY.model_copy(update={"data_deadline": "60s", "progress_deadline": "30s", **fields}),
    steps=st.sampled_from(STEPS),
    bake=st.sampled_from([None, "30s"]),
    on_regression=st.sampled_from(list(OnRegression)),
    on_insufficient_data=st.sampled_from(list(OnInsufficientData)),
    on_stable_failing=st.sampled_from(list(OnStableFailing)),
    min_calls=st.sampled_from([2, 8]),
)

NAMES = ("one", "two", "three", "four")

REFS = {name: ref(name, agent="agent-2" if name == "three" else "agent-1") for name in NAMES}

STEPPED = frozenset({"StepDone", "StepCutShort", "PromotionRequested", "CanaryStarted", "Resumed"})
"""Reasons of the moves that begin a step."""


class AnyOrder(RuleBasedStateMachine):
    """One assistant, and everything that can happen around it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(agents={"agent-1": AgentPods(1, 1), "agent-2": AgentPods(1, 1)}, golden=GOLDEN)
        self.generation = 0
        self.counter = 0

    def next_id(self) -> str:
        self.counter += 1
        return str(self.counter)

    @initialize(policy=POLICIES)
    def begin(self, policy: RolloutSpec) -> None:
        self.world.policy = policy
        self.tick(1)
        self.tick(1)
        self.world.desired = REFS["two"]
        self.tick(1)

    def look(self, *, order: int = 1, write: bool = True) -> float | None:
        before = self.world.rollout
        due = self.world.look(order=order, write=write)
        self.check(before, self.world.rollout)
        return due

    def tick(self, seconds: float) -> None:
        self.world.now += seconds
        for _ in range(12):
            due = self.look()
            self.world.publish()
            if due is None or due > self.world.now:
                return

    def check(self, before: RolloutStatus, after: RolloutStatus) -> None:
        """What holds of every decision."""
        assert after.generation >= self.generation
        self.generation = after.generation
        assert all(each.document is None or each.document.generation <= after.generation for each in self.world.proxies)
        if before.phase in JUDGED and after.phase in JUDGED and before.started_at == after.started_at:
            assert 0 <= after.step_index - before.step_index <= 1
        if after.weight > before.weight:
            assert after.history[-1].reason in STEPPED
            assert (after.step_index, after.step_since) != (before.step_index, before.step_since)
        if after.phase is Phase.PROMOTING and before.phase is not Phase.PROMOTING:
            assert not [each for each in after.readings if each.verdict is Verdict.FAIL]
            assert before.pause_reason not in BLOCKING
        assert after.phase in JUDGED or after.weight == 0
        assert after.stable is not None or before.stable is None

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 12.0, 31.0, 70.0, -3.0, -40.0]))
    def time_passes(self, seconds: float) -> None:
        self.tick(seconds)

    @rule(write=st.booleans(), order=st.sampled_from([1, -1]))
    def the_operator_is_killed(self, *, write: bool, order: int) -> None:
        """Before the status is written, or before the routing document is."""
        self.world.now += 1
        self.look(order=order, write=write)

    @rule(count=st.integers(1, 6), shadowed=st.booleans(), dropped=st.booleans())
    def calls_end(self, *, count: int, shadowed: bool, dropped: bool) -> None:
        fields: dict[str, Any] = {"end": CallEnd.DROPPED, "turns": ()} if dropped else {}
        if shadowed:
            fields["shadow"] = (ShadowTurn(stable_ms=500.0, canary_ms=None if dropped else 500.0),)
        for index in range(count):
            self.world.call(index % len(self.world.proxies), self.next_id(), **fields)

    @rule(slow=st.frozensets(st.sampled_from(NAMES), max_size=2))
    def revisions_become_slow_or_fast(self, slow: frozenset[str]) -> None:
        self.world.slow = slow

    @rule(bad=st.booleans(), full=st.booleans())
    @precondition(lambda self: self.world.phase in JUDGED)
    def a_crowd_calls_and_someone_wants_it_promoted(self, *, bad: bool, full: bool) -> None:
        """Where a Fail is likely, and someone in a hurry."""
        self.world.slow = frozenset({self.world.status.canary_revision}) if bad else frozenset()
        for index in range(30):
            self.world.call(index % len(self.world.proxies), self.next_id())
        self.tick(1)
        self.world.requests = (Request(Verb.PROMOTE, self.next_id(), "full" if full else ""),)
        self.tick(1)

    @rule(index=st.integers(0, 1), reachable=st.booleans(), ready=st.booleans())
    def a_proxy_comes_or_goes(self, *, index: int, reachable: bool, ready: bool) -> None:
        proxy = self.world.proxies[index]
        proxy.reachable, proxy.ready = reachable, ready

    @rule(index=st.integers(0, 1), live=st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), max_size=2))
    def a_proxy_is_replaced(self, index: int, live: dict[str, int]) -> None:
        self.world.proxies[index] = Proxy(f"proxy-{'ab'[index]}", boot=self.next_id(), live=live)

    @rule(verb=st.sampled_from(list(Verb)), argument=st.sampled_from(["", "", "full", "one", "nine"]))
    def someone_asks(self, verb: Verb, argument: str) -> None:
        others = tuple(each for each in self.world.requests if each.verb is not verb)
        self.world.requests = (*others, Request(verb, self.next_id(), argument))

    @rule(name=st.sampled_from((*NAMES, "")))
    def the_spec_changes(self, name: str) -> None:
        self.world.desired = REFS.get(name)

    @rule(really=st.sampled_from([False, False, False, True]))
    def the_status_is_deleted(self, *, really: bool) -> None:
        """The routing document still says how far the generation was."""
        self.tick(1)
        if really and self.world.phase in REST:
            self.world.status = VoiceAssistantStatus()
            self.tick(1)

    @rule(policy=POLICIES)
    def the_policy_changes(self, policy: RolloutSpec) -> None:
        self.world.policy = policy

    @rule(pods=st.sampled_from([AgentPods(0, 1), AgentPods(0, 1, "CrashLoopBackOff"), AgentPods(1, 1)]))
    def agent_pods_come_or_go(self, pods: AgentPods) -> None:
        self.world.agents = {**self.world.agents, "agent-2": pods}

    @rule(revision=st.sampled_from(NAMES))
    def a_ceiling_is_reached(self, revision: str) -> None:
        self.world.proxies[0].stopped = Stopped(
            revision=revision, slo="dropped", value_percent=90.0, ceiling_percent=25.0, calls=9, at=self.world.now
        )

    @rule(passes=st.booleans(), done=st.booleans())
    @precondition(lambda self: self.world.document and self.world.document.replay)
    def golden_calls_are_played(self, *, passes: bool, done: bool) -> None:
        self.play(passes=passes, done=done)

    def play(self, *, passes: bool, done: bool) -> None:
        document = self.world.document
        if document is None or document.replay is None:
            return
        failures = () if passes else ("turn 1: expected a price, got 'hm'",)
        results = tuple(GoldenResult(name=each.name, failures=failures) for each in GOLDEN)
        for proxy in self.world.proxies:
            if proxy.pod == document.replay.pod:
                proxy.replay = ReplayReport(id=document.replay.id, done=done, results=results)

    def teardown(self) -> None:
        """The world goes quiet: what is there works, callers call, nobody asks for anything any more."""
        world = self.world
        for proxy in world.proxies:
            proxy.ready = proxy.reachable = True
            proxy.stopped = None
        world.agents = {"agent-1": AgentPods(1, 1), "agent-2": AgentPods(1, 1)}
        quiet = 0
        for _ in range(80):
            quiet = quiet + 1 if world.phase in REST else 0
            if quiet > 3:
                break
            self.play(passes=True, done=True)
            for index in range(4):
                world.call(index % 2, self.next_id(), shadow=(ShadowTurn(stable_ms=500.0, canary_ms=500.0),))
            self.tick(8)
        assert world.phase in REST or world.condition("Stalled")[0] == "True", world.phase
        self.end()

    def end(self) -> None:
        """Whoever it waits for can end it."""
        if self.world.phase in REST:
            return
        self.world.requests = (Request(Verb.ABORT, self.next_id()),)
        for _ in range(6):
            self.tick(8)
        assert self.world.phase is Phase.ROLLED_BACK or self.world.rollout.canary is None


def test_any_order_ends_well() -> None:
    """See the machine."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        AnyOrder,
        settings=settings(
            max_examples=120,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
