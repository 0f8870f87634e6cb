"""Transcriber, model and voice of a call: the library's clients, all pointed at the proxy that took the call."""

import functools
from typing import Any

import aiohttp
import httpx
from deepgram import AsyncDeepgramClient
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout
from pipecat.services.deepgram import stt as deepgram_stt
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TextAggregationMode

from understudy.apps.agent.spoken import ProxyVoice
from understudy.apps.agent.start import CallStart
from understudy.apps.agent.turns import TRANSCRIPT_P99_SECONDS

BY_REVISION = "revision"
"""What the agent says where a client insists on the name of a model or a voice: the proxy knows the real one."""
CONNECT_SECONDS = 2.0
"""To a pod on the cluster's network."""
MODEL_READ_SECONDS = 60.0
"""Between two chunks. The proxy's own deadlines are far shorter; this is for a proxy that is gone."""
WEBHOOK_SECONDS = 60.0
"""For the proxy's whole answer to a tool call; its deadline for the user's webhook is shorter."""


class Clients:
    """The HTTP clients that all calls of a process share.

    A client of its own would cost each call 20 ms of a blocked event loop and a megabyte, for a TLS context that
    reads 150 certificates, and a new connection a turn. Who a request belongs to travels in its headers.
    """

    def __init__(self) -> None:
        timeout = Timeout(MODEL_READ_SECONDS, connect=CONNECT_SECONDS)
        self.model = DefaultAsyncHttpxClient(timeout=timeout, trust_env=False)
        self.webhook = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WEBHOOK_SECONDS))
        self._unused = httpx.AsyncClient(trust_env=False)
        # The transcriber's SDK wants an HTTP client even for its socket, and the service that builds the SDK's client
        # has no parameter for it; the name in the service's module is the only seam.
        patched = functools.partial(AsyncDeepgramClient, httpx_client=self._unused)
        setattr(deepgram_stt, "AsyncDeepgramClient", patched)  # noqa: B010

    async def close(self) -> None:
        """Close what is open."""
        await self.model.aclose()
        await self._unused.aclose()
        await self.webhook.close()


class ProxyModel(OpenAILLMService):
    """OpenAI's protocol on the shared client, without retries: the proxy alone decides who is asked again."""

    def __init__(self, http: DefaultAsyncHttpxClient, **kwargs: Any) -> None:
        self._http = http
        super().__init__(**kwargs)

    def create_client(self, api_key: Any = None, base_url: Any = None, **_: Any) -> AsyncOpenAI:  # type: ignore[override]
        """The SDK's client for one call."""
        return AsyncOpenAI(api_key=api_key, base_url=base_url, http_client=self._http, max_retries=0)


def transcriber(call: CallStart) -> STTService:
    """8 kHz linear PCM on `WS /v1/listen`, or on `/v2/listen` where the transcriber says when a turn ends."""
    if call.provider_turns:
        return DeepgramFluxSTTService(
            api_key=call.token,
            url=f"{call.sockets}/v2/listen",
            settings=DeepgramFluxSTTService.Settings(model=BY_REVISION),
        )
    return DeepgramSTTService(
        api_key=call.token,
        base_url=call.sockets,
        ttfs_p99_latency=TRANSCRIPT_P99_SECONDS,
        settings=DeepgramSTTService.Settings(model=BY_REVISION),
    )


def model(call: CallStart, clients: Clients) -> ProxyModel:
    """`POST /v1/chat/completions`; prompt and tools are the proxy's to add."""
    return ProxyModel(
        clients.model,
        api_key=call.token,
        base_url=f"{call.proxy}/v1",
        settings=OpenAILLMService.Settings(model=BY_REVISION),
    )


def voice(call: CallStart) -> ProxyVoice:
    """`WS /tts/websocket`. Tokens are sent on as they come: the proxy decides what is worth speaking."""
    return ProxyVoice(
        api_key=call.token,
        url=f"{call.sockets}/tts/websocket",
        text_aggregation_mode=TextAggregationMode.TOKEN,
        settings=ProxyVoice.Settings(voice=BY_REVISION, model=BY_REVISION),
    )
