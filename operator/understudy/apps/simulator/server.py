"""The simulated providers as one web server."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from understudy.apps.simulator import entra
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.azure_speech import refused as azure_speech_refused
from understudy.apps.simulator.control import Control
from understudy.apps.simulator.deployment import Deployment, Deployments
from understudy.apps.simulator.model import judging
from understudy.apps.simulator.model.flavour import refused as openai_refused
from understudy.apps.simulator.model.flavour import refused_by_azure as azure_refused
from understudy.apps.simulator.model.handler import ModelHandler
from understudy.apps.simulator.script import Script
from understudy.apps.simulator.transcriber.assembly_ai import AssemblyAiHandler
from understudy.apps.simulator.transcriber.assembly_ai import refused as assembly_ai_refused
from understudy.apps.simulator.transcriber.azure import AzureTranscriber
from understudy.apps.simulator.transcriber.cartesia import CartesiaListenHandler
from understudy.apps.simulator.transcriber.cartesia import refused as cartesia_refused
from understudy.apps.simulator.transcriber.elevenlabs import ScribeHandler
from understudy.apps.simulator.transcriber.elevenlabs import refused as elevenlabs_refused
from understudy.apps.simulator.transcriber.flux import FluxHandler
from understudy.apps.simulator.transcriber.gladia import GladiaHandler
from understudy.apps.simulator.transcriber.gladia import refused as gladia_refused
from understudy.apps.simulator.transcriber.google import BIDI, GoogleTranscriber
from understudy.apps.simulator.transcriber.google import refused as google_refused
from understudy.apps.simulator.transcriber.handler import ListenHandler
from understudy.apps.simulator.transcriber.handler import refused as deepgram_refused
from understudy.apps.simulator.transcriber.openai import RealtimeHandler
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.apps.simulator.transcriber.speechmatics import SpeechmaticsHandler
from understudy.apps.simulator.transcriber.speechmatics import refused as speechmatics_refused
from understudy.apps.simulator.voice.azure import AzureVoiceHandler
from understudy.apps.simulator.voice.cartesia import CartesiaHandler
from understudy.apps.simulator.voice.deepgram import DeepgramVoiceHandler
from understudy.apps.simulator.voice.elevenlabs import ElevenLabsHandler
from understudy.apps.simulator.voice.openai import OpenAiVoiceHandler
from understudy.apps.simulator.voice.playht import PlayHtHandler
from understudy.apps.simulator.voice.playht import refused as playht_refused
from understudy.apps.simulator.voice.sound import Sounds
from understudy.base.clock import Clock, SystemClock

SHUTDOWN_S = 1.0
"""How long requests in progress may take to end when the server stops: those that hang would never."""

MAX_BODY_BYTES = 8 * 1024 * 1024
"""A long conversation with tools is under 1 MB."""

ELEVENLABS_VOICE = "/v1/text-to-speech/{voice_id}/multi-stream-input"

_SCHEME = re.compile(r"^(?:bearer|token)\s+(\S+)$", re.IGNORECASE)

Handler = Callable[[web.Request, Deployment], Awaitable[web.StreamResponse]]
Refused = Callable[[int, str], web.Response]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Simulator:
    """A running simulator.

    Attributes:
        port: where it listens.
        deployments: its accounts, for tests that look or interfere directly.
    """

    port: int
    deployments: Deployments

    def url(self, deployment: str, scheme: str = "http") -> str:
        """Base URL of a deployment, without a trailing slash."""
        return f"{scheme}://127.0.0.1:{self.port}/{deployment}"


@asynccontextmanager
async def running(
    script: Script, *, host: str = "127.0.0.1", port: int = 0, cache: Path | None = None, clock: Clock | None = None
) -> AsyncIterator[Simulator]:
    """Serve the script until the block ends; port 0 takes a free one. `cache` keeps speech between runs."""
    clock = clock or SystemClock()
    deployments = Deployments(script, clock)
    pool = RecogniserPool(script.recogniser_processes)
    app = _application(deployments, pool, Sounds(Speech(cache)), clock)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await pool.warm()
        yield Simulator(runner.addresses[0][1], deployments)
    finally:
        await runner.cleanup()
        pool.close()


def _application(deployments: Deployments, pool: RecogniserPool, sounds: Sounds, clock: Clock) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    Control(deployments).add_routes(app)
    model, listen, gladia = ModelHandler(clock), ListenHandler(pool, clock), GladiaHandler(pool, clock)
    azure_hears, azure_speaks = AzureTranscriber(pool, clock).websocket, AzureVoiceHandler(sounds, clock).websocket
    routes: list[tuple[str, str, Handler, Refused]] = [
        ("POST", "/v1/chat/completions", model.completions, openai_refused),
        ("POST", "/openai/v1/chat/completions", model.azure_v1, azure_refused),
        ("POST", "/openai/deployments/{model}/chat/completions", model.azure_deployment, azure_refused),
        ("GET", "/v1/models", model.models, openai_refused),
        ("POST", "/v1/audio/speech", OpenAiVoiceHandler(sounds).speech, openai_refused),
        ("GET", "/v1/listen", listen.websocket, deepgram_refused),
        ("GET", "/tts/websocket", CartesiaHandler(sounds).websocket, openai_refused),
    ]
    keyed: list[tuple[str, str, Handler, Refused]] = [
        # These look for the key themselves, in the one place where their provider does.
        ("GET", "/v3/ws", AssemblyAiHandler(pool, clock).websocket, assembly_ai_refused),
        ("POST", "/v2/live", gladia.init, gladia_refused),
        ("GET", "/v2/live", gladia.websocket, gladia_refused),
        ("GET", "/speech/recognition/conversation/cognitiveservices/v1", azure_hears, azure_speech_refused),
        ("GET", "/stt/speech/universal/v2", azure_hears, azure_speech_refused),
        ("GET", "/cognitiveservices/websocket/v1", azure_speaks, azure_speech_refused),
        ("GET", "/tts/cognitiveservices/websocket/v1", azure_speaks, azure_speech_refused),
        ("GET", BIDI, GoogleTranscriber(pool, clock).websocket, google_refused),
        ("GET", "/v2", SpeechmaticsHandler(pool, clock).websocket, speechmatics_refused),
        ("GET", "/v2/listen", FluxHandler(pool, clock).websocket, deepgram_refused),
        ("GET", "/stt/websocket", CartesiaListenHandler(pool, clock).websocket, cartesia_refused),
        ("GET", "/v1/speech-to-text/realtime", ScribeHandler(pool, clock).websocket, elevenlabs_refused),
        ("GET", "/v1/realtime", RealtimeHandler(pool, clock).websocket, openai_refused),
        ("GET", "/v1/speak", DeepgramVoiceHandler(sounds).websocket, deepgram_refused),
        ("POST", "/api/v2/tts/stream", PlayHtHandler(sounds).stream, playht_refused),
        ("POST", "/score", judging.score, openai_refused),
        ("GET", ELEVENLABS_VOICE, ElevenLabsHandler(sounds).websocket, elevenlabs_refused),
    ]
    for method, path, handler, refused in routes:
        app.router.add_route(method, f"/{{deployment}}{path}", _admitted(deployments, handler, refused))
    for method, path, handler, refused in keyed:
        admitted = _admitted(deployments, handler, refused, with_key=False)
        app.router.add_route(method, f"/{{deployment}}{path}", admitted)
    giving = _admitted(deployments, entra.token, openai_refused, with_key=False)
    app.router.add_post("/{deployment}/{tenant}/oauth2/v2.0/token", giving)
    return app


def _admitted(
    deployments: Deployments, handler: Handler, refused: Refused, *, with_key: bool = True
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """`handler`, for requests to a known deployment with a key that it accepts."""

    async def handle(request: web.Request) -> web.StreamResponse:
        deployment = deployments.find(request.match_info["deployment"])
        if deployment is None:
            return refused(404, "no such deployment in the script")
        if with_key and not deployment.accepts(api_key(request)):
            return refused(401, "Incorrect API key provided")
        try:
            return await handler(request, deployment)
        except ConnectionError:
            log.debug("client of %s went away", deployment.name)
            return web.Response()

    return handle


def api_key(request: web.Request) -> str | None:
    """The key that the request carries, in any of the places where the simulated providers look for it."""
    found = _SCHEME.match(request.headers.get("Authorization", ""))
    if found:
        return found.group(1)
    return request.headers.get("X-API-Key") or request.headers.get("api-key") or request.query.get("api_key")
