"""Scores of finished calls: which are due, off the hot path and a few at a time, for as long as they may take.

A transcript lives from the end of its call to its score and goes nowhere else: not into a log, a metric or a report.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from understudy.api.base import milliseconds
from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.scoring.failure import Result, ScoreFailed
from understudy.apps.proxy.scoring.judge import Judge
from understudy.apps.proxy.scoring.metrics import ScoreMetrics
from understudy.apps.proxy.scoring.webhook import ScoreHook
from understudy.domain.calls.observation import CallObservation
from understudy.domain.calls.scoring import Budget, sampled, worth_scoring
from understudy.domain.calls.transcript import Line, transcript
from understudy.domain.routing.document import QualityOrder, RoutingDocument

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Scores of an assistant asked for at a time: judges take seconds, and live calls have the first claim on accounts and
CPU."""

MAX_WAITING = 100
"""Scores of an assistant asked for or waited for: at most 5 MB of transcripts. Beyond that, calls have none."""

JUDGE = "judge"
WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class _Due:
    """A score that is due.

    Attributes:
        scorer: `judge` or `webhook`.
        field: of the observation.
        timeout_s: longest wait.
        ask: asks for it.
    """

    scorer: str
    field: str
    timeout_s: float
    ask: Callable[[], Coroutine[Any, Any, float]]


class Scorer:
    """The scores of one process.

    Args:
        context: the process's parts; call once per context, since it registers metrics.
    """

    def __init__(self, context: ProxyContext) -> None:
        self._context = context
        self._metrics = ScoreMetrics(context.metrics.registry)
        self._judge = Judge(context.transport, context.credentials, context.clock)
        self._webhook = ScoreHook(context.transport, context.credentials, context.clock)
        self._budgets: dict[str, Budget] = {}
        """By assistant; the judge's."""
        self._slots: dict[tuple[str, str], asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        """By assistant and scorer: one whose webhook hangs keeps nobody else's calls waiting."""
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._told: dict[tuple[str, str], Result] = {}

    def finish(self, call: Call, observation: CallObservation) -> Coroutine[Any, Any, CallObservation] | None:
        """What brings the observation of a call that has just ended its scores; None when none is due."""
        document = self._context.registry.assistants[call.assistant].document
        if document is None or document.quality is None:
            return None
        lines = transcript([*call.earlier, *call.dialogue], call.ledger.unanswered)
        if not worth_scoring(observation, lines):
            return None
        due = list(self._due(call, observation, document, document.quality, lines))
        self._waiting.update((call.assistant, each.scorer) for each in due)
        return self._scored(call.assistant, observation, due) if due else None

    def _due(
        self,
        call: Call,
        observation: CallObservation,
        document: RoutingDocument,
        order: QualityOrder,
        lines: tuple[Line, ...],
    ) -> Iterator[_Due]:
        if (
            (judge := order.judge)
            and order.judge_account
            and sampled(observation, document, judge.sample_percent, JUDGE)
        ):
            ask = partial(self._judge.score, call.namespace, judge, order.judge_account, lines)
            if self._room(call.assistant, JUDGE) and self._affords(call.assistant, judge.daily_calls, document):
                yield _Due(JUDGE, "judge_score", milliseconds(judge.timeout) / 1000, ask)
        if (hook := order.webhook) and sampled(observation, document, hook.sample_percent, WEBHOOK):
            name = document.assistant
            asked = partial(self._webhook.score, call.namespace, name, hook, observation, lines)
            if self._room(call.assistant, WEBHOOK):
                yield _Due(WEBHOOK, "webhook_score", milliseconds(hook.timeout) / 1000, asked)

    def _room(self, assistant: str, scorer: str) -> bool:
        if self._waiting[assistant, scorer] < MAX_WAITING:
            return True
        self._metrics.passed_over(assistant, scorer, Result.QUEUE_FULL)
        return False

    def _affords(self, assistant: str, limit: int, document: RoutingDocument) -> bool:
        spent = self._budgets.get(assistant, Budget())
        more = spent.spend(self._context.clock.now(), limit, judging=document.canary is not None)
        if more is None:
            self._metrics.passed_over(assistant, JUDGE, Result.OVER_BUDGET)
            return False
        self._budgets[assistant] = more
        return True

    async def _scored(self, assistant: str, observation: CallObservation, due: list[_Due]) -> CallObservation:
        try:
            scores = await asyncio.gather(*(self._one(assistant, observation, each) for each in due))
        finally:
            self._waiting.subtract((assistant, each.scorer) for each in due)
        found = {each.field: score for each, score in zip(due, scores, strict=True) if score is not None}
        return observation.model_copy(update=found)

    async def _one(self, assistant: str, observation: CallObservation, due: _Due) -> float | None:
        place, began = (assistant, due.scorer), self._context.clock.monotonic()
        score, result = None, Result.OK
        try:
            score = await self._ask(place, due)
        except ScoreFailed as failed:
            result = failed.result
            self._tell(assistant, due.scorer, result, failed)
        self._metrics.asked(assistant, due.scorer, result, self._context.clock.monotonic() - began)
        if score is not None:
            self._told.pop(place, None)
            self._metrics.score(assistant, due.scorer, observation.arm, score)
        return score

    async def _ask(self, place: tuple[str, str], due: _Due) -> float:
        """The score, when it is this one's turn.

        Raises:
            ScoreFailed: there is none, or none in time.
        """
        try:
            async with asyncio.timeout(due.timeout_s), self._slots[place]:
                return await due.ask()
        except TimeoutError as error:
            raise ScoreFailed(Result.TIMEOUT, f"none within {due.timeout_s:g} s") from error

    def _tell(self, assistant: str, scorer: str, result: Result, failed: ScoreFailed) -> None:
        """Log what is new: a judge that is away for an hour is one line."""
        if self._told.get((assistant, scorer)) is not result:
            self._told[assistant, scorer] = result
            log.warning("%s: the %s gives no score (%s): %s", assistant, scorer, result.value, failed)
