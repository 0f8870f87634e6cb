"""`POST /v1/chat/completions` and `/v1/responses`: OpenAI's protocols to the agent, the revision's pool behind them."""

from typing import Any

import orjson
from aiohttp import web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.aiohttp_exchange import AiohttpExchange
from understudy.apps.proxy.egress.auth import error_body, token_in
from understudy.apps.proxy.egress.chat_ask import Asked, fragments, is_first, may_repeat, several
from understudy.apps.proxy.egress.chat_outlet import JSON_HEADERS, StreamOutlet, WholeOutlet
from understudy.apps.proxy.egress.chat_turn import PART, Ended, Race
from understudy.apps.proxy.egress.dialect import CHAT, Dialect
from understudy.apps.proxy.egress.parts import AgentGone, Egress
from understudy.apps.proxy.egress.shadow import Shadow
from understudy.apps.proxy.egress.shadow_call import Pair
from understudy.apps.proxy.http.exchange import Exchange
from understudy.apps.proxy.pools import Route, kind_of
from understudy.base.errors import AllFailed, ProviderError, Unauthorized
from understudy.domain.calls.observation import Defect
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.completion import EmptyAnswer
from understudy.domain.routing.pool.step import Ask
from understudy.domain.routing.reading import Hold
from understudy.domain.routing.slack import filler_of
from understudy.domain.routing.tokens import estimated

BUSY = frozenset({429, 503, 529})
"""Statuses that say "not now": when every target says so, so do we."""

_NO_RETRY = {"x-should-retry": "false"}
"""OpenAI's SDKs repeat a 5xx twice on their own unless told; we have tried everything there is."""

_OVER = error_body("the call is over", "call_over")


class Refusal(Exception):
    """The request is not one that we serve; `status` and `body` are the answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"answered {status}")
        self.status = status
        self.body = body


class Chat:
    """The facade.

    Args:
        egress: the surroundings.
        shadow: mirrors some of the turns.
        dialect: the protocol.
    """

    def __init__(self, egress: Egress, shadow: Shadow, dialect: Dialect = CHAT) -> None:
        self._egress = egress
        self._shadow = shadow
        self._dialect = dialect

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of an agent, on aiohttp's server."""
        exchange = AiohttpExchange(request)
        await self.serve(exchange)
        return exchange.response or web.Response(status=503, body=_OVER, headers=JSON_HEADERS)

    async def serve(self, exchange: Exchange) -> None:
        """One request of an agent."""
        try:
            asked, route = await self._asked(exchange)
        except Refusal as refusal:
            await exchange.answer(refusal.status, refusal.body, JSON_HEADERS)
            return
        try:
            await self._answer(exchange, asked, route)
        except (AgentGone, ConnectionError):
            return  # nobody is left to be told

    async def _asked(self, exchange: Exchange) -> tuple[Asked, Route | None]:
        try:
            call = self._egress.context.registry.authenticate(token_in(exchange.headers))
        except Unauthorized as error:
            raise Refusal(401, error_body(str(error), "invalid_api_key", kind="authentication_error")) from error
        body = _body(await exchange.body())
        now = self._egress.now()
        said = self._said(body)
        call.dialogue = self._dialect.spoken(said)
        call.better_voice = ""
        snapshot = call.begin_model_turn(now)
        pools = self._egress.context.pools
        route = pools.of(call.assistant, call.served_by, snapshot, kind_of(body, snapshot.model))
        return self._turn(call, snapshot, body, [*call.earlier, *said], now), route

    def _said(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return self._dialect.said(body)
        except ValueError as error:
            raise Refusal(400, error_body(str(error), "bad_request")) from error

    def _turn(
        self, call: Call, snapshot: Snapshot, body: dict[str, Any], messages: list[dict[str, Any]], now: float
    ) -> Asked:
        said, tokens = fragments(messages)
        ask = Ask(
            call=call.id,
            tokens=tokens + estimated(len(snapshot.model.system_prompt)),
            first_turn=is_first(messages),
            budget_s=max(0.0, call.ledger.budget_left(now) - self._voice_needs(call, snapshot)),
            repeatable=self._dialect.glues and may_repeat(body),
        )
        hold = Hold.NOTHING if several(body) else Hold(snapshot.model.pool.hold)
        bridged = snapshot.model.slack is not None and self._dialect.glues and body.get("stream")
        filler = _filler(call, snapshot, messages) if bridged else ""
        return Asked(call, snapshot, body, said, now, ask, hold, self._dialect, filler)

    def _voice_needs(self, call: Call, snapshot: Snapshot) -> float:
        voice = snapshot.voices[0].account if snapshot.voices else ""
        return self._egress.reserve.of(call.namespace, voice)

    async def _answer(self, exchange: Exchange, asked: Asked, route: Route | None) -> None:
        outlet = self._dialect.outlet(exchange, streamed=asked.streamed)
        if route is None:
            await self._nothing(exchange, asked, outlet, [])
            return
        pair = self._shadow.turn(asked)
        race = Race(self._egress, asked, route, outlet, pair.clause if pair else None)
        asked.call.resources.add(race.gone)
        exchange.when_gone(race.gone)
        try:
            ended = await race.run()
            if ended is Ended.NOTHING:
                await self._nothing(exchange, asked, outlet, race.causes, pair)
        except BaseException:
            if pair is not None:
                pair.drop()
            raise
        finally:
            exchange.when_gone(None)
            asked.call.resources.discard(race.gone)
        if ended is not Ended.NOTHING:
            self._done(asked, race, ended, pair)

    def _done(self, asked: Asked, race: Race, ended: Ended, pair: Pair | None) -> None:
        call, winner = asked.call, race.winner
        if winner is None:
            return
        completion = winner.reader.completion
        defects = call.ledger.model_done(race.outlet.said, completion.tool_calls, self._egress.now())
        if pair is not None:
            pair.answered(defects)
        call.answered({**completion.message(), "content": race.outlet.said or None})
        call.asked_to_repeat = 0
        self._egress.available(PART, call)
        if winner.shot.id and ended is not Ended.SHORT:
            self._egress.took_over(PART, call, asked.snapshot.accounts[winner.target.account])

    async def _nothing(
        self,
        exchange: Exchange,
        asked: Asked,
        outlet: StreamOutlet | WholeOutlet,
        causes: list[ProviderError],
        pair: Pair | None = None,
    ) -> None:
        """Every target failed.

        An empty answer is one that the caller was denied, which is for the judges; but there is a model, and the caller
        who says it again may be answered, so the call is not given up. Nor is it when we ask for that in its place.
        """
        error = AllFailed(PART, causes)
        text = _plea(asked)
        empty = any(isinstance(cause.__cause__, EmptyAnswer) for cause in causes)
        if pair is not None:
            pair.answered((Defect.EMPTY,) if empty else ())
        if text or empty:
            asked.call.ledger.model_done("", 0, self._egress.now())
        else:
            self._egress.unavailable(PART, asked.call, error)
        if text:
            asked.call.asked_to_repeat += 1
            asked.call.answered({"role": "assistant", "content": text})
            self._egress.metrics.repeats.inc()
            await outlet.instead(text)
        elif outlet.begun:
            await outlet.end_early()
        else:
            await exchange.answer(*_failure(error))


def _plea(asked: Asked) -> str:
    """What to ask of the caller when no model answers; empty when nothing is to be, or it was asked too often."""
    graceful = asked.snapshot.model.graceful
    if graceful is None or not asked.dialect.glues or asked.call.asked_to_repeat >= graceful.ask_to_repeat_max:
        return ""
    return graceful.ask_to_repeat or ""


def _failure(error: AllFailed) -> tuple[int, bytes, dict[str, str]]:
    """The answer that says so."""
    told = [{"account": cause.provider, "status": cause.status, "message": str(cause)} for cause in error.causes]
    busy = bool(error.causes) and all(cause.status in BUSY for cause in error.causes)
    body = error_body(str(error), "all_targets_failed", kind="upstream_error", causes=told)
    return 503 if busy else 502, body, JSON_HEADERS | _NO_RETRY


def _filler(call: Call, snapshot: Snapshot, messages: list[dict[str, Any]]) -> str:
    """What to say when the answer is late: once a turn, and not before the caller's first word."""
    if call.bridged_at == call.ledger.turn_opened or not any(each.get("role") == "user" for each in messages):
        return ""
    return filler_of(snapshot.model)


def _body(data: bytes) -> dict[str, Any]:
    """The request's body.

    Raises:
        Refusal: it is not a JSON object.
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, error_body("the body is not JSON", "bad_request")) from error
    if not isinstance(body, dict):
        raise Refusal(400, error_body("the body is not a JSON object", "bad_request"))
    return body
