"""A rehearsal before the first call: what is loaded, compiled and cached on first use happens here."""

import asyncio

import numpy as np
from aiohttp import web

from understudy.apps.agent.conversation import Conversation, Shared
from understudy.apps.agent.hearing import SAMPLE_RATE
from understudy.apps.agent.start import CallStart
from understudy.apps.agent.wire import CallerSocket
from understudy.base.clock import SystemClock

NOISE_SECONDS = 8
"""As much audio as smart-turn looks at, so that its buffers have their final size."""


async def warm_up(shared: Shared) -> None:
    """Run both models once and build one pipeline that goes nowhere."""
    noise = np.random.default_rng(0).normal(0, 1000, SAMPLE_RATE * NOISE_SECONDS).astype(np.int16).tobytes()
    detector = shared.models.voice_activity()
    detector.set_sample_rate(SAMPLE_RATE)
    await detector.analyze_audio(noise[: SAMPLE_RATE // 5])
    judge = shared.models.smart_turn(1.0)
    judge.set_sample_rate(SAMPLE_RATE)
    judge.append_audio(noise, is_speech=True)
    await judge.analyze_end_of_turn()
    name = "rehearsal"
    nowhere = CallStart(stream_sid=name, call_sid=name, token=name, proxy="http://127.0.0.1:9")
    Conversation(nowhere, CallerSocket(web.WebSocketResponse(), SystemClock()), shared)
    await asyncio.sleep(0)
