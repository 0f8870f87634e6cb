"""`WS /v3/ws`, as AssemblyAI's universal streaming speaks it.

Stricter than what is documented in one point: a parameter that the provider's specification and SDK do not have ends
the session, since what the provider does with one is not known.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.pace import Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream, Sound
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

ENCODINGS = {"pcm_s16le": "linear16", "pcm_mulaw": "mulaw"}
MODELS = frozenset(
    {
        "universal-streaming-english",
        "universal-streaming-multilingual",
        "whisper-rt",
        "u3-rt-pro",
        "universal-3-5-pro",
        "universal-3-6",
        "universal-3-6-pro",
    }
)
PARAMETERS = frozenset(
    {
        "sample_rate",
        "encoding",
        "speech_model",
        "language",
        "language_code",
        "language_codes",
        "language_detection",
        "format_turns",
        "formatted_finals",
        "keyterms_prompt",
        "prompt",
        "min_turn_silence",
        "max_turn_silence",
        "end_of_turn_confidence_threshold",
        "vad_threshold",
        "inactivity_timeout",
        "speaker_labels",
        "max_speakers",
        "domain",
        "continuous_partials",
        "interruption_delay",
        "previous_context_n_turns",
        "agent_context",
        "voice_focus",
        "voice_focus_threshold",
        "mode",
        "filter_profanity",
        "word_finalization_max_wait_time",
        "include_partial_turns",
        "token",
    }
)
"""All that a client may ask for."""

MAX_TERMS, MAX_TERM = 100, 50
"""Terms of `keyterms_prompt`, and characters of one."""

CHUNK_MS = (50, 1000)
"""Shortest and longest message of audio."""

SESSION_S = 3 * 3600
"""How long a session lasts."""

UNAUTHORIZED, SERVER_ERROR, INVALID, VIOLATION = 1008, 3005, 3006, 3007
"""Close codes, which the `Error` message before them tells as well."""


def refused(status: int, message: str) -> web.Response:
    """An error before the socket is open."""
    return web.json_response({"error": message}, status=status)


class AssemblyAiHandler:
    """Serves every deployment."""

    def __init__(self, pool: RecogniserPool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One session. What is wrong with it is said on the open socket, as the provider does."""
        with deployment.exchange(request.query.get("speech_model")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            socket = web.WebSocketResponse(compress=False)
            await socket.prepare(request)
            asked = {name: value for name, value in request.query.items() if name != "token"}
            deployment.asked.append(asked)
            if not deployment.accepts(_key(request)):
                await _close(socket, UNAUTHORIZED, "Unauthorized Connection: Missing Authorization header")
            elif (wrong := _complaint(asked)) is not None:
                await _close(socket, INVALID, f"Invalid parameter: {wrong}")
            else:
                async with faults.dropping(request, exchange):
                    await _Session(self, request, socket, exchange).run()
            return socket


def _key(request: web.Request) -> str | None:
    """The key is the whole header, without a scheme; a temporary token comes in the URL."""
    return request.headers.get("Authorization") or request.query.get("token")


def _complaint(asked: Mapping[str, str]) -> str | None:
    """What is wrong with the parameters."""
    unknown = sorted(asked.keys() - PARAMETERS)
    if unknown:
        return unknown[0]
    if not asked.get("sample_rate", "").isdigit() or asked.get("encoding", "pcm_s16le") not in ENCODINGS:
        return "sample_rate, encoding"
    if asked.get("speech_model", "universal-streaming-english") not in MODELS:
        return "speech_model"
    if asked.get("language", "en") not in {"en", "multi"}:
        return "language"
    numbers = ("min_turn_silence", "max_turn_silence")
    if not all(asked.get(name, "0").isdigit() for name in numbers):
        return " or ".join(numbers)
    return None if _are_terms(asked.get("keyterms_prompt", "[]")) else "keyterms_prompt"


def _are_terms(encoded: str) -> bool:
    try:
        terms = json.loads(encoded)
    except ValueError:
        return False
    return (
        isinstance(terms, list)
        and len(terms) <= MAX_TERMS
        and all(isinstance(term, str) and len(term) <= MAX_TERM for term in terms)
    )


async def _close(socket: web.WebSocketResponse, code: int, message: str) -> None:
    await socket.send_json({"type": "Error", "error_code": code, "error": message})
    await socket.close(code=code, message=b"See Error message for details")


class _Session:
    """One connection."""

    def __init__(
        self, handler: AssemblyAiHandler, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange
    ) -> None:
        asked = request.query
        self._socket = socket
        self._clock = handler.clock
        self._began = handler.clock.monotonic()
        self._sound = Sound(ENCODINGS[asked.get("encoding", "pcm_s16le")], int(asked["sample_rate"]))
        silence_ms = max(exchange.settings.transcriber.endpointing_ms, int(asked.get("max_turn_silence", 0)))
        self._stream = AudioStream(exchange, handler.pool, self._sound, silence_ms)
        self._pace = Pace(handler.clock, exchange.settings.transcriber)
        self._trouble = Trouble(request, exchange, socket, self._fail)
        self._formats = asked.get("format_turns") == "true"
        self._turn = 0

    async def run(self) -> None:
        """Serve until the session ends."""
        expires = round(self._clock.now()) + SESSION_S
        try:
            if not self._trouble.deaf:
                await self._socket.send_json({"type": "Begin", "id": str(uuid.uuid4()), "expires_at": expires})
            await audio_stream.served(self._socket, self._trouble, self._take)
        finally:
            await self._stream.close()

    async def _fail(self) -> None:
        await _close(self._socket, SERVER_ERROR, "Session Cancelled: An error occurred")

    async def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            await self._audio(message.data)
        elif message.type is WSMsgType.TEXT:
            await self._control(message.data)

    async def _audio(self, data: bytes) -> None:
        seconds = self._sound.seconds(data)
        if not CHUNK_MS[0] <= round(seconds * 1000, 3) <= CHUNK_MS[1]:
            wrong = f"Input duration violation: {seconds * 1000:.1f} ms. Expected between 50 and 1000 ms"
            await _close(self._socket, VIOLATION, wrong)
        elif not self._pace.takes(seconds):
            spent = self._clock.monotonic() - self._began
            wrong = (
                f"Audio Transmission Rate Exceeded: Received {self._stream.seconds:.3f} sec. audio in {spent:.3f} sec"
            )
            await _close(self._socket, VIOLATION, wrong)
        else:
            async for result in self._stream.feed(data, self._trouble):
                await self._heard(result)

    async def _control(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return await _close(self._socket, INVALID, f"Invalid JSON: {text[:100]}")
        match said.get("type") if isinstance(said, dict) else None:
            case "ForceEndpoint":
                await self._heard(await self._stream.finish())
            case "Terminate":
                await self._terminate()
            case "KeepAlive" | "UpdateConfiguration":
                pass
            case _:
                await _close(self._socket, INVALID, f"Invalid Message Type: {text[:100]}")
        return None

    async def _terminate(self) -> None:
        await self._heard(await self._stream.finish())
        spent = round(self._clock.monotonic() - self._began)
        audio = round(self._stream.seconds)
        ended = {"type": "Termination", "audio_duration_seconds": audio, "session_duration_seconds": spent}
        await self._socket.send_json(ended)
        await self._socket.close()

    async def _heard(self, result: Result) -> None:
        """A turn so far, or its end; outside a turn, and without a word in it, nothing is said."""
        if not result.recognised.text:
            return
        await self._socket.send_json(_turn(result, self._turn))
        if result.final and self._formats:
            await self._socket.send_json(_turn(result, self._turn, formatted=True))
        self._turn += result.final


def _turn(result: Result, order: int, *, formatted: bool = False) -> dict[str, Any]:
    """A `Turn`: of the words so far all but the last are final; at the end all are."""
    heard = audio_stream.words(result)
    text = " ".join(word.text for word in (heard if result.final else heard[:-1]))
    return {
        "type": "Turn",
        "turn_order": order,
        "turn_is_formatted": formatted,
        "end_of_turn": result.final,
        "transcript": f"{text[:1].upper()}{text[1:]}." if formatted else text,
        "utterance": text if result.final else "",
        "end_of_turn_confidence": 0.9 if result.final else 0.01,
        "words": [
            {
                "text": word.text,
                "start": round(word.start * 1000),
                "end": round(word.end * 1000),
                "confidence": result.recognised.confidence,
                "word_is_final": result.final or word is not heard[-1],
            }
            for word in heard
        ],
    }
