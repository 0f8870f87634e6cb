"""All judges of a rollout together: which calls they are shown, and the verdict that follows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from understudy.api.evidence import JudgeState, Reading, Verdict
from understudy.api.rollout import Slo
from understudy.domain.calls.observation import CallObservation
from understudy.domain.routing.document import Arm
from understudy.domain.slo import baking, judge, measure, query
from understudy.domain.slo.policy import JudgePolicy
from understudy.domain.slo.query import Sample

Samples = Mapping[str, Sequence[Sample]]
"""The last answers to queries, by the SLO's name."""

NO_SAMPLES: Samples = {}
"""For those who ask no queries."""


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
    heard = tuple(judges)
    for arm, call in calls:
        heard = _told(heard, slos, partial(_of, call), partial(_compared, arm, weight))
    return heard


def _told(
    judges: Sequence[JudgeState],
    slos: Sequence[Slo],
    badness: Callable[[Slo], float | None],
    update: Callable[[JudgeState, float, Slo], JudgeState],
) -> tuple[JudgeState, ...]:
    """The judges after one call that was as bad as `badness` says of each SLO; None says nothing."""
    pairs = ((state, slo, badness(slo)) for state, slo in zip(judges, slos, strict=True))
    return tuple(state if bad is None else update(state, bad, slo) for state, slo, bad in pairs)


def _of(call: CallObservation, slo: Slo) -> float | None:
    return measure.badness(slo, call)


def _compared(arm: Arm, weight: int, state: JudgeState, bad: float, slo: Slo) -> JudgeState:
    return judge.update(state, arm, bad, slo, weight)


def _baked(policy: JudgePolicy, state: JudgeState, bad: float, slo: Slo) -> JudgeState:
    return baking.update(state, bad, slo, policy)


def hear_lost(
    judges: Sequence[JudgeState], slos: Sequence[Slo], arm: Arm, calls: int, weight: int
) -> tuple[JudgeState, ...]:
    """The judges after `calls` calls of `arm` that never ended, because their proxy was gone first: dropped."""
    heard = tuple(judges)
    for _ in range(calls):
        heard = _told(heard, slos, measure.badness_of_lost, partial(_compared, arm, weight))
    return heard


def ask(
    judges: Sequence[JudgeState], slos: Sequence[Slo], samples: Samples, began: float = 0.0
) -> tuple[JudgeState, ...]:
    """The judges after the answers to queries that were given since `began` (seconds since the epoch)."""
    pairs = zip(judges, slos, strict=True)
    return tuple(query.counted(state, slo, _since(samples, slo, began)) for state, slo in pairs)


def _since(samples: Samples, slo: Slo, began: float) -> list[Sample]:
    return [each for each in samples.get(slo.name, ()) if each.at >= began]


def read_all(
    judges: Sequence[JudgeState],
    slos: Sequence[Slo],
    policy: JudgePolicy,
    samples: Samples = NO_SAMPLES,
    now: float | None = None,
) -> tuple[Reading, ...]:
    """The reading of each SLO, in order.

    Args:
        judges: from `hear` and `ask`.
        slos: what is judged.
        policy: of each test.
        samples: the last answers to queries.
        now: seconds since the epoch, to tell an answer that is too old.
    """
    return _read(judges, slos, lambda state, slo: judge.read(state, slo, policy), samples, now)


def _read(
    judges: Sequence[JudgeState],
    slos: Sequence[Slo],
    read: Callable[[JudgeState, Slo], Reading],
    samples: Samples,
    now: float | None,
) -> tuple[Reading, ...]:
    return tuple(
        query.read(state, slo, samples.get(slo.name, ()), now) if slo.prometheus else read(state, slo)
        for state, slo in zip(judges, slos, strict=True)
    )


def seat_baking(judges: Sequence[JudgeState], slos: Sequence[Slo]) -> tuple[JudgeState, ...]:
    """Fresh judges for a revision that was just promoted; they know what the one before it read."""
    return tuple(baking.start(state, slo) for state, slo in zip(seat(judges, slos), slos, strict=True))


def hear_baking(
    judges: Sequence[JudgeState], slos: Sequence[Slo], calls: Iterable[CallObservation], policy: JudgePolicy
) -> tuple[JudgeState, ...]:
    """The judges after `calls` of the promoted revision, which are in the order of their start.

    `judges` are from `seat_baking`, or, for SLOs changed since, from `seat`.
    """
    heard = tuple(judges)
    for call in calls:
        heard = _told(heard, slos, partial(_of, call), partial(_baked, policy))
    return heard


def hear_lost_baking(
    judges: Sequence[JudgeState], slos: Sequence[Slo], calls: int, policy: JudgePolicy
) -> tuple[JudgeState, ...]:
    """As `hear_lost`, of a revision that bakes."""
    heard = tuple(judges)
    for _ in range(calls):
        heard = _told(heard, slos, measure.badness_of_lost, partial(_baked, policy))
    return heard


def read_baking(
    judges: Sequence[JudgeState],
    slos: Sequence[Slo],
    policy: JudgePolicy,
    samples: Samples = NO_SAMPLES,
    now: float | None = None,
) -> tuple[Reading, ...]:
    """As `read_all`, of a revision that bakes."""
    return _read(judges, slos, lambda state, slo: baking.read(state, slo, policy), samples, now)


def counting(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """The readings that have influence: dry runs are only shown."""
    return tuple(reading for reading in readings if not reading.dry_run)


def overall(readings: Sequence[Reading]) -> Verdict:
    """One Fail fails; a source that does not answer holds; only Pass on every SLO passes; nothing passes by silence."""
    verdicts = {reading.verdict for reading in counting(readings)}
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.INSUFFICIENT):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if verdicts else Verdict.INSUFFICIENT


def failing(readings: Sequence[Reading]) -> Reading | None:
    """The failed reading with the strongest evidence; None when nothing fails."""
    failed = [reading for reading in counting(readings) if reading.verdict is Verdict.FAIL]
    return max(failed, key=lambda reading: reading.evidence, default=None)
