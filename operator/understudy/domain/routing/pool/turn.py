"""One request of an agent on its way through the pool."""

import math
from typing import TYPE_CHECKING

from understudy.domain.routing.pool.step import Ask, Failure, Sample, Shot, Step, Why

if TYPE_CHECKING:
    from understudy.domain.routing.pool.pool import Pool

ROUNDS = 2
"""Times one deployment is asked in one turn: a hang is mostly the request's, so a pool of one is asked again."""


class Turn:
    """What is in flight, what was tried, what comes next.

    Whoever does the I/O calls `start` once, then tells what comes, and does what each `Step` says.
    """

    def __init__(self, pool: "Pool", ask: Ask) -> None:
        self._pool = pool
        self._ask = ask
        self._tried: dict[int, int] = {}
        """How often each target was asked."""
        self._cut: set[int] = set()
        """Targets that were cut rather than failed: they may be asked again."""
        self._live: dict[int, Shot] = {}
        self._shots: dict[int, Shot] = {}
        self._gap: dict[int, tuple[float, float]] = {}
        """Latest chunk and longest silence of the winner."""
        self._began = 0.0
        self.winner: Shot | None = None

    @property
    def shots(self) -> tuple[Shot, ...]:
        """Everything fired so far, in order."""
        return tuple(self._shots.values())

    def start(self, now: float, first: int | None = None) -> Step:
        """Fire the first request; at `first` where that is given: a better model for which there is time."""
        self._began = now
        if first is not None:
            return self._fire(first, Why.BETTER, self._pool.cut_s(first, self._ask, now, self._ask.budget_s), now)
        choice = self._pool.first(self._ask, now)
        return self._fire(choice.target, choice.why, choice.cut_s, now)

    def useful(self, shot: int, now: float) -> None:
        """The first useful byte came."""
        self._gap.setdefault(shot, (now, 0.0))

    def clause(self, shot: int, now: float) -> Step:
        """The first speakable clause, or a whole tool call, is there: it wins, and the others are cancelled."""
        won = self._live.pop(shot)
        self.winner = won
        target = self._pool.targets[won.target]
        ask, pool = self._ask, self._pool
        if won.why is not Why.CONTINUE:
            pool.learn(Sample(target.key, now, now - won.at, cold_tokens=pool.cold_tokens(ask, target.key, now)))
        else:
            pool.entries[won.target].breaker.succeeded()
        pool.knowledge.warmth.served(ask.call, target.key, ask.tokens, now)
        self._gap[shot] = (now, 0.0)
        others = tuple(self._live)
        for other in others:
            self._withdraw(other, now)
        self._ended()
        return Step(cancel=others)

    def chunk(self, shot: int, now: float) -> None:
        """A chunk of the winner came."""
        latest, longest = self._gap.get(shot, (now, 0.0))
        self._gap[shot] = (now, max(longest, now - latest))

    def gap_limit_s(self, shot: int) -> float:
        """Silence after which the winner has stalled, seconds."""
        return self._pool.entries[self._shots[shot].target].gaps.limit_s()

    def done(self, shot: int, now: float) -> None:
        """The winner's answer is complete."""
        latest, longest = self._gap.get(shot, (now, 0.0))
        self._pool.entries[self._shots[shot].target].gaps.learn(max(longest, now - latest))

    def failed(self, shot: int, failure: Failure, now: float, retry_after_s: float | None = None) -> Step:
        """A request failed before it won."""
        if shot not in self._live:
            return Step(wake_at=self._wake_at())
        failed = self._live.pop(shot)
        self._learn_failure(failed, failure, now, retry_after_s)
        if self._live:
            return Step(wake_at=self._wake_at())
        return self._next(failed, Why.RETRY, failure.value, now)

    def tick(self, now: float) -> Step:
        """Time has passed: cut what took too long."""
        late = [shot for shot in self._live.values() if shot.cut_at <= now]
        if not late:
            return Step(wake_at=self._wake_at())
        latest = late[-1]
        if latest.id == max(self._live) and self._may_hedge(latest, now):
            return self._hedge(latest, now)
        return self._cut_late(latest, now)

    def broke(self, shot: int, failure: Failure, now: float) -> Step:
        """The winner stopped after output had been forwarded: another one is to go on from there."""
        broken = self._shots[shot]
        self._learn_failure(broken, failure, now, None)
        return self._next(broken, Why.CONTINUE, f"{failure.value} in mid-answer", now)

    def abandoned(self, now: float) -> Step:
        """Nobody waits any more: the agent went away."""
        live = tuple(self._live)
        for shot in live:
            self._withdraw(shot, now)
        self._ended()
        return Step(cancel=live)

    def _cut_late(self, late: Shot, now: float) -> Step:
        """Cancel every shot that is over its time and fire at the next; without a next one, wait to the ceiling."""
        ceiling_at = late.at + self._pool.settings.ceiling_s
        target = self._target(now)
        if (target is None or not self._ask.repeatable) and now < ceiling_at:
            self._live[late.id] = self._shots[late.id] = _with_cut(late, ceiling_at)
            return Step(wake_at=self._wake_at())
        cancel = tuple(shot.id for shot in self._live.values() if shot.cut_at <= now)
        for shot in cancel:
            self._learn_cut(self._live.pop(shot), now)
        step = self._next(late, Why.CUT, "cut", now)
        return Step(step.fire, cancel, step.wake_at, step.over)

    def _may_hedge(self, late: Shot, now: float) -> bool:
        pool = self._pool
        if not pool.settings.hedge or not self._ask.repeatable or now >= late.at + pool.settings.ceiling_s:
            return False
        return len(self._live) == 1 and self._target(now) is not None and pool.spending.hedge()

    def _hedge(self, late: Shot, now: float) -> Step:
        self._live[late.id] = self._shots[late.id] = _with_cut(late, late.at + self._pool.settings.ceiling_s)
        return self._next(late, Why.HEDGE, "hedged", now)

    def _next(self, left: Shot, why: Why, word: str, now: float) -> Step:
        target = self._target(now)
        if target is None:
            if not self._live:
                self._ended()
            return Step(wake_at=self._wake_at(), over=not self._live)
        pool, ask = self._pool, self._ask
        if target >= pool.size and why is not Why.CONTINUE:
            why = Why.FALLBACK
        pool.failed_over(left, target, word, now)
        remaining = max(0.0, self._began + ask.budget_s - now)
        return self._fire(target, why, pool.cut_s(target, ask, now, remaining), now)

    def _target(self, now: float) -> int | None:
        """What is asked next: each once, then those again that were only slow."""
        pool = self._pool
        most = pool.settings.max_attempts
        if most is not None and len(self._shots) > most:
            return None
        found = pool.following(self._ask, self._tried, now)
        if found is not None:
            return found
        again = [index for index in self._tried if index in self._cut and self._tried[index] < ROUNDS]
        return again[0] if again else None

    def _fire(self, target: int, why: Why, cut_s: float, now: float) -> Step:
        shot = Shot(len(self._shots), target, why, why is Why.EXPLORE, now, now + cut_s)
        self._shots[shot.id] = self._live[shot.id] = shot
        self._tried[target] = self._tried.get(target, 0) + 1
        self._pool.fired(target, self._ask, why, now)
        return Step(fire=(shot,), wake_at=self._wake_at())

    def _wake_at(self) -> float | None:
        return min((shot.cut_at for shot in self._live.values()), default=None)

    def _learn_cut(self, shot: Shot, now: float) -> None:
        self._cut.add(shot.target)
        key, pool = self._pool.targets[shot.target].key, self._pool
        cold = pool.cold_tokens(self._ask, key, now)
        pool.learn(Sample(key, now, now - shot.at, censored=True, cold_tokens=cold))

    def _learn_failure(self, shot: Shot, failure: Failure, now: float, retry_after_s: float | None) -> None:
        key = self._pool.targets[shot.target].key
        self._pool.learn(Sample(key, now, failure=failure, retry_after_s=retry_after_s))

    def _withdraw(self, shot: int, now: float) -> None:
        """Cancelled though it was not late: learned from only when it took longer than its kind."""
        withdrawn = self._live.pop(shot)
        pool = self._pool
        if now - withdrawn.at > pool.expected_s(withdrawn.target, self._ask, now):
            self._learn_cut(withdrawn, now)
        else:
            pool.entries[withdrawn.target].breaker.withdrawn()

    def _ended(self) -> None:
        if not math.isnan(self._began):
            self._pool.counts.turns += 1
            self._pool.spending.turn(max(0, len(self._shots) - 1))
            self._began = math.nan


def _with_cut(shot: Shot, cut_at: float) -> Shot:
    return Shot(shot.id, shot.target, shot.why, shot.exploring, shot.at, cut_at)
