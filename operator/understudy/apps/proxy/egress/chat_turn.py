"""One turn on its way through the pool: fires what the pool says, cancels, wakes it, and tells it what comes."""

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum

from understudy.apps.proxy.egress.chat_ask import Asked
from understudy.apps.proxy.egress.chat_attempt import Attempt
from understudy.apps.proxy.egress.chat_failures import failure_of
from understudy.apps.proxy.egress.chat_outlet import Outlet, StreamOutlet
from understudy.apps.proxy.egress.genai import CANCELLED, CUT, OK, STALLED, ShotEnd
from understudy.apps.proxy.egress.parts import AgentGone, Egress
from understudy.apps.proxy.pools import Route
from understudy.base.errors import ProviderError, ProviderTimeout
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.step import Failure, Shot, Step
from understudy.domain.routing.slack import better_target, better_voice
from understudy.domain.routing.tokens import estimated

PART = "model"

LEAST_SLEEP_S = 0.001
"""Event loops wake up to a millisecond early; a shorter sleep would be a busy one."""

LONE_GAP_S = 10.0
"""Longest silence within an answer that nobody else can go on with: ending it early is all that could be done."""

SLOW_READER_S = 10.0
"""How long an agent may take nothing before it is given up: a caller has hung up long before."""

WRITING_S = 1.0
"""Seconds between looks at an agent that takes nothing."""

GIVEN_UP = frozenset({CUT, CANCELLED, STALLED})
"""Outcomes of requests that we ended: their tokens are billed and never reported."""


class Silent(ProviderTimeout):
    """The provider fell silent within its answer."""


class Ended(Enum):
    """How a turn ended."""

    DONE = "done"
    SHORT = "short"
    """The answer broke off, and nobody could go on."""
    UNCLOSED = "unclosed"
    """The answer is complete, though its provider never said so."""
    NOTHING = "nothing"
    """Nobody answered."""


class Race:
    """Drives one turn.

    Args:
        egress: the surroundings.
        asked: what the agent wants.
        route: the pool.
        outlet: where the answer goes.
        told: called with the seconds to the first clause when it has been passed on; None: nobody is.

    Attributes:
        now: the ledger's clock.
        causes: why attempts failed, in order.
        winner: whose answer was passed on last.
    """

    def __init__(
        self,
        egress: Egress,
        asked: Asked,
        route: Route,
        outlet: Outlet,
        told: Callable[[float], None] | None = None,
    ) -> None:
        self.egress = egress
        self.now: Callable[[], float] = egress.context.clock.monotonic
        self.asked = asked
        self.outlet = outlet
        self.causes: list[ProviderError] = []
        self.winner: Attempt | None = None
        self._route = route
        self._told = told
        self._turn = route.pool.turn(asked.ask)
        self._live: dict[int, Attempt] = {}
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[Ended] = self._loop.create_future()
        self._wake: asyncio.TimerHandle | None = None
        self._gap: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None

    def late(self, shot: Shot) -> bool:
        """Whether the budget was gone when `shot` was fired."""
        return shot.id > 0 and shot.at >= self.asked.deadline

    async def run(self) -> Ended:
        """Bring the turn to its end.

        Raises:
            AgentGone: nobody waits any more.
        """
        try:
            self._start()
            ended = await self._over
            self._abandon()
            return await self._close(ended)
        except (AgentGone, asyncio.CancelledError):
            self._abandon()
            raise
        finally:
            self._stop()

    def _start(self) -> None:
        """Fire the first request; when the budget will be gone, say the filler if there is one."""
        now, slack = self.now(), self.asked.snapshot.model.slack
        first = better_target(self._route.pool, self._route.targets, slack, self.asked.ask, now) if slack else None
        self._do(self._turn.start(now, first))
        if self.asked.filler:
            self._late = self._loop.call_later(self.asked.ask.budget_s, self._bridge)

    def _bridge(self) -> None:
        """The budget is gone: the caller is not left in silence."""
        if self.outlet.answered or self._over.done() or not isinstance(self.outlet, StreamOutlet):
            return
        call = self.asked.call
        call.bridged_at = call.ledger.turn_opened
        self.egress.metrics.fillers.inc()
        task = asyncio.create_task(self._say(self.outlet, self.asked.filler))
        self.egress.tasks.add(task)
        task.add_done_callback(self.egress.tasks.discard)

    async def _say(self, outlet: StreamOutlet, text: str) -> None:
        try:
            await outlet.bridge(text)
        except AgentGone:
            self.gone()

    async def _close(self, ended: Ended) -> Ended:
        if ended is Ended.SHORT:
            await self.outlet.end_early()
        elif ended is Ended.UNCLOSED:
            await self.outlet.close()
        return ended

    def gone(self) -> None:
        """The agent or the call is gone."""
        if not self._over.done():
            self._over.set_exception(AgentGone("nobody waits for the answer any more"))

    def crashed(self, error: BaseException) -> None:
        """A fault of ours."""
        if not self._over.done():
            self._over.set_exception(error)

    def headers(self, attempt: Attempt, headers: Mapping[str, str]) -> None:
        """An attempt's answer has begun."""
        self._route.pool.headers(attempt.shot.target, headers, self.now())

    def useful(self, attempt: Attempt) -> None:
        """An attempt brought its first useful byte."""
        self._turn.useful(attempt.shot.id, attempt.heard_at)

    def won(self, attempt: Attempt) -> bool:
        """An attempt brought something to pass on: whether it was the first to, and the others are cancelled."""
        self._do(self._turn.clause(attempt.shot.id, attempt.heard_at))
        winner = self._turn.winner
        if winner is None or winner.id != attempt.shot.id:
            return False  # it was out to learn how long this takes
        self.winner = attempt
        if not self.outlet.answered:
            self.asked.call.ledger.model_clause(attempt.heard_at)
            waited = attempt.heard_at - self.asked.started
            if (slack := self.asked.snapshot.model.slack) is not None:
                self.asked.call.better_voice = better_voice(slack, self.asked.ask.budget_s - waited)
            self.egress.metrics.clause(attempt.target.account, waited)
            if self._told is not None:
                self._told(waited)
        if not attempt.reader.ended:
            self._look_for_gap(attempt)
        return True

    def chunk(self, attempt: Attempt) -> None:
        """The winner brought more."""
        self._turn.chunk(attempt.shot.id, attempt.heard_at)

    async def finished(self, attempt: Attempt) -> None:
        """The winner is complete."""
        if attempt is not self.winner:
            return
        await self.outlet.end()
        self._finish(attempt, Ended.DONE)

    def failed(self, attempt: Attempt, cause: ProviderError) -> None:
        """An attempt failed."""
        if self._live.pop(attempt.shot.id, None) is None or self._over.done():
            return
        if attempt.won and attempt.reader.complete:
            self._finish(attempt, Ended.UNCLOSED)
            return
        failure = self._note(attempt, cause, STALLED if isinstance(cause, Silent) else None)
        if attempt.won:
            self._broke(attempt, failure)
        else:
            self._do(self._turn.failed(attempt.shot.id, failure, self.now(), attempt.retry_after_s))

    def _broke(self, attempt: Attempt, failure: Failure) -> None:
        self.egress.metrics.broken.labels(PART, attempt.target.account).inc()
        if attempt.reader.calls_passed or not self.asked.ask.repeatable:
            self._end(Ended.SHORT)
        else:
            self._do(self._turn.broke(attempt.shot.id, failure, self.now()))

    def _note(self, attempt: Attempt, cause: ProviderError, outcome: str | None = None) -> Failure:
        """Count a failure, and see to a key that was refused; `outcome` in place of the failure's own word."""
        call, accounts = self.asked.call, self.asked.snapshot.accounts
        account = accounts.get(attempt.target.account)
        self.causes.append(cause)
        self.egress.failed(PART, call, account or unknown(attempt.target), cause)
        failure = failure_of(cause, attempt.retry_after_s)
        self._record(attempt, outcome or failure.value)
        if failure is Failure.AUTH and account is not None:
            key = self._route.pool.targets[attempt.shot.target].key
            credentials = self.egress.context.credentials
            self.egress.context.pools.refused(key, lambda: credentials.version(call.namespace, account))
        return failure

    def _do(self, step: Step, *, late: bool = False) -> None:
        """Carry out `step`; `late`: what it cancels took too long."""
        for number in step.cancel:
            if (attempt := self._live.pop(number, None)) is not None:
                attempt.cancel()
                self._cancelled(attempt, late=late)
        for shot in step.fire:
            self._fire(shot)
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if step.wake_at is not None:
            self._wake = self._loop.call_later(max(step.wake_at - self.now(), LEAST_SLEEP_S), self._tick)
        if step.over and not self._live:
            self._end(Ended.SHORT if self.outlet.answered else Ended.NOTHING)

    def _fire(self, shot: Shot) -> None:
        beginning = self.outlet.said if self.outlet.answered else ""
        attempt = Attempt(self, shot, self._route.targets[shot.target], self.asked.reader(beginning), beginning)
        self._live[shot.id] = attempt
        attempt.start()

    def _tick(self) -> None:
        self._wake = None
        if not self._over.done():
            self._do(self._turn.tick(self.now()), late=True)

    def _cancelled(self, attempt: Attempt, *, late: bool) -> None:
        passing = self.winner is not None and self.winner.shot.id in self._live
        if late and not passing:
            self._note(attempt, ProviderTimeout(attempt.target.account, "nothing useful in time"), CUT)
        else:
            self.egress.metrics.cancelled.labels(PART, attempt.target.account).inc()
            self._record(attempt, CANCELLED)

    def _record(self, attempt: Attempt, outcome: str) -> None:
        """Count a request that has ended."""
        completion, shot = attempt.reader.completion, attempt.shot
        account = self.asked.snapshot.accounts.get(attempt.target.account) or unknown(attempt.target)
        wasted = self.asked.ask.tokens + estimated(completion.characters) if outcome in GIVEN_UP else 0
        self._route.pool.counts.tokens_cancelled += wasted
        self.egress.metrics.models.record(
            ShotEnd(
                account=account,
                target=attempt.target,
                why=shot.why,
                seconds=self.now() - shot.at,
                outcome=outcome,
                first_chunk_s=None if attempt.useful_at is None else attempt.useful_at - shot.at,
                response_model=str(completion.frame.get("model") or ""),
                input_tokens=completion.usage.get("prompt_tokens"),
                output_tokens=completion.usage.get("completion_tokens"),
                wasted_tokens=wasted,
            )
        )

    def _look_for_gap(self, attempt: Attempt) -> None:
        """Look again when the winner will have been silent for too long, if nothing comes."""
        limit = self._turn.gap_limit_s(attempt.shot.id)
        limit = limit if self.asked.ask.repeatable else max(limit, LONE_GAP_S)
        rest = limit - (self.now() - attempt.heard_at)
        if rest > LEAST_SLEEP_S or attempt.writing_since is not None:
            self._gap = self._loop.call_later(rest if rest > LEAST_SLEEP_S else WRITING_S, self._gap_over, attempt)
            return
        attempt.cancel()
        self.failed(attempt, Silent(attempt.target.account, "fell silent within its answer"))

    def _gap_over(self, attempt: Attempt) -> None:
        self._gap = None
        if self._over.done() or attempt.shot.id not in self._live:
            return
        if attempt.writing_since is not None and self.now() - attempt.writing_since > SLOW_READER_S:
            self.gone()
        else:
            self._look_for_gap(attempt)

    def _finish(self, attempt: Attempt, how: Ended) -> None:
        self._live.pop(attempt.shot.id, None)
        self._turn.done(attempt.shot.id, self.now())
        self.egress.metrics.answered(PART, attempt.target.account)
        self._record(attempt, OK)
        self._end(how)

    def _end(self, how: Ended) -> None:
        if not self._over.done():
            self._over.set_result(how)

    def _abandon(self) -> None:
        self._turn.abandoned(self.now())
        for attempt in self._live.values():
            self._cancelled(attempt, late=False)

    def _stop(self) -> None:
        for timer in (self._wake, self._gap, self._late):
            if timer is not None:
                timer.cancel()
        for attempt in self._live.values():
            attempt.cancel()
        self._live.clear()


def unknown(target: ModelTarget) -> Account:
    """Stands for an account that the revision does not define."""
    return Account(name=target.account, provider="openai", base_url="")
