"""A judge model, asked over OpenAI's chat completions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import orjson

from understudy.api.quality import JudgeModel
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.http.transport import Transport
from understudy.apps.proxy.scoring.asking import ask, twice
from understudy.apps.proxy.scoring.failure import Result, ScoreFailed
from understudy.base.clock import Clock
from understudy.base.errors import ProviderRefused
from understudy.domain.calls.answers import ANSWER_TOKENS, judge_messages, judge_score, message_content
from understudy.domain.calls.transcript import Line
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.headroom import LOW, Headroom
from understudy.domain.routing.providers import chat_url, model_field, takes_completion_tokens

REST_S = 30.0
"""Seconds for which a judge that answered 429 is left alone: its account may be the one that live calls need."""


class Judge:
    """Asks judge models.

    Args:
        transport: the process's way to models' providers.
        credentials: the accounts' keys.
        clock: the machine's clocks.
    """

    def __init__(self, transport: Transport, credentials: Credentials, clock: Clock) -> None:
        self._transport = transport
        self._credentials = credentials
        self._clock = clock
        self._headroom: dict[tuple[str, str], Headroom] = {}
        """By namespace and account."""
        self._plain: set[tuple[str, str]] = set()
        """Base URL and model of those that know no JSON mode, no temperature or no limit of an answer."""

    async def score(self, namespace: str, judge: JudgeModel, account: Account, lines: Sequence[Line]) -> float:
        """How good the call was, from 0 to 1.

        Raises:
            ScoreFailed: there is no score.
        """
        messages = judge_messages(judge.rubric, lines)
        target = ModelTarget(name="judge", account=account.name, model=judge.model)
        question = _Question(namespace, account, target, messages, plain=(account.base_url, judge.model) in self._plain)
        return await twice(partial(self._try, question))

    async def _try(self, question: "_Question") -> float:
        account, now = question.account, self._clock.monotonic
        room = self._headroom.setdefault((question.namespace, account.name), Headroom())
        if room.share(now()) < LOW:
            raise ScoreFailed(Result.BUSY, f"{account.name} is near its rate limit")
        headers = await self._credentials.headers_for(question.namespace, account)
        try:
            url = chat_url(account, question.target)
            answer, content = await ask(self._transport, account.name, url, question.body(), headers)
        except ProviderRefused as error:
            self._refused(question, room, error.status)
            if error.status != HTTPStatus.BAD_REQUEST or question.plain:
                raise
            question.plain = True
            raise ScoreFailed(Result.REFUSED, str(error), again=True) from error
        room.headers(answer.headers, now())
        if question.plain:
            self._plain.add((account.base_url, question.target.model))
        return judge_score(message_content(content))

    def _refused(self, question: "_Question", room: Headroom, status: int | None) -> None:
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            self._credentials.report_refused(question.namespace, question.account)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            room.said, room.said_until = 0.0, self._clock.monotonic() + REST_S


@dataclass(slots=True)
class _Question:
    """One call's.

    Attributes:
        plain: whether to send nothing but what every server and model takes.
    """

    namespace: str
    account: Account
    target: ModelTarget
    messages: list[dict[str, str]]
    plain: bool

    def body(self) -> bytes:
        """What is POSTed."""
        body: dict[str, Any] = {"model": model_field(self.account, self.target), "messages": self.messages}
        if not self.plain:
            limit = "max_completion_tokens" if takes_completion_tokens(self.account) else "max_tokens"
            body |= {"response_format": {"type": "json_object"}, "temperature": 0, limit: ANSWER_TOKENS}
        return orjson.dumps(body)
