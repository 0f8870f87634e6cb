"""`POST …/chat/completions` and `GET /v1/models`, as OpenAI and Azure OpenAI answer them."""

from typing import Any

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.model import chunks
from understudy.apps.simulator.model.answer import Answer
from understudy.apps.simulator.model.chunks import Completion
from understudy.apps.simulator.model.flavour import Flavour
from understudy.apps.simulator.model.limits import retry_headers
from understudy.apps.simulator.model.reply import answer
from understudy.apps.simulator.model.timing import first_ms
from understudy.apps.simulator.script import ModelSettings
from understudy.base.clock import Clock

LONGEST_ANSWER_TOKENS = 16
"""Counted against the limits for a request that does not say how long its answer may be."""


class ModelHandler:
    """Serves the models of every deployment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def models(self, _request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """The list of models."""
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "simulator"}
            for name in deployment.settings.models
        ]
        return web.json_response({"object": "list", "data": listed})

    async def completions(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """`/v1/chat/completions`."""
        return await self._complete(request, deployment, Flavour())

    async def azure_v1(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """`/openai/v1/chat/completions`: Azure OpenAI's v1 API; the body's `model` names the deployment."""
        return await self._complete(request, deployment, Flavour(azure=True))

    async def azure_deployment(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """`/openai/deployments/{model}/chat/completions?api-version=…`."""
        flavour = Flavour(azure=True, model=request.match_info["model"])
        if not request.query.get("api-version"):
            return flavour.refused(404, "Resource not found")
        return await self._complete(request, deployment, flavour)

    async def _complete(self, request: web.Request, deployment: Deployment, flavour: Flavour) -> web.StreamResponse:
        try:
            body = await request.json()
            name, messages = flavour.name(body), list(body["messages"])
        except (ValueError, KeyError, TypeError):
            return flavour.refused(400, "the body must be JSON with model and messages")
        with deployment.exchange(name) as exchange:
            failed = await faults.before_answer(request, exchange, flavour.refused)
            if failed is not None:
                return failed
            settings = deployment.settings.models.get(name)
            if settings is None:
                return flavour.refused(404, f"The model `{name}` does not exist", "model_not_found")
            admitted, wait_s = deployment.admit(chunks.count(messages) + _longest(body))
            if not admitted:
                return self._limited(deployment, flavour, wait_s)
            headers = self._headers(deployment, flavour)
            completion, wait_ms = self._think(deployment, exchange, (name, settings), body)
            sending = Answer(request, exchange, settings, completion, wait_ms, headers, flavour.azure)
            return await sending.send(body)

    def _think(
        self, deployment: Deployment, exchange: Exchange, model: tuple[str, ModelSettings], body: dict[str, Any]
    ) -> tuple[Completion, float]:
        """The answer, and the milliseconds to its first token."""
        (name, settings), messages = model, body["messages"]
        said = answer(messages, body.get("tools") or [], settings, exchange.draw)
        deployment.dialogues.append([*messages, {"role": "assistant", "content": said.text, "model": name}])
        tokens, cached = chunks.count(messages), deployment.cache.share(messages)
        deployment.stats.cached += cached > 0
        completion = Completion(
            id=f"chatcmpl-{deployment.name}-{exchange.index}",
            model=name,
            created=int(self._clock.now()),
            reply=said,
            prompt_tokens=tokens,
            cached_tokens=int(tokens * cached),
            padding=settings.padding,
        )
        return completion, first_ms(settings, exchange.draw, exchange.elapsed_s, tokens, cached)

    def _headers(self, deployment: Deployment, flavour: Flavour) -> dict[str, str]:
        told = deployment.meter.headers(self._clock.monotonic(), azure=flavour.azure)
        return told | ({"x-ms-region": "Simulated"} if flavour.azure else {})

    def _limited(self, deployment: Deployment, flavour: Flavour, wait_s: float) -> web.Response:
        message = f"Rate limit reached. Please try again in {wait_s:.3f}s."
        response = flavour.refused(429, message, "rate_limit_exceeded")
        response.headers.update(self._headers(deployment, flavour) | retry_headers(wait_s))
        return response


def _longest(body: dict[str, Any]) -> int:
    """Tokens of the longest answer that the request allows, as the limits count them."""
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or LONGEST_ANSWER_TOKENS)
