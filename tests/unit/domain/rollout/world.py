"""A small world around `advance`: proxies that follow the routing document, calls, an operator that can be killed."""

import json
from dataclasses import dataclass, field, replace

from understudy.api.rollout import DEFAULT_SLOS, PauseStep, RolloutSpec, Slo, Step
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.observation import (
    CallEnd,
    CallObservation,
    CredentialProblem,
    ProxyReport,
    ReplayReport,
    Stopped,
    TurnRecord,
)
from understudy.domain.rollout.advance import advance
from understudy.domain.rollout.inputs import AgentPods, Event, Observation, ProxyPod, Request
from understudy.domain.rollout.routing import routing_document
from understudy.domain.routing.arm import choose_arm
from understudy.domain.routing.document import RevisionRef, RoutingDocument

START = 1_700_000_000.0

POLICY = RolloutSpec(
    steps=(Step(set_weight=50), Step(pause=PauseStep(duration="20s"))),
    min_calls=8,
    false_rollback_percent=5,
    progress_deadline="60s",
    data_deadline="10m",
)


def ref(name: str, agent: str = "agent-1") -> RevisionRef:
    return RevisionRef(name=name, object_name=f"front-desk-{name}", agent_service=agent)


def through_json(status: VoiceAssistantStatus) -> VoiceAssistantStatus:
    """As the API server gives it back: absent fields are gone, whole floats may have become integers."""
    text = json.dumps(status.model_dump(mode="json", by_alias=True, exclude_none=True))
    whole = json.loads(
        text, parse_float=lambda digits: int(float(digits)) if float(digits).is_integer() else float(digits)
    )
    return VoiceAssistantStatus.model_validate(whole)


@dataclass
class Proxy:
    """A proxy pod: follows the document unless it is cut off, and keeps what its calls left."""

    pod: str
    boot: str = "boot"
    ready: bool = True
    reachable: bool = True
    document: RoutingDocument | None = None
    calls: list[CallObservation] = field(default_factory=list)
    live: dict[str, int] = field(default_factory=dict)
    problems: tuple[CredentialProblem, ...] = ()
    replay: ReplayReport | None = None
    stopped: Stopped | None = None

    def report(self) -> ProxyReport | None:
        if not self.reachable:
            return None
        return ProxyReport(
            pod=self.pod,
            boot_id=f"{self.pod}-{self.boot}",
            generation=self.document.generation if self.document else 0,
            key_id=f"key-{self.pod}-{self.boot}",
            public_key="public",
            live_calls=self.live,
            problems=self.problems,
            replay=self.replay,
            stopped=self.stopped,
            observations=tuple(self.calls),
        )


@dataclass
class World:
    """Everything outside the decision."""

    now: float = START
    desired: RevisionRef | None = field(default_factory=lambda: ref("one"))
    policy: RolloutSpec = POLICY
    proxies: list[Proxy] = field(default_factory=lambda: [Proxy("proxy-a"), Proxy("proxy-b")])
    agents: dict[str, AgentPods] = field(default_factory=lambda: {"agent-1": AgentPods(1, 1)})
    requests: tuple[Request, ...] = ()
    slos: tuple[Slo, ...] = DEFAULT_SLOS
    golden: tuple[GoldenCall, ...] = ()
    golden_error: str = ""
    plan: str = ""
    wait: str = ""
    history: tuple[RevisionRef, ...] = ()
    """Revisions stored; that of the spec is stored as soon as it is asked for."""
    status: VoiceAssistantStatus = field(default_factory=VoiceAssistantStatus)
    document: RoutingDocument | None = None
    events: list[Event] = field(default_factory=list)
    slow: frozenset[str] = frozenset()
    """Revisions whose every turn is slow."""

    @property
    def rollout(self) -> RolloutStatus:
        return self.status.rollout

    @property
    def phase(self) -> Phase:
        return self.status.phase

    def reasons(self) -> list[str]:
        """Reasons of all events so far."""
        return [event.reason for event in self.events]

    def condition(self, kind: str) -> tuple[str, str]:
        """(status, reason) of a condition."""
        found = next(each for each in self.status.conditions if each.type == kind)
        return (found.status.value, found.reason)

    def observe(self) -> Observation:
        if self.desired and self.desired not in self.history:
            self.history = (*self.history, self.desired)
        return Observation(
            namespace="default",
            assistant="front-desk",
            status=self.status,
            desired=self.desired,
            invalid="" if self.desired else "spec.model: no such account",
            policy=self.policy,
            proxies=tuple(ProxyPod(each.pod, each.ready, each.report()) for each in self.proxies),
            agents=self.agents,
            requests=self.requests,
            slos=self.slos,
            golden=self.golden,
            golden_error=self.golden_error,
            history=self.history,
            plan=self.plan,
            wait=self.wait,
            routing_generation=self.document.generation if self.document else 0,
        )

    def look(self, *, order: int = 1, write: bool = True) -> float | None:
        """One pass of the operator; `write=False` is a kill before the status was written."""
        seen = self.observe()
        decision = advance(replace(seen, proxies=seen.proxies[::order]), self.now)
        if not write:
            return self.now
        self.status = through_json(decision.status)
        self.events += decision.events
        return decision.requeue_at

    def publish(self) -> None:
        """The routing document is written, and every proxy that can see it follows."""
        self.document = routing_document(self.observe(), self.status)
        for proxy in self.proxies:
            if proxy.reachable:
                proxy.document = self.document

    def tick(self, seconds: float = 1.0, *, order: int = 1) -> None:
        """Time passes and the operator does what is due."""
        self.now += seconds
        for _ in range(10):
            due = self.look(order=order)
            self.publish()
            if due is None or due > self.now:
                return

    def call(self, proxy: int, call_id: str, **fields: object) -> None:
        """A call that comes in now, takes its arm from the proxy's document and is over at once."""
        at = self.proxies[proxy]
        chosen = choose_arm(at.document, call_id, self.now) if at.document else None
        if chosen is None:
            return
        arm, revision = chosen
        turn = TurnRecord(total_ms=3000.0 if revision.name in self.slow else 700.0)
        given = {
            "seq": len(at.calls) + 1,
            "call_id": call_id,
            "revision": revision.name,
            "arm": arm,
            "started_at": self.now,
            "ended_at": self.now + 1,
            "recorded_at": self.now + 1,
            "end": CallEnd.CALLER_HUNG_UP,
            "completed": True,
            "turns": (turn, turn),
        }
        at.calls.append(CallObservation.model_validate(given | fields))

    def run(self, ticks: int, *, calls: int = 2) -> None:
        """`ticks` seconds with that many calls each."""
        for _ in range(ticks):
            for index in range(calls):
                self.call(index % len(self.proxies), f"{self.now}-{index}")
            self.tick()

    def run_until(self, *phases: Phase, ticks: int = 300) -> None:
        """Seconds with calls until one of `phases` is reached."""
        for _ in range(ticks):
            if self.phase in phases:
                return
            self.run(1)


def serving(**fields: object) -> World:
    """A world in which revision `one` serves."""
    world = World(**fields)  # type: ignore[arg-type]
    world.tick()
    world.tick()
    assert world.phase is Phase.STABLE
    return world


def rolling(revision: str = "two", **fields: object) -> World:
    """A world in which `revision` is a canary whose first weight is acknowledged."""
    world = serving(**fields)
    world.desired = ref(revision)
    world.tick()
    world.tick()
    assert world.phase is Phase.CANARY
    return world
