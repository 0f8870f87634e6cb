"""What the step under way waits for, in words: the same numbers that the rules wait for (`steps.py`)."""

from dataclasses import dataclass

from understudy.api.evidence import Verdict
from understudy.api.rollout import OnInsufficientData, OnRegression, OnStableFailing, RolloutSpec, Step
from understudy.api.status import VoiceAssistantStatus
from understudy.base.duration import parse_ms
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.times import to_seconds

MINUTE_S = 60
"""Seconds; shorter times are told in seconds."""

HOUR_S = 3600
"""Seconds; shorter times are told in minutes."""

DAY_S = 86_400
"""Seconds; shorter times are told in hours."""

PATIENCE = {
    OnInsufficientData.HOLD: "it goes on waiting and says so",
    OnInsufficientData.PAUSE: "it pauses",
    OnInsufficientData.ROLLBACK: "the canary is taken back",
    OnInsufficientData.PROMOTE: "it goes on without them, unless an SLO looks worse",
}
"""`onInsufficientData` → what follows when the calls do not come."""


@dataclass(frozen=True, slots=True)
class Case:
    """One assistant's rollout at one moment.

    Attributes:
        name: the assistant's.
        status: as the operator last wrote it.
        policy: `spec.rollout`.
        now: seconds since the epoch.
    """

    name: str
    status: VoiceAssistantStatus
    policy: RolloutSpec
    now: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the policy as it is now."""
        return stepping.steps_of(self.policy)

    @property
    def step(self) -> Step | None:
        """The step under way; None once all are done."""
        index = self.status.rollout.step_index
        return self.steps[index] if index < len(self.steps) else None


def in_words(seconds: float) -> str:
    """`45s`, `12m`, `3h`, `5d`: one unit, rounded down; `overdue` below 0."""
    if seconds < 0:
        return "overdue"
    for unit, size in (("d", DAY_S), ("h", HOUR_S), ("m", MINUTE_S)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def ago(case: Case, text: str | None) -> str:
    """`12m` since a time of the status; `an unknown time` without one."""
    return in_words(max(0.0, case.now - to_seconds(text))) if text else "an unknown time"


def left(case: Case, since: str | None, duration: str) -> float:
    """Seconds until `duration` after `since` is over; all of it when it has not begun, below 0 when it is over."""
    length = parse_ms(duration) / 1000
    return to_seconds(since) + length - case.now if since else length


def at(text: str | None) -> str:
    """`09:14:31Z`; `unknown` without a time."""
    return f"{text[11:19]}Z" if text else "unknown"


def step_title(case: Case) -> str:
    """`step 2/3: setWeight 50`, or that every step is done."""
    if case.step is None:
        return "every step is done and the verdict decides"
    return f"step {stepping.label(case.steps, case.status.rollout.step_index)}: {stepping.words(case.step)}"


def held(case: Case) -> str:
    """Why no step is taken though it may be done; empty when nothing holds it (`Facts.held`)."""
    counting = [each for each in case.status.rollout.readings if not each.dry_run]
    if down := next((each for each in counting if each.verdict is Verdict.ERROR), None):
        return f"It holds: the source of {down.slo} does not answer, and what nobody can see is not promoted."
    both = next((each for each in counting if each.reason == "BothArmsBad"), None)
    if both is None or case.policy.on_stable_failing is OnStableFailing.PROMOTE:
        return ""
    return f"It holds: both arms miss {both.slo}, which is no fault of the canary (onStableFailing: Hold)."


def awaited(case: Case) -> str:
    """What ends the step under way; behind the last one, what the verdict still needs."""
    step = case.step
    if step is None:
        return _verdict(case)
    if step.pause:
        return _pause(case, step.pause.duration)
    if step.replay:
        return _replay(case)
    return _mirrored(case, step.shadow.min_calls) if step.shadow else _calls(case)


def _pause(case: Case, duration: str | None) -> str:
    if duration is None:
        return "resume or promote"
    remaining = max(0.0, left(case, case.status.rollout.step_since, duration))
    return f"the end of the pause, in {in_words(remaining)}"


def _replay(case: Case) -> str:
    replay = case.status.rollout.replay
    if replay is None:
        return "a proxy to play the golden calls"
    return f"golden calls on {replay.pod}: {replay.passed} of {replay.total} passed, {replay.failed} failed"


def _mirrored(case: Case, wanted: int) -> str:
    shadow = case.status.rollout.shadow
    return f"{max(0, wanted - (shadow.calls if shadow else 0))} more of {wanted} mirrored calls{_expected(case)}"


def _calls(case: Case) -> str:
    """The weight to be acknowledged, then finished canary calls."""
    rollout = case.status.rollout
    if rollout.acked_since is None:
        known = f"{rollout.acked_proxies} of {rollout.ready_proxies}"
        return f"every ready proxy to acknowledge {rollout.weight} % ({known})"
    wanted = stepping.calls_wanted(case.steps, rollout.step_index, case.policy.min_calls)
    if rollout.canary_calls >= wanted:
        return "the operator's next look: its calls are there"
    return f"{wanted - rollout.canary_calls} more of {wanted} finished canary calls{_expected(case)}"


def _expected(case: Case) -> str:
    """When they will be there at the pace so far."""
    enough_at = case.status.rollout.enough_at
    if enough_at is None:
        return ""
    return f", expected in {in_words(max(0.0, to_seconds(enough_at) - case.now))}"


def _verdict(case: Case) -> str:
    waiting = [each for each in case.status.rollout.readings if each.verdict.value != "Pass" and not each.dry_run]
    if not waiting:
        return "the operator's next look: every SLO has passed"
    needed = [each.calls_needed for each in waiting if each.calls_needed]
    pace = f", about {max(needed)} more canary calls{_expected(case)}" if needed else _expected(case)
    return f"{', '.join(each.slo for each in waiting)} to pass{pace}"


def deadline(case: Case) -> str | None:
    """How long the step may wait for calls; None for one that waits for time, a person or golden calls."""
    step = case.step
    if step and (step.pause or step.replay):
        return None
    return stepping.patience(step, case.policy)


def worse(case: Case) -> str:
    """What follows when the canary is found to be worse."""
    if case.policy.on_regression is OnRegression.ROLLBACK:
        return "it is taken back at once"
    return "no further caller meets it, and it waits for you"


def _without_calls(case: Case) -> str:
    """What follows when the calls do not come; by default a small first weight gives way to the next."""
    policy = case.policy.on_insufficient_data
    more = case.status.rollout.step_index + 1 < len(case.steps)
    if policy is OnInsufficientData.HOLD and case.policy.steps is None and more:
        return "it goes on to the next weight after one canary call at least"
    return PATIENCE[policy]


def step_moves(case: Case) -> tuple[str, ...]:
    """What ends the step by itself, and what follows when it does not come."""
    step = case.step
    if step and step.replay:
        return (
            f"{step.replay.min_pass_percent} % of the golden calls passed: the next step.",
            f"Fewer, or no results within {step.replay.max_duration}: {worse(case)}.",
        )
    ending = "Every SLO passed: it is promoted." if step is None else f"The end of that wait: {_following(case)}."
    limit = deadline(case)
    if limit is None:
        return (ending,)
    remaining = left(case, case.status.rollout.step_since, limit)
    policy = case.policy.on_insufficient_data
    late = f"is over since {in_words(-remaining)}" if remaining < 0 else f"is over in {in_words(remaining)}"
    return (ending, f"No verdict in time (the deadline of {limit} {late}): {_without_calls(case)} ({policy.value}).")


def _following(case: Case) -> str:
    index = case.status.rollout.step_index + 1
    if index < len(case.steps):
        return f"step {index + 1}, {stepping.words(case.steps[index])}"
    return "the verdict decides"
