"""`POST /v1/webhook`: carries out a tool call of the model at the user's server.

An action must not be done twice, so nothing is repeated once the request may have been sent, each request has a
connection of its own (a kept-alive one may be dead, and then nobody knows), and the key lets the server recognise one
that reached it by another way. An agent that goes away does not stop an action under way.

A golden call acts on nothing: its script has the answers.
"""

import asyncio
import hashlib
import hmac
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.egress.auth import authenticate, bad_request, error_body, json_object
from understudy.apps.proxy.egress.parts import Egress
from understudy.domain.revision.snapshot import Webhook

MAX_ANSWER = 262_144
"""Bytes of an answer: a model reads it, and more would crowd out the dialogue."""

IDEMPOTENCY_HEADER = "Idempotency-Key"
SIGNATURE_HEADER = "X-Understudy-Signature"

_SUCCESS = range(200, 300)


class WebhookFailed(Exception):
    """The action was not carried out, or nobody knows whether it was.

    Attributes:
        status: what the agent is answered.
        code: a word for the metrics and the agent.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Webhooks:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._running: set[asyncio.Task[web.Response]] = set()

    async def handle(self, request: web.Request) -> web.Response:
        """One tool call."""
        call = authenticate(request, self._egress.context.registry)
        body: dict[str, Any] = await json_object(request)
        if not body.get("name") or not body.get("toolCallId"):
            raise bad_request("`toolCallId` and `name` have to be given")
        if call.golden is not None:
            return web.Response(body=call.golden.result_of(str(body["name"])), content_type="application/json")
        action = asyncio.create_task(self._carry_out(call, body))
        self._running.add(action)
        action.add_done_callback(self._running.discard)
        return await asyncio.shield(action)

    async def _carry_out(self, call: Call, body: dict[str, Any]) -> web.Response:
        webhook = call.snapshot().webhook
        try:
            answer = await self._send(call, webhook, body)
        except WebhookFailed as failure:
            return self._failed(call, failure, asked=webhook is not None)
        call.ledger.webhook_result(ok=True)
        call.ledger.tool_result(ok=True)
        self._egress.metrics.webhooks.labels("ok").inc()
        return web.Response(body=answer, content_type="application/json")

    def _failed(self, call: Call, failure: WebhookFailed, *, asked: bool) -> web.Response:
        if asked:
            call.ledger.webhook_result(ok=False)
        call.ledger.tool_result(ok=False)
        self._egress.metrics.webhooks.labels(failure.code).inc()
        body = error_body(str(failure), failure.code, kind="webhook_error")
        return web.Response(status=failure.status, body=body, content_type="application/json")

    async def _send(self, call: Call, webhook: Webhook | None, body: dict[str, Any]) -> bytes:
        if webhook is None:
            raise WebhookFailed(502, "no_webhook", "the assistant defines no server for its tools")
        content = orjson.dumps(_message(call, body))
        headers = self._headers(call, webhook, str(body["toolCallId"]), content)
        timeout = ClientTimeout(total=webhook.timeout_ms / 1000)
        connector = TCPConnector(force_close=True)
        try:
            async with (
                ClientSession(connector=connector, timeout=timeout) as session,
                session.post(webhook.url, data=content, headers=headers, allow_redirects=False) as response,
            ):
                answer = await response.content.read(MAX_ANSWER + 1)
                while len(answer) <= MAX_ANSWER and (more := await response.content.read(MAX_ANSWER)):
                    answer += more
        except TimeoutError as error:
            limit = f"the server did not answer within {webhook.timeout_ms} ms; the action may have been carried out"
            raise WebhookFailed(504, "timeout", limit) from error
        except (ClientError, OSError) as error:
            raise WebhookFailed(502, "unreachable", "the server could not be reached, or broke off") from error
        return _checked(response.status, answer)

    def _headers(self, call: Call, webhook: Webhook, tool_call_id: str, content: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            IDEMPOTENCY_HEADER: f"{call.id}:{tool_call_id}",
            "X-Understudy-Call": call.id,
        }
        if webhook.secret is None:
            return headers
        try:
            key = self._egress.context.credentials.secret_for(call.namespace, webhook.secret, webhook.url)
        except CredentialUnavailable as error:
            reason = f"the signing secret is not usable ({error.problem.reason})"
            raise WebhookFailed(502, "no_secret", reason) from error
        return headers | {SIGNATURE_HEADER: signature(key, content, int(self._egress.context.clock.now()))}


def signature(key: str, content: bytes, now: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 over `SECONDS.CONTENT`, so that an old request cannot be sent again."""
    mac = hmac.new(key.encode(), f"{now}.".encode() + content, hashlib.sha256)
    return f"t={now},v1={mac.hexdigest()}"


def _message(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    token = call.token
    about = {"id": call.id, "assistant": token.assistant, "namespace": token.namespace}
    about |= {"revision": token.revision, "arm": token.arm}
    tool = {"id": body["toolCallId"], "name": body["name"], "arguments": _arguments(body.get("arguments"))}
    return {"type": "tool-call", "call": about, "toolCall": tool}


def _arguments(given: Any) -> Any:
    """Models write arguments as JSON text; servers want the object."""
    if not isinstance(given, str):
        return given or {}
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        return given


def _checked(status: int, answer: bytes) -> bytes:
    if status not in _SUCCESS:
        raise WebhookFailed(502, "refused", f"the server answered {status}")
    if len(answer) > MAX_ANSWER:
        raise WebhookFailed(502, "too_long", f"the server answered more than {MAX_ANSWER} bytes")
    if not answer.strip():
        return b"{}"
    try:
        orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise WebhookFailed(502, "not_json", "the server's answer is not JSON") from error
    return answer
