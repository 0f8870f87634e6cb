"""All judges of a rollout together: which calls they are shown, and the verdict that follows."""

from collections.abc import Iterable, Sequence

from understudy.api.rollout import Slo
from understudy.api.status import JudgeState, Reading, Verdict
from understudy.domain.calls.observation import CallObservation
from understudy.domain.routing.document import Arm
from understudy.domain.slo import judge, measure
from understudy.domain.slo.policy import JudgePolicy


def seat(judges: Sequence[JudgeState], slos: Sequence[Slo]) -> tuple[JudgeState, ...]:
    """One judge for each SLO: the one in office if it measures the same, a fresh one otherwise."""
    known = {(each.slo, each.signature): each for each in judges}
    return tuple(known.get((slo.name, measure.signature(slo))) or judge.start(slo) for slo in slos)


def hear(
    judges: Sequence[JudgeState], slos: Sequence[Slo], calls: Iterable[tuple[Arm, CallObservation]], weight: int
) -> tuple[JudgeState, ...]:
    """The judges after `calls`, which are in the order of their start.

    Args:
        judges: one for each of `slos`, from `seat`.
        slos: what is judged.
        calls: finished calls with the arm they are evidence for.
        weight: percent of new calls that the canary gets.
    """
    heard = list(judges)
    for arm, call in calls:
        for index, slo in enumerate(slos):
            bad = measure.badness(slo, call)
            if bad is not None:
                heard[index] = judge.update(heard[index], arm, bad, slo, weight)
    return tuple(heard)


def read_all(judges: Sequence[JudgeState], slos: Sequence[Slo], policy: JudgePolicy) -> tuple[Reading, ...]:
    """The reading of each SLO, in order."""
    return tuple(judge.read(state, slo, policy) for state, slo in zip(judges, slos, strict=True))


def overall(readings: Sequence[Reading]) -> Verdict:
    """One Fail fails; a source that does not answer holds; only Pass on every SLO passes; nothing passes by silence."""
    verdicts = {reading.verdict for reading in readings}
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INSUFFICIENT):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INSUFFICIENT


def failing(readings: Sequence[Reading]) -> Reading | None:
    """The failed reading with the strongest evidence; None when nothing fails."""
    failed = [reading for reading in readings if reading.verdict is Verdict.FAIL]
    return max(failed, key=lambda reading: reading.evidence, default=None)
