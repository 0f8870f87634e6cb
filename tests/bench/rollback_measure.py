"""One rollback, taken apart: which observation tipped the verdict, and when each stage after it was over."""

import itertools
from dataclasses import dataclass

from tests.bench.rollback_watch import Seen, Version
from understudy.api.evidence import Verdict
from understudy.api.rollout import RolloutSpec, Slo
from understudy.api.status import Phase, RolloutStatus, VoiceAssistantStatus
from understudy.domain.calls.observation import CallObservation, ProxyReport
from understudy.domain.rollout.evidence import judged
from understudy.domain.rollout.inputs import Observation, ProxyPod
from understudy.domain.rollout.times import to_seconds

STAGES = ("notice", "status", "routing", "proxies")
"""Observation recorded → decision taken (long poll, queue, judging) → status there for any watcher to see → routing
document there → the last proxy has put it in force."""


@dataclass(frozen=True)
class Policy:
    """What the assistants are judged by."""

    rollout: RolloutSpec
    slos: tuple[Slo, ...]


@dataclass(frozen=True)
class Rollback:
    """One rollback, in milliseconds."""

    revision: str
    total_ms: float
    stages_ms: dict[str, float]
    canary_calls: int


def decision_on(revision: str, versions: list[Version]) -> int | None:
    """Which version of the status first says that `revision` is taken back."""
    for number, version in enumerate(versions):
        rollout = version.rollout
        if rollout.rejected and rollout.rejected.name == revision and rollout.phase is Phase.ROLLING_BACK:
            return number
    return None


def last_applied(seen: Seen, pods: frozenset[str], generation: int) -> float | None:
    """When the last of `pods` had put `generation`, or a later one, in force; None while one has not."""
    moments = []
    for pod in pods:
        at = [when for number, when in seen.applied.get(pod, {}).items() if number >= generation]
        if not at:
            return None
        moments.append(min(at))
    return max(moments)


def tipping(
    before: RolloutStatus, after: RolloutStatus, calls: dict[str, list[CallObservation]], policy: Policy
) -> float:
    """When the observation was recorded with which the verdict became Fail, seconds since the epoch.

    The operator judges what is new since the status it wrote last; so does this, with one observation after the other.
    The newest one counted can be later than the one that tipped, and would flatter the result.

    Args:
        before: the last status before the rollback.
        after: the status that says RollingBack.
        calls: boot id → observations.
        policy: what they were judged by.

    Raises:
        LookupError: no observation tips it: the rollback had another cause.
    """
    first, last = ({each.boot_id: each.seq for each in rollout.cursors} for rollout in (before, after))
    new = [
        (boot, call)
        for boot, found in calls.items()
        for call in found
        if first.get(boot, 0) < call.seq <= last.get(boot, 0)
    ]
    new.sort(key=lambda each: each[1].recorded_at)
    for end in range(1, len(new) + 1):
        if _verdict(before, new[:end], policy) is Verdict.FAIL:
            return new[end - 1][1].recorded_at
    raise LookupError("no observation tips the verdict")


def _verdict(before: RolloutStatus, calls: list[tuple[str, CallObservation]], policy: Policy) -> Verdict | None:
    pods = {boot: boot for boot, _ in calls} | {each.boot_id: each.pod for each in before.cursors}
    proxies = tuple(
        ProxyPod(pod, ready=True, report=ProxyReport(pod=pod, boot_id=boot, generation=0, observations=heard))
        for boot, pod in pods.items()
        for heard in [tuple(call for from_boot, call in calls if from_boot == boot)]
    )
    world = Observation(
        namespace="", assistant="", status=VoiceAssistantStatus(), policy=policy.rollout, slos=policy.slos,
        proxies=proxies,
    )  # fmt: skip
    return judged(before, world, calls[-1][1].recorded_at).verdict


def measure(revision: str, seen: Seen, pods: frozenset[str], policy: Policy) -> Rollback | None:
    """The rollback of `revision`; None while something of it has not been seen.

    Raises:
        LookupError: it was not evidence that caused it.
    """
    number = decision_on(revision, seen.versions)
    if not number:
        return None
    before, decided = seen.versions[number - 1].rollout, seen.versions[number]
    after = decided.rollout
    applied = last_applied(seen, pods, after.generation)
    heard = {boot: calls[-1].seq for boot, calls in seen.calls.items() if calls}
    missed = any(heard.get(cursor.boot_id, 0) < cursor.seq for cursor in after.cursors if cursor.pod in pods)
    routed = seen.routed.get(after.generation)
    if applied is None or routed is None or missed:
        return None
    recorded = tipping(before, after, seen.calls, policy)
    moments = [recorded, to_seconds(after.rejected.at if after.rejected else None), decided.seen_at, routed, applied]
    spans = [1000 * (end - start) for start, end in itertools.pairwise(moments)]
    return Rollback(revision, 1000 * (applied - recorded), dict(zip(STAGES, spans, strict=True)), after.canary_calls)
