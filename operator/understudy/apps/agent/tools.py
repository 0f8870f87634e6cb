"""Tool calls: what the model asks for is carried out by the proxy, and the model is told what came of it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from pipecat.frames.frames import EndFrame, FunctionCallResultProperties
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from understudy.apps.agent.logs import log
from understudy.apps.agent.metrics import Metrics
from understudy.apps.agent.start import CallStart
from understudy.domain.naming import END_CALL_TOOL

WEBHOOK_PATH = "/v1/webhook"
HTTP_ERROR = 400
"""HTTP status from which an answer is an error."""


class Tools:
    """Carries out the tool calls of one call. Never raises: a failure is a result that says so."""

    def __init__(
        self,
        call: CallStart,
        session: aiohttp.ClientSession,
        metrics: Metrics,
        on_end: Callable[[], None],
    ) -> None:
        self._call = call
        self._on_end = on_end
        self._session = session
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()

    async def handle(self, params: FunctionCallParams) -> None:
        """Pipecat's handler for every name."""
        if params.function_name == END_CALL_TOOL:
            await self._end(params)
            return
        asked = asyncio.ensure_future(self._ask(params.function_name, params.tool_call_id, params.arguments))
        try:
            result = await asyncio.shield(asked)
        except asyncio.CancelledError:
            self._keep(asked, params)
            raise
        await params.result_callback(_told(result))

    async def _end(self, params: FunctionCallParams) -> None:
        self._metrics.tools.labels(outcome="ended").inc()
        self._on_end()
        await params.result_callback({"ended": True}, properties=FunctionCallResultProperties(run_llm=False))
        # Queued behind the reply, so what the model said with the call is spoken first.
        await params.pipeline_worker.queue_frame(EndFrame())

    def _keep(self, asked: "asyncio.Task[dict[str, Any]]", params: FunctionCallParams) -> None:
        """The caller interrupted; the webhook goes on, so the model must learn what it did, or it asks again."""
        task = asyncio.ensure_future(_record(asked, params.tool_call_id, params.context))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ask(self, name: str, tool_call_id: str, arguments: Mapping[str, Any]) -> Any:
        body = {"toolCallId": tool_call_id, "name": name, "arguments": dict(arguments)}
        headers = {"Authorization": f"Bearer {self._call.token}"}
        try:
            async with self._session.post(self._call.proxy + WEBHOOK_PATH, json=body, headers=headers) as response:
                if response.status >= HTTP_ERROR:
                    return self._failed(f"the tool answered with status {response.status}")
                result = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.warning("call %s: tool call failed: %s", self._call.call_sid, type(error).__name__)
            return self._failed("the tool could not be reached")
        self._metrics.tools.labels(outcome="ok").inc()
        return result

    def _failed(self, why: str) -> dict[str, str]:
        self._metrics.tools.labels(outcome="failed").inc()
        return {"error": f"{why}; nothing is known to have been done"}


def _told(result: Any) -> Any:
    """`result`, or something around one that is empty: the library asks the model nothing then, and nobody speaks."""
    return result or {"result": result}


async def _record(asked: "asyncio.Task[dict[str, Any]]", tool_call_id: str, context: LLMContext) -> None:
    result = json.dumps(await asked)
    for message in context.get_messages():
        if isinstance(message, dict) and message.get("role") == "tool" and message.get("tool_call_id") == tool_call_id:
            message["content"] = result
