"""`POST /v1/chat/completions`: OpenAI's protocol towards the agent, the revision's targets in order behind it.

Until the first useful output (text or a tool call) has been forwarded, a target that fails is cancelled and the next is
asked. After it nothing is repeated: a stream that breaks is ended with `finish_reason: length`, so that the agent
speaks what it has.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from aiohttp import ClientResponse, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.auth import authenticate, bad_request, error_body, json_object
from understudy.apps.proxy.egress.chat_stream import StreamRelay
from understudy.apps.proxy.egress.parts import AgentGone, Egress, account_of, ends_with
from understudy.base.errors import AllFailed, ProviderError
from understudy.domain.revision.snapshot import Account, ModelTarget, Snapshot
from understudy.domain.routing.attempts import Attempts
from understudy.domain.routing.completion import Completion, NoAnswer, Progress
from understudy.domain.routing.prompt import compose, dialogue
from understudy.domain.routing.providers import openai_url

PART = "model"

BUSY = frozenset({429, 503, 529})
"""Statuses that say "not now": when every target says so, so do we."""

_NO_RETRY = {"x-should-retry": "false"}
"""OpenAI's SDKs repeat a 5xx twice on their own unless told; we have tried everything there is."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of the agent."""

    call: Call
    snapshot: Snapshot
    body: dict[str, Any]
    said: list[dict[str, Any]]
    started: float
    """On the ledger's clock."""

    def request(self, target: ModelTarget, account: Account) -> bytes:
        """What `target` is sent."""
        return orjson.dumps(compose(self.body, self.snapshot.model, target, account, self.said))

    @property
    def timeout(self) -> float:
        """Seconds one target has to its first useful output."""
        return self.snapshot.model.attempt_timeout_ms / 1000


class Chat:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of an agent."""
        call = authenticate(request, self._egress.context.registry)
        body: dict[str, Any] = await json_object(request)
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise bad_request("`messages` has to be a list of messages")
        call.dialogue = dialogue(messages)
        started = self._egress.now()
        said = [*call.earlier, *call.dialogue]
        turn = Turn(call, call.begin_model_turn(started), body, said, started)
        with ends_with(call, request):
            return await (self._stream(request, turn) if body.get("stream") else self._whole(turn))

    async def _stream(self, request: web.Request, turn: Turn) -> web.StreamResponse:
        attempts = Attempts(PART, turn.snapshot.model.targets)
        empty = False
        for _, target in attempts:
            relay = StreamRelay(request, target.name, partial(self._clause, turn, target.account))
            try:
                cause = await self._attempt(turn, target, relay.run)
                if cause is not None and relay.started:
                    self._egress.metrics.broken.labels(PART, target.account).inc()
                    await relay.end_early()
            except AgentGone:
                return relay.response
            if cause is None or relay.started:
                self._done(turn, relay.completion)
                self._won(turn, target, attempts, cause)
                return relay.response
            empty = empty or relay.completion.finish_reason is not None
            attempts.failed(cause)
        return self._nothing(turn, attempts.all_failed(), empty=empty)

    async def _whole(self, turn: Turn) -> web.Response:
        attempts = Attempts(PART, turn.snapshot.model.targets)
        for _, target in attempts:
            reader = _WholeReader()
            cause = await self._attempt(turn, target, reader.run)
            if cause is None:
                self._clause(turn, target.account)
                self._done(turn, reader.completion)
                self._won(turn, target, attempts, cause)
                return web.Response(body=reader.body, content_type="application/json")
            attempts.failed(cause)
        return self._nothing(turn, attempts.all_failed(), empty=False)

    async def _attempt(self, turn: Turn, target: ModelTarget, use: Any) -> ProviderError | None:
        """Ask `target`; `use(response, limit)` takes its answer. Returns why it failed, None if it did not."""
        try:
            account = account_of(turn.snapshot, target.account)
            with upstream.told_as(account.name):
                async with asyncio.timeout(turn.timeout) as limit:
                    async with await self._ask(turn, target, account) as response:
                        await upstream.refuse_errors(account.name, response)
                        await use(response, limit)
        except ProviderError as cause:
            self._egress.failed(PART, turn.call, turn.snapshot.accounts.get(target.account) or _unknown(target), cause)
            return cause
        except (asyncio.CancelledError, AgentGone):
            self._egress.metrics.cancelled.labels(PART, target.account).inc()
            raise
        return None

    async def _ask(self, turn: Turn, target: ModelTarget, account: Account) -> ClientResponse:
        key = self._egress.key(turn.call, account)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        url = openai_url(account.base_url, "chat/completions")
        return await upstream.post(self._egress.session, url, turn.request(target, account), headers)

    def _clause(self, turn: Turn, account: str) -> None:
        now = self._egress.now()
        turn.call.ledger.model_clause(now)
        self._egress.metrics.first_clause.labels(account).observe(now - turn.started)

    def _done(self, turn: Turn, completion: Completion) -> None:
        turn.call.ledger.model_done(completion.text, completion.tool_calls, self._egress.now())
        turn.call.dialogue = [*turn.call.dialogue, completion.message()]

    def _won(
        self, turn: Turn, target: ModelTarget, attempts: Attempts[ModelTarget], cause: ProviderError | None
    ) -> None:
        if cause is None:
            self._egress.metrics.attempts.labels(PART, target.account, "ok").inc()
        self._egress.available(PART, turn.call)
        if attempts.failed_over:
            self._egress.took_over(PART, turn.call, turn.snapshot.accounts[target.account])

    def _nothing(self, turn: Turn, error: AllFailed, *, empty: bool) -> web.Response:
        """Every target failed.

        An empty answer is one that the caller was denied, which is for the judges; but there is a model, and the caller
        who says it again may be answered, so the call is not given up.
        """
        if empty:
            turn.call.ledger.model_done("", 0, self._egress.now())
        else:
            self._egress.unavailable(PART, turn.call, error)
        causes = [{"account": c.provider, "status": c.status, "message": str(c)} for c in error.causes]
        busy = all(cause.status in BUSY for cause in error.causes)
        body = error_body(str(error), "all_targets_failed", kind="upstream_error", causes=causes)
        return web.Response(status=503 if busy else 502, body=body, content_type="application/json", headers=_NO_RETRY)


class _WholeReader:
    """Takes an answer that is not streamed."""

    def __init__(self) -> None:
        self.completion = Completion()
        self.body = b""

    async def run(self, response: ClientResponse, _limit: asyncio.Timeout) -> None:
        self.body = await response.read()
        if self.completion.whole(self.body) is not Progress.USEFUL:
            raise NoAnswer("the answer is empty")


def _unknown(target: ModelTarget) -> Account:
    return Account(name=target.account, provider="openai", base_url="")
