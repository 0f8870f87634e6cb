"""`POST /api/v2/tts/stream`, as PlayHT answered it: raw PCM of the rate asked for, while it is made.

Source: PlayHT's public reference, and the request that its `pyht` package makes.
"""

import contextlib
from typing import Any

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.script import FaultKind
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.voice.sound import Sounds, chunks

RATES = range(8000, 48_001)

FORMATS = {"raw": "audio/basic", "mulaw": "audio/basic"}

SPEEDS = (0.1, 5.0)
"""Bounds of `speed`."""


def refused(status: int, message: str) -> web.Response:
    """An error in PlayHT's shape."""
    return web.json_response({"error_id": "SIMULATED", "error_message": message}, status=status)


class PlayHtHandler:
    """Serves the PlayHT-like voice of every deployment."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def stream(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One utterance."""
        key = request.headers.get("AUTHORIZATION", "").removeprefix("Bearer ")
        if not request.headers.get("X-USER-ID") or not deployment.accepts(key):
            return refused(403, "AUTHORIZATION and X-USER-ID are both needed")
        try:
            body = await request.json()
            wrong = _complaint(body)
        except (ValueError, TypeError, AttributeError):
            return refused(400, "the body must be a JSON object")
        if wrong:
            return refused(400, wrong)
        deployment.asked.append(body)
        with deployment.exchange(body.get("voice_engine")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            return failed or await self._send(request, exchange, body)

    async def _send(self, request: web.Request, exchange: Exchange, body: dict[str, Any]) -> web.StreamResponse:
        settings, rate = exchange.settings.voice, int(body.get("sample_rate", 24_000))
        speed = float(body.get("speed", 1.0))
        sound = await self._sounds.make(str(body["text"]), str(body["voice"]), settings, rate, speed=speed)
        out = web.StreamResponse(headers={"Content-Type": FORMATS[body["output_format"]]})
        if exchange.has(FaultKind.HEADERS_HANG):
            await out.prepare(request)
            await faults.hang()
        await faults.pause(settings.first_ms + exchange.draw.uniform(0, settings.jitter_ms))
        await out.prepare(request)
        trouble = Trouble(request, exchange)
        with contextlib.suppress(Truncated):
            for piece in chunks(sound, rate, settings.chunk_ms) if not trouble.mute else ():
                said = await trouble.say(piece)
                await out.write(mulaw.encode(said) if body["output_format"] == "mulaw" else said)
                await faults.pause(settings.chunk_ms / settings.speed)
        await out.write_eof()
        return out


def _complaint(body: dict[str, Any]) -> str:
    """What is wrong with a request; empty when nothing is."""
    if not str(body.get("text") or "").strip() or not body.get("voice"):
        return "text and voice are needed"
    if body.get("output_format") not in FORMATS:
        return f"output_format {body.get('output_format')} is not simulated: use raw or mulaw"
    if body.get("sample_rate", 24_000) not in RATES:
        return "sample_rate must be between 8000 and 48000"
    if not SPEEDS[0] <= float(body.get("speed", 1.0)) <= SPEEDS[1]:
        return "speed must be between 0.1 and 5"
    return ""
