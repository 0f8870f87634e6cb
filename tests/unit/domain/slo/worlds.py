"""Simulated rollouts: calls of two arms, shown to the production judge one by one."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from understudy.api.rollout import RatioSignal, RatioSlo, Slo
from understudy.api.status import Verdict
from understudy.domain.routing.document import Arm
from understudy.domain.slo import judge
from understudy.domain.slo.judge import JudgePolicy

Draw = Callable[[random.Random], float]


@dataclass(frozen=True)
class Outcome:
    """How one simulated rollout ended."""

    verdict: Verdict
    canary_calls: int


def often(chance: float) -> Draw:
    """1 with that chance, else 0: a call dropped or not."""
    return lambda dice: float(dice.random() < chance)


def share(chance: float, turns: int) -> Draw:
    """Share of `turns` turns that were bad, each with that chance."""
    return lambda dice: sum(dice.random() < chance for _ in range(turns)) / turns


def slo(max_percent: float = 5, margin_percent: float = 1) -> Slo:
    """An SLO whose badness is what the world draws."""
    ratio = RatioSlo(signal=RatioSignal.DROPPED_CALLS, max_percent=max_percent, margin_percent=margin_percent)
    return Slo(name="bad", ratio=ratio)


def simulate(
    canary: Draw, stable: Draw, *, weight: int, policy: JudgePolicy, max_calls: int, seed: int, asked: Slo
) -> Outcome:
    """Ask the judge after every call, until it fails the canary or `max_calls` canary calls are over."""
    dice, state = random.Random(seed), judge.start(asked)
    while state.canary_calls < max_calls:
        on_canary = dice.random() * 100 < weight
        arm, draw = (Arm.CANARY, canary) if on_canary else (Arm.STABLE, stable)
        state = judge.update(state, arm, draw(dice), asked, weight)
        if judge.decide(state, asked, policy)[0] is Verdict.FAIL:
            return Outcome(Verdict.FAIL, state.canary_calls)
    return Outcome(judge.decide(state, asked, policy)[0], state.canary_calls)
