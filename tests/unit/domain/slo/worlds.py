"""Simulated rollouts: calls of two arms, shown to the production judge one by one."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from understudy.api.evidence import Verdict
from understudy.api.rollout import RatioSignal, RatioSlo, Slo
from understudy.domain.routing.document import Arm
from understudy.domain.slo import betting, judge
from understudy.domain.slo.betting import Book, Terms
from understudy.domain.slo.policy import JudgePolicy

Draw = Callable[[random.Random], float]


@dataclass(frozen=True)
class Outcome:
    """How one simulated rollout ended."""

    verdict: Verdict
    canary_calls: int
    passed: bool
    """Whether it was Pass at any time."""


def often(chance: float) -> Draw:
    """1 with that chance, else 0: a call dropped or not."""
    return lambda dice: float(dice.random() < chance)


def share(chance: float, turns: int) -> Draw:
    """Share of `turns` turns that were bad, each with that chance."""
    return lambda dice: sum(dice.random() < chance for _ in range(turns)) / turns


def slo(max_percent: float = 5, margin_percent: float = 1, tolerance_percent: float = 0) -> Slo:
    """An SLO whose badness is what the world draws."""
    ratio = RatioSlo(
        signal=RatioSignal.DROPPED_CALLS,
        max_percent=max_percent,
        margin_percent=margin_percent,
        tolerance_percent=tolerance_percent,
    )
    return Slo(name="bad", ratio=ratio)


def simulate(
    canary: Draw, stable: Draw, *, weight: int, policy: JudgePolicy, max_calls: int, seed: int, asked: Slo
) -> Outcome:
    """Ask the judge after every call, until it fails the canary or `max_calls` canary calls are over."""
    dice, state, passed, verdict = random.Random(seed), judge.start(asked), False, Verdict.INSUFFICIENT
    while state.canary_calls < max_calls and verdict is not Verdict.FAIL:
        on_canary = dice.random() * 100 < weight
        arm, draw = (Arm.CANARY, canary) if on_canary else (Arm.STABLE, stable)
        state = judge.update(state, arm, draw(dice), asked, weight)
        verdict = judge.decide(state, asked, policy)[0]
        passed |= verdict is Verdict.PASS
    return Outcome(verdict, state.canary_calls, passed)


def greatest_odds(
    canary: float, stable: float, *, terms: Terms, rollouts: int, calls: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The largest (evidence, proof) that each of many simulated rollouts ever shows; shares of 4 turns are bad."""
    dice, book = np.random.default_rng(seed), Book.opened(rollouts, margin=terms.margin)
    evidence, proof = book.evidence(), book.proof()
    for _ in range(calls):
        on_canary = dice.random(rollouts) < terms.share
        bad = dice.binomial(4, np.where(on_canary, canary, stable)) / 4
        book = betting.played(book, bad, on_canary, terms)
        evidence, proof = np.maximum(evidence, book.evidence()), np.maximum(proof, book.proof())
    return evidence, proof
