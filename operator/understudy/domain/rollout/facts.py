"""What the rules ask about: the observation, the state after new evidence, and answers derived from both."""

from dataclasses import dataclass

from understudy.api.evidence import Reading, Verdict
from understudy.api.rollout import OnStableFailing, Step
from understudy.api.status import Phase, Revision, RolloutStatus
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.inputs import AgentPods, Observation, ProxyPod
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import RevisionRef
from understudy.domain.slo import panel

BLOCKING = frozenset({"Regression", "ReplayFailed", "ShadowFailed"})
"""Reasons of a pause in which no caller meets the canary, and which no promote or resume passes over."""

SHORT_OF_CALLS = frozenset({"NoCalls", "TooFewCalls", "MoreProofNeeded"})
"""Reasons of a reading that more good calls would turn into a Pass."""


def counts(pod: ProxyPod) -> bool:
    """Whether new calls may arrive at `pod`, so that its acknowledgement is asked for."""
    return pod.ready and not (pod.report and pod.report.draining)


def same(revision: Revision | None, ref: RevisionRef | None) -> bool:
    """Whether both are the same revision; never true of none."""
    return revision is not None and ref is not None and revision.name == ref.name


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a rule may look at."""

    seen: Observation
    rollout: RolloutStatus
    now: float

    @property
    def phase(self) -> Phase:
        """Where the rollout stands."""
        return self.rollout.phase

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the policy as it is now."""
        return stepping.steps_of(self.seen.policy)

    @property
    def step(self) -> Step | None:
        """The step under way; None once all are done."""
        return self.steps[self.rollout.step_index] if self.rollout.step_index < len(self.steps) else None

    @property
    def ready_proxies(self) -> int:
        """How many proxies have to acknowledge."""
        return sum(counts(pod) for pod in self.seen.proxies)

    @property
    def acked_proxies(self) -> int:
        """How many of them have put the newest routing document in force."""
        return sum(
            counts(pod) and pod.report is not None and pod.report.generation >= self.rollout.generation
            for pod in self.seen.proxies
        )

    @property
    def acknowledged(self) -> bool:
        """Whether every ready proxy does what was decided; false while there is no ready proxy at all."""
        return 0 < self.ready_proxies == self.acked_proxies

    @property
    def silent(self) -> tuple[str, ...]:
        """Proxies that take new calls and did not answer us."""
        return tuple(pod.pod for pod in self.seen.proxies if counts(pod) and pod.report is None)

    @property
    def overdue(self) -> bool:
        """Whether the phase has lasted longer than `progressDeadline`."""
        return self.since(self.rollout.phase_since) >= stepping.seconds(self.seen.policy.progress_deadline)

    @property
    def lease_over(self) -> bool:
        """Whether even an unreachable proxy has stopped sending calls to the revision that was taken back."""
        return self.now >= to_seconds(self.rollout.lease_over_at)

    def agents_of(self, revision: Revision | None) -> AgentPods:
        """The agent pods that speak for `revision`."""
        return self.seen.agents.get(revision.agent_service, AgentPods()) if revision else AgentPods()

    @property
    def canary_ready(self) -> bool:
        """Whether an agent speaks for the canary (stable's own unless the agent changed), and its keys are there."""
        return self.agents_of(self.rollout.canary).enough and self.keyless is None

    @property
    def keyless(self) -> CredentialProblem | None:
        """A key that the canary lacks on a proxy that takes new calls; what stable lacks too keeps no fix from it."""
        canary, stable = self.rollout.canary, self.rollout.stable
        told = (each for pod in self.seen.proxies if counts(pod) and pod.report for each in pod.report.problems)
        lacking = (each for each in told if canary and canary.name in each.revisions and each.reason != "Refused")
        return next((each for each in lacking if not (stable and stable.name in each.revisions)), None)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The readings that have influence."""
        return panel.counting(self.rollout.readings)

    @property
    def failing(self) -> Reading | None:
        """The SLO that the canary fails, or what was promoted while it bakes; None: none."""
        judged = self.rollout.canary is not None or self.phase is Phase.BAKING
        return panel.failing(self.rollout.readings) if judged else None

    @property
    def blocked(self) -> str:
        """Why no request but abort, retry and undo moves the rollout; empty: nothing stands in the way."""
        if self.phase not in JUDGED:
            return ""
        if reading := self.failing:
            return f"the canary fails {reading.slo}"
        paused = self.phase is Phase.PAUSED and self.rollout.pause_reason in BLOCKING
        return f"the canary was stopped ({self.rollout.pause_reason})" if paused else ""

    @property
    def passing(self) -> bool:
        """Whether every SLO has passed, or is one that the policy lets pass because stable misses it too."""
        return bool(self.readings) and all(
            each.verdict is Verdict.PASS or self._let_pass(each) for each in self.readings
        )

    def _let_pass(self, reading: Reading) -> bool:
        """A fix may ship while stable is broken (P8): the canary is no worse, and holding it back helps nobody."""
        promote = self.seen.policy.on_stable_failing is OnStableFailing.PROMOTE
        return promote and reading.reason == "BothArmsBad"

    @property
    def outage(self) -> Reading | None:
        """An objective that both arms miss; None: there is none."""
        return next((each for each in self.readings if each.reason == "BothArmsBad"), None)

    @property
    def held(self) -> bool:
        """Whether it is time to hold still: an outage of both arms, or a source that does not answer."""
        down = any(each.verdict is Verdict.ERROR for each in self.readings)
        return down or any(each.reason == "BothArmsBad" and not self._let_pass(each) for each in self.readings)

    @property
    def only_calls_missing(self) -> bool:
        """Whether nothing but the number of calls keeps the SLOs from passing."""
        return all(
            each.verdict is Verdict.PASS or each.reason in SHORT_OF_CALLS or self._let_pass(each)
            for each in self.readings
        )

    def since(self, text: str | None) -> float:
        """Seconds from a time of the status until now; 0 when it is not set or lies in the future."""
        return max(0.0, self.now - to_seconds(text, self.now))
