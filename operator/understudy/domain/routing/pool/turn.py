"""One request of an agent on its way through the pool."""

from typing import TYPE_CHECKING

from understudy.domain.routing.pool.step import Ask, Failure, Sample, Shot, Step, Why

if TYPE_CHECKING:
    from understudy.domain.routing.pool.pool import Pool

_SLOW = frozenset({Why.CUT, Why.HEDGE})
"""What is done about a request that takes too long."""

ROUNDS = 3
"""Times one deployment is asked in one turn: a hang is mostly the request's, so a pool of one is asked again."""

PRESSING = 2
"""Deployments that took too long in one turn, after which two are asked at a time: one alone has hung by chance, and
almost all turns end with the second."""


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
        self._slow: set[int] = set()
        """Requests that took too long, whether they were cut or left to run."""
        self._live: dict[int, Shot] = {}
        self._shots: dict[int, Shot] = {}
        self._gap: dict[int, tuple[float, float]] = {}
        """Latest chunk and longest silence of the winner."""
        self._began = 0.0
        self._counted = False
        self.winner: Shot | None = None
        self._going_on = False
        """Whether what is asked for now is the rest of an answer that broke off."""

    @property
    def shots(self) -> tuple[Shot, ...]:
        """Everything fired so far, in order."""
        return tuple(self._shots.values())

    def start(self, now: float, first: int | None = None) -> Step:
        """Fire the first request; at `first` where that is given: a better model for which there is time.

        Beside it there may be one that is fired to learn; whichever comes first wins.
        """
        self._began = now
        pool, ask = self._pool, self._ask
        if first is not None:
            main = self._shoot(first, Why.BETTER, pool.cut_s(first, ask, now, 0.0), now)
        else:
            choice = pool.first(ask, now)
            main = self._shoot(choice.target, choice.why, choice.cut_s, now)
        study = pool.exploration(ask, main.target, now)
        beside = () if study is None else (self._shoot(study.target, study.why, study.cut_s, now),)
        return Step(fire=(main, *beside), wake_at=self._wake_at())

    def useful(self, shot: int, now: float) -> None:
        """The first useful byte came."""
        self._gap.setdefault(shot, (now, 0.0))

    def clause(self, shot: int, now: float) -> Step:
        """The first speakable clause, or a whole tool call, is there.

        The first one wins, and the others are cancelled, but for one that is out to learn: it is learned from when its
        own clause comes, and cancelled then.
        """
        came = self._live.pop(shot)
        self._learn_clause(came, now)
        if self.winner is not None and came.why is not Why.CONTINUE:
            return Step(cancel=(shot,), wake_at=self._wake_at())
        self.winner = came
        self._gap[shot] = (now, 0.0)
        target = self._pool.targets[came.target]
        self._pool.knowledge.warmth.served(self._ask.call, target.key, self._ask.tokens, now)
        others = tuple(other.id for other in self._live.values() if not other.exploring)
        for other in others:
            self._learn_cut(self._live.pop(other), now)
        self._end(now)
        return Step(cancel=others, wake_at=self._wake_at())

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
        failed = self._live.pop(shot, None)
        if failed is None:
            return Step(wake_at=self._wake_at())
        self._learn_failure(failed, failure, now, retry_after_s)
        if self.winner is not None or self._awaited():
            return Step(wake_at=self._wake_at())
        return self._next(failed, Why.RETRY, failure.value, now)

    def tick(self, now: float) -> Step:
        """Time has passed: cut what took too long."""
        late = [shot for shot in self._live.values() if shot.cut_at <= now]
        waited_for = [shot for shot in late if not shot.exploring]
        if self.winner is None and waited_for:
            latest = waited_for[-1]
            return self._hedge(latest, now) if self._may_hedge(latest, now) else self._cut_late(latest, now)
        for shot in late:
            self._learn_cut(self._live.pop(shot.id), now)
        cancel = tuple(shot.id for shot in late)
        if late and self.winner is None and not self._live:
            step = self._next(late[-1], Why.CUT, "cut", now)
            return Step(step.fire, cancel, step.wake_at, step.over)
        return Step(cancel=cancel, wake_at=self._wake_at())

    def broke(self, shot: int, failure: Failure, now: float) -> Step:
        """The winner stopped after output had been forwarded: another one is to go on from there."""
        broken = self._shots[shot]
        self.winner, self._going_on = None, True
        self._cut.add(broken.target)  # a pool of one goes on where it broke off
        self._learn_failure(broken, failure, now, None)
        others = tuple(self._live)
        for other in others:  # out to learn: it would begin anew
            self._learn_cut(self._live.pop(other), now)
        step = self._next(broken, Why.CONTINUE, f"{failure.value} in mid-answer", now)
        return Step(step.fire, others, step.wake_at, step.over)

    def abandoned(self, now: float) -> Step:
        """Nobody waits any more: the agent went away, or the answer is complete."""
        live = tuple(self._live)
        for shot in live:
            self._learn_cut(self._live.pop(shot), now)
        self._end(None)
        return Step(cancel=live)

    def _cut_late(self, late: Shot, now: float) -> Step:
        """Cancel every shot that is over its time and fire at the next; without a next one, wait to the ceiling."""
        ceiling_at = late.at + self._pool.settings.ceiling_s
        target = self._target(now, late)
        if (target is None or not self._ask.repeatable) and now < ceiling_at:
            self._live[late.id] = self._shots[late.id] = _with_cut(late, ceiling_at)
            return Step(wake_at=self._wake_at())
        cancel = tuple(shot.id for shot in self._live.values() if shot.cut_at <= now)
        for shot in cancel:
            self._learn_cut(self._live.pop(shot), now)
        self._slow.update(shot for shot in cancel if not self._shots[shot].exploring)
        step = self._next(late, Why.CUT, "cut", now)
        fire = step.fire
        if not step.over and self._presses(now):
            step = self._next(late, Why.CUT, "cut", now)
            fire += step.fire
        return Step(fire, cancel, step.wake_at, step.over)

    def _presses(self, now: float) -> bool:
        """Whether one more request may go out beside the next one, so that a third that hangs costs nothing more.

        Hangs come together: where two of one turn hang, the next is likelier to as well than its own past says. What a
        turn may ask for in all is not raised by it, so an outage is asked no more for that.
        """
        pool = self._pool
        if not pool.settings.hedge or not self._ask.repeatable or not pool.late(now - self._began):
            return False
        fresh = sum(not shot.exploring and shot.id not in self._slow for shot in self._live.values())
        return len(self._slow) >= PRESSING and fresh == 1

    def _may_hedge(self, late: Shot, now: float) -> bool:
        pool = self._pool
        if not pool.settings.hedge or not self._ask.repeatable or now >= late.at + pool.settings.ceiling_s:
            return False
        return (
            sum(not shot.exploring for shot in self._live.values()) == 1
            and self._target(now, late) is not None
            and pool.spending.hedge()
        )

    def _hedge(self, late: Shot, now: float) -> Step:
        self._slow.add(late.id)
        self._live[late.id] = self._shots[late.id] = _with_cut(late, late.at + self._pool.settings.ceiling_s)
        return self._next(late, Why.HEDGE, "hedged", now)

    def _next(self, left: Shot, why: Why, word: str, now: float) -> Step:
        target = self._target(now, left if why in _SLOW else None)
        if target is None:
            if not self._live:
                self._end(None)
            return Step(wake_at=self._wake_at(), over=not self._live)
        pool = self._pool
        if self._going_on:
            why = Why.CONTINUE
        elif target >= pool.size:
            why = Why.FALLBACK
        pool.failed_over(left, target, word, now)
        if why is not Why.CONTINUE and (beside := self._explored(target)) is not None:
            return self._wait_for(beside, now)
        fired = self._shoot(target, why, pool.cut_s(target, self._ask, now, now - self._began), now)
        return Step(fire=(fired,), wake_at=self._wake_at())

    def _explored(self, target: int) -> Shot | None:
        """A request that is out at `target` already, to learn."""
        return next((shot for shot in self._live.values() if shot.exploring and shot.target == target), None)

    def _wait_for(self, study: Shot, now: float) -> Step:
        """The turn now waits for what was fired to learn, instead of firing at the same deployment once more."""
        cut_s = self._pool.cut_s(study.target, self._ask, now, now - self._began)
        awaited = Shot(study.id, study.target, study.why, False, study.at, now + cut_s)  # noqa: FBT003 - as the fields are
        self._live[study.id] = self._shots[study.id] = awaited
        self._tried[study.target] = self._tried.get(study.target, 0) + 1
        return Step(wake_at=self._wake_at())

    def _target(self, now: float, slow: Shot | None) -> int | None:
        """What is asked next; those that were only slow may be asked again, `slow` among them."""
        pool = self._pool
        most = pool.settings.max_attempts
        if most is not None and sum(not shot.exploring for shot in self._shots.values()) >= most:
            return None
        cut = self._cut if slow is None else {*self._cut, slow.target}
        tried, lost_s = self._tried, now - self._began
        again: set[int] = set()
        if max(tried.values()) == 1 and not pool.late(lost_s):  # one second chance before the others had their first
            again = {index for index in cut if pool.entries[index].estimate.streak <= 1}
        found = pool.following(self._ask, tried, again, lost_s, now)
        if found is not None:
            return found
        return pool.following(self._ask, tried, {i for i in cut if tried.get(i, 0) < ROUNDS}, lost_s, now)

    def _shoot(self, target: int, why: Why, cut_s: float, now: float) -> Shot:
        shot = Shot(len(self._shots), target, why, why is Why.EXPLORE, now, now + cut_s)
        self._shots[shot.id] = self._live[shot.id] = shot
        if not shot.exploring:
            self._tried[target] = self._tried.get(target, 0) + 1
        self._pool.fired(target, self._ask, why, now)
        return shot

    def _awaited(self) -> bool:
        """Whether a request is out that the turn waits for: a mere exploration is not."""
        return any(not shot.exploring for shot in self._live.values())

    def _wake_at(self) -> float | None:
        if len(self._live) == 1:
            return next(iter(self._live.values())).cut_at
        return min((shot.cut_at for shot in self._live.values()), default=None)

    def _learn_clause(self, shot: Shot, now: float) -> None:
        pool, key = self._pool, self._pool.targets[shot.target].key
        if shot.why is Why.CONTINUE:
            # How long it takes to go on says nothing of how long it takes.
            pool.entries[shot.target].breaker.succeeded(now)
        else:
            pool.learn_soon(Sample(key, now, now - shot.at, cold_tokens=pool.cold_tokens(self._ask, key, now)))

    def _learn_cut(self, shot: Shot, now: float) -> None:
        """It was cancelled: late, or beaten; how long it was waited for says how much that means."""
        if now - shot.at < self._pool.settings.floor_s:
            self._pool.entries[shot.target].breaker.withdrawn()  # nothing could have come by then
            return
        self._cut.add(shot.target)
        key, pool = self._pool.targets[shot.target].key, self._pool
        cold = pool.cold_tokens(self._ask, key, now)
        pool.learn(Sample(key, now, now - shot.at, censored=True, cold_tokens=cold))

    def _learn_failure(self, shot: Shot, failure: Failure, now: float, retry_after_s: float | None) -> None:
        key = self._pool.targets[shot.target].key
        self._pool.learn(Sample(key, now, failure=failure, retry_after_s=retry_after_s))

    def _end(self, won_at: float | None) -> None:
        if not self._counted:
            self._counted = True
            taken_s = None if won_at is None else won_at - self._began
            self._pool.ended(max(0, len(self._shots) - 1), taken_s, self._ask)


def _with_cut(shot: Shot, cut_at: float) -> Shot:
    return Shot(shot.id, shot.target, shot.why, shot.exploring, shot.at, cut_at)
