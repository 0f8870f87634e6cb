"""The steps of a rollout: what weight they want, how many calls they wait for, when they are over."""

import math
from collections.abc import Sequence

from understudy.api.rollout import DEFAULT_STEPS, RolloutSpec, Step
from understudy.base.duration import parse_ms


def steps_of(policy: RolloutSpec) -> tuple[Step, ...]:
    """The steps to take; those of the default where the policy names none."""
    return policy.steps or DEFAULT_STEPS


def seconds(duration: str) -> float:
    """A duration's length in seconds."""
    return parse_ms(duration) / 1000


def weight_at(steps: Sequence[Step], index: int) -> int:
    """Percent of new calls for the canary during step `index`: a pause keeps the weight before it; 0 before any."""
    weights = [step.set_weight for step in steps[: index + 1] if step.set_weight is not None]
    return weights[-1] if weights else 0


def calls_wanted(steps: Sequence[Step], index: int, min_calls: int) -> int:
    """Finished canary calls, since the rollout began, that end the `setWeight` or `analysis` step at `index`.

    `min_calls` is spread evenly over the weights, so that each sees its share before more callers are put at risk.
    """
    analysis = steps[index].analysis
    if analysis:
        return analysis.min_calls or min_calls
    total = sum(step.set_weight is not None for step in steps)
    done = sum(step.set_weight is not None for step in steps[: index + 1])
    return math.ceil(min_calls * done / max(1, total))


def label(steps: Sequence[Step], index: int) -> str:
    """`2/5`: the step under way, counted from 1; the last one once all are done."""
    return f"{min(index + 1, len(steps))}/{len(steps)}"


def words(step: Step) -> str:
    """`setWeight 25`, `pause 2m`, `pause until resumed`, `replay of front-desk-calls`, `shadow 10 %`, `analysis`."""
    if step.set_weight is not None:
        return f"setWeight {step.set_weight}"
    if step.replay:
        return f"replay of {step.replay.calls_ref.name}"
    if step.shadow:
        return f"shadow {step.shadow.percent} % of stable's calls"
    if step.analysis:
        return f"analysis of {step.analysis.min_calls} calls" if step.analysis.min_calls else "analysis"
    return f"pause {(step.pause and step.pause.duration) or 'until resumed'}"


def patience(step: Step | None, policy: RolloutSpec) -> str:
    """How long the step may wait for calls: a duration."""
    if step and step.shadow:
        return step.shadow.max_duration
    if step and step.analysis and step.analysis.max_duration:
        return step.analysis.max_duration
    return policy.data_deadline
