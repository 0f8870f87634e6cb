"""What the rules ask about: the observation, the state after new evidence, and answers derived from both."""

from dataclasses import dataclass

from understudy.api.rollout import Step
from understudy.api.status import Phase, Reading, Revision, RolloutStatus, Verdict
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.inputs import AgentPods, Observation, ProxyPod
from understudy.domain.rollout.times import to_seconds
from understudy.domain.routing.document import RevisionRef
from understudy.domain.slo import panel


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
    def failing(self) -> Reading | None:
        """The SLO that the canary fails, if any."""
        return panel.failing(self.rollout.readings) if self.rollout.canary else None

    @property
    def passing(self) -> bool:
        """Whether every SLO has passed."""
        return self.rollout.verdict is Verdict.PASS

    @property
    def both_arms_bad(self) -> bool:
        """Whether there is an outage of both arms, or a source that does not answer: time to hold still."""
        held = self.rollout.verdict is Verdict.ERROR
        return held or any(reading.reason == "BothArmsBad" for reading in self.rollout.readings)

    @property
    def only_calls_missing(self) -> bool:
        """Whether nothing but the number of calls keeps the SLOs from passing."""
        short = ("NoCalls", "TooFewCalls", "MoreProofNeeded")
        return all(each.verdict is Verdict.PASS or each.reason in short for each in self.rollout.readings)

    def since(self, text: str | None) -> float:
        """Seconds from a time of the status until now; 0 when it is not set or lies in the future."""
        return max(0.0, self.now - to_seconds(text, self.now))
