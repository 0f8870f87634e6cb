"""One call's pipeline, from its start message to its end."""

import asyncio
from typing import Any, cast

from pipecat.frames.frames import ErrorFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from understudy.apps.agent import services
from understudy.apps.agent.hearing import SAMPLE_RATE, Models
from understudy.apps.agent.logs import log
from understudy.apps.agent.metrics import Metrics
from understudy.apps.agent.services import Clients
from understudy.apps.agent.settings import Settings
from understudy.apps.agent.spoken import Spoken
from understudy.apps.agent.start import CallStart
from understudy.apps.agent.tools import Tools
from understudy.apps.agent.turns import provider_turns, user_turns
from understudy.apps.agent.wire import GOODBYE, CallerSocket

OUTPUT_CHUNK_10MS = 4
"""Tens of milliseconds a message of output audio: 20 ms gaps on a jittery host, 100 ms would delay the first word."""
SETUP_SECONDS = 10.0
"""For connecting to the proxy; a call whose pipeline does not stand by then is ended."""


class Shared:
    """What the calls of a process have in common."""

    def __init__(self, settings: Settings, models: Models, clients: Clients, metrics: Metrics) -> None:
        self.settings = settings
        self.models = models
        self.clients = clients
        self.metrics = metrics


class Conversation:
    """A call and the pipeline that holds it."""

    def __init__(self, call: CallStart, socket: CallerSocket, shared: Shared) -> None:
        self._call = call
        self._shared = shared
        self._socket = socket
        self.ended = "failed"
        """Why it ended: `completed` by the assistant, `hangup` by the caller, `limit`, or `failed`."""
        self._tools = Tools(call, shared.clients.webhook, shared.metrics, self._on_completed)
        transport = _transport(call, socket)
        self.worker = self._worker(transport)
        transport.add_event_handler("on_client_connected", self._on_connected)
        transport.add_event_handler("on_client_disconnected", self._on_disconnected)
        self.worker.add_event_handler("on_pipeline_error", self._on_error)

    async def run(self) -> None:
        """Hold the conversation until either side ends it, or it has lasted `max_call_ms`."""
        runner = WorkerRunner(handle_sigint=False, handle_sigterm=False, check_dangling_tasks=False)
        await runner.add_workers(self.worker)
        limit = asyncio.get_running_loop().call_later(self._shared.settings.max_call_ms / 1000, self._on_limit)
        try:
            await runner.run()
        finally:
            limit.cancel()

    def _worker(self, transport: FastAPIWebsocketTransport) -> PipelineWorker:
        context = LLMContext()
        turns = LLMContextAggregatorPair(context, user_params=self._turns())
        model = services.model(self._call, self._shared.clients)
        model.register_function(None, self._tools.handle)
        return PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    services.transcriber(self._call),
                    turns.user(),
                    model,
                    services.voice(self._call),
                    transport.output(),
                    Spoken(self._socket.playback, self._socket.clock),
                    turns.assistant(),
                ]
            ),
            params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE, audio_out_sample_rate=SAMPLE_RATE),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
            check_dangling_tasks=False,
            setup_timeout_secs=SETUP_SECONDS,
            processor_unusable_policy=ProcessorUnusablePolicy.END,
        )

    def _turns(self) -> LLMUserAggregatorParams:
        if self._call.provider_turns:
            return provider_turns()
        return user_turns(self._shared.models, self._shared.settings)

    async def _on_connected(self, _transport: Any, _socket: Any) -> None:
        await self.worker.queue_frame(LLMRunFrame())

    async def _on_disconnected(self, _transport: Any, _socket: Any) -> None:
        if self.ended == "failed":
            self.ended = "hangup"
        await self.worker.cancel(reason="the caller's socket closed")

    async def _on_error(self, _worker: Any, frame: ErrorFrame) -> None:
        self._shared.metrics.errors.inc()
        usable = frame.processor is None or frame.processor.is_usable
        cause = type(frame.exception).__name__ if frame.exception else "no exception"
        log.warning("call %s: error in %s: %s, usable %s", self._call.call_sid, frame.processor, cause, usable)

    def _on_completed(self) -> None:
        self.ended = "completed"
        self._socket.close_code = GOODBYE

    def _on_limit(self) -> None:
        self.ended = "limit"
        self._ending = asyncio.ensure_future(self.worker.cancel(reason="maximum duration"))


def _transport(call: CallStart, socket: CallerSocket) -> FastAPIWebsocketTransport:
    serializer = TwilioFrameSerializer(
        stream_sid=call.stream_sid,
        call_sid=call.call_sid,
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    params = FastAPIWebsocketParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_out_10ms_chunks=OUTPUT_CHUNK_10MS,
        audio_out_end_silence_secs=0,
        serializer=serializer,
    )
    return FastAPIWebsocketTransport(cast("Any", socket), params)
