"""The user's own score: the finished call is POSTed, and `{"score": 0.0 to 1.0}` is expected."""

from collections.abc import Sequence

import orjson

from understudy.api.quality import ScoreWebhook
from understudy.apps.proxy.credentials import Credentials
from understudy.apps.proxy.egress.webhook import IDEMPOTENCY_HEADER, SIGNATURE_HEADER, signature
from understudy.apps.proxy.http.transport import Transport
from understudy.apps.proxy.scoring.asking import ask, twice
from understudy.base.clock import Clock
from understudy.domain.calls.answers import webhook_message, webhook_score
from understudy.domain.calls.observation import CallObservation
from understudy.domain.calls.transcript import Line


class ScoreHook:
    """Asks users' webhooks.

    Args:
        transport: a way to them.
        credentials: what requests are signed with.
        clock: the machine's clocks.
    """

    def __init__(self, transport: Transport, credentials: Credentials, clock: Clock) -> None:
        self._transport = transport
        self._credentials = credentials
        self._clock = clock

    async def score(
        self, namespace: str, assistant: str, webhook: ScoreWebhook, call: CallObservation, lines: Sequence[Line]
    ) -> float:
        """How good the call was, from 0 to 1.

        Raises:
            ScoreFailed: there is no score.
        """
        content = orjson.dumps(webhook_message(call, namespace, assistant, lines))

        async def attempt() -> float:
            headers = self._headers(namespace, webhook, call.call_id, content)
            _, body = await ask(self._transport, "quality.webhook", webhook.url, content, headers)
            return webhook_score(body)

        return await twice(attempt)

    def _headers(self, namespace: str, webhook: ScoreWebhook, call_id: str, content: bytes) -> dict[str, str]:
        headers = {IDEMPOTENCY_HEADER: f"{call_id}:score", "X-Understudy-Call": call_id}
        if webhook.secret_ref is None:
            return headers
        key = self._credentials.secret_for(namespace, webhook.secret_ref.name, webhook.url)
        return headers | {SIGNATURE_HEADER: signature(key, content, int(self._clock.now()))}
