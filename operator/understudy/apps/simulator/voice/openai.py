"""`POST /v1/audio/speech`, as OpenAI answers it: raw PCM of 24 kHz, or WAV, while it is made."""

import contextlib
from typing import Any

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.deployment import Deployment, Exchange
from understudy.apps.simulator.model.flavour import refused
from understudy.apps.simulator.script import FaultKind, VoiceSettings
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.voice.sound import Sounds, chunks

RATE = 24_000
"""Samples a second of OpenAI's PCM."""

FORMATS = {"pcm": "audio/pcm", "wav": "audio/wav"}


class OpenAiVoiceHandler:
    """Serves the OpenAI-like voice of every deployment."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def speech(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One utterance."""
        try:
            body = await request.json()
            text, voice = str(body["input"]), str(body["voice"])
        except (ValueError, KeyError, TypeError):
            return refused(400, "the body must be JSON with model, voice and input")
        sound_format = body.get("response_format", "mp3")
        if sound_format not in FORMATS:
            return refused(400, f"response_format {sound_format} is not simulated: use pcm or wav")
        with deployment.exchange(body.get("model")) as exchange:
            failed = await faults.before_answer(request, exchange, refused)
            if failed is not None:
                return failed
            settings = deployment.settings.voice
            sound = await self._sounds.make(text, voice, settings, RATE, speed=float(body.get("speed", 1.0)))
            return await _send(request, exchange, settings, sound, sound_format)


async def _send(
    request: web.Request, exchange: Exchange, settings: VoiceSettings, sound: bytes, sound_format: str
) -> web.StreamResponse:
    out = web.StreamResponse(headers={"Content-Type": FORMATS[sound_format]})
    if exchange.has(FaultKind.HEADERS_HANG):
        await out.prepare(request)
        await faults.hang()
    await faults.pause(settings.first_ms + exchange.draw.uniform(0, settings.jitter_ms))
    await out.prepare(request)
    if sound_format == "wav":
        await out.write(pcm.wav_bytes(b"", RATE))
    if not exchange.has(FaultKind.NO_OUTPUT):
        await _play(request, out, exchange, settings, sound)
    await out.write_eof()
    return out


async def _play(request: web.Request, out: Any, exchange: Exchange, settings: VoiceSettings, sound: bytes) -> None:
    trouble = Trouble(request, exchange)
    with contextlib.suppress(Truncated):
        for piece in chunks(sound, RATE, settings.chunk_ms):
            await out.write(await trouble.say(piece))
            await faults.pause(settings.chunk_ms / settings.speed)
