"""The production judge over many simulated rollouts at once, asked after every canary call."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench.verdict.signals import DRAWS, Floats, tables
from tests.bench.verdict.world import World
from understudy.domain.slo import betting
from understudy.domain.slo.betting import Book, Terms
from understudy.domain.slo.policy import JudgePolicy

AT_ONCE = 2000
"""Rollouts played together: their numbers fit into the processor's cache."""


@dataclass(frozen=True)
class Verdicts:
    """Canary calls at the first Fail and the first Pass of each rollout; infinite where there was none."""

    fail: Floats
    passed: Floats


def policy(world: World) -> JudgePolicy:
    """What the world asks of the judge, as a rollout with as many SLOs would."""
    return JudgePolicy.sharing(world.min_calls, 100 * world.alpha, len(world.signals), 100 * world.beta)


def play(world: World, replications: int) -> Verdicts:
    """The verdicts of that many rollouts."""
    sizes = [min(AT_ONCE, replications - done) for done in range(0, replications, AT_ONCE)]
    parts = [_play(world, size, np.random.default_rng([world.seed, part])) for part, size in enumerate(sizes)]
    return Verdicts(np.concatenate([each.fail for each in parts]), np.concatenate([each.passed for each in parts]))


class Callers:
    """Draws the calls of rollouts that go on at the same time, one of each at a time."""

    def __init__(self, world: World, dice: np.random.Generator) -> None:
        self._world, self._dice = world, dice
        self._starts = np.array([start for start, _ in world.regimes])
        arms = [arms for _, arms in world.regimes] + ([world.bursts.arms] if world.bursts else [])
        self._tables = np.stack([tables(each, world.signals) for each in arms]).ravel()
        self._signals = np.arange(len(world.signals))[:, None]
        self._calls = 0
        self._hiccup: NDArray[np.bool_] = np.zeros(0, dtype=bool)

    def next(self, canary_calls: Floats) -> tuple[NDArray[np.bool_], Floats]:
        """Whether each rollout's call is the canary's, and its badness, of (signal, rollout).

        Args:
            canary_calls: of each rollout so far, those that are still played.
        """
        rollouts, signals = len(canary_calls), len(self._signals)
        on_canary = self._dice.random(rollouts) < self._world.share
        drawn = self._dice.integers(0, DRAWS, size=(signals, rollouts), dtype=np.uint16)
        arm = on_canary.astype(int)
        if len(self._starts) > 1:
            arm += 2 * (np.searchsorted(self._starts, canary_calls, side="right") - 1)
        if self._world.bursts:
            arm = np.where(self._hiccups(rollouts), 2 * len(self._starts) + on_canary, arm)
        self._calls += 1
        return on_canary, self._tables[(arm * signals + self._signals) * DRAWS + drawn]

    def _hiccups(self, rollouts: int) -> NDArray[np.bool_]:
        """Which rollouts' present burst has a hiccup."""
        bursts = self._world.bursts
        if bursts and (self._calls % bursts.calls == 0 or len(self._hiccup) != rollouts):
            self._hiccup = self._dice.random(rollouts) < bursts.hiccup_rate
        return self._hiccup


def _play(world: World, rollouts: int, dice: np.random.Generator) -> Verdicts:
    """Every call of `rollouts` rollouts, each until its Fail or `max_canary_calls`."""
    asked, callers = policy(world), Callers(world, dice)
    terms = Terms(
        world.share,
        np.array([[each.tolerance] for each in world.signals]),
        np.array([[each.margin] for each in world.signals]),
    )
    book = Book.opened(len(world.signals), rollouts, margin=terms.margin)
    fail, passed, going = np.full(rollouts, np.inf), np.full(rollouts, np.inf), np.arange(rollouts)
    while len(going):
        on_canary, bad = callers.next(book.canary[0])
        book = betting.played(book, bad, np.broadcast_to(on_canary, bad.shape), terms)
        calls = book.canary[0]
        fails = on_canary & asked.fails(book.evidence().max(0), calls)
        passes = on_canary & asked.passes(book.proof().min(0), calls)
        fail[going[fails]] = calls[fails]
        first = going[passes]
        passed[first] = np.minimum(passed[first], calls[passes])
        if (over := fails | (calls >= world.max_canary_calls)).any():
            going, book = going[~over], _without(book, over)
    return Verdicts(fail, passed)


def _without(book: Book, over: NDArray[np.bool_]) -> Book:
    """The books of the rollouts that go on."""
    kept = ~over
    return Book(
        calls=book.calls[:, kept],
        total=book.total[:, kept],
        canary=book.canary[:, kept],
        worse=book.worse[:, :, kept],
        reserve=book.reserve[:, kept],
        fine=book.fine[:, :, kept],
    )
