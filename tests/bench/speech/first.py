"""What the first audio of a healthy turn waits for: by `voice.handover`, without a fallback, and without the proxy.

The text is there at once, its first clause has six words; the clock runs until audio that sounds reaches the agent.
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from tests.bench.report import percentile, rounded
from tests.bench.speech.cases import NONE, Case
from tests.bench.speech.world import VOICE_IDS, World, running
from understudy.domain.revision.snapshot import Snapshot

TURNS = 20
TEXT = "w12 w34 w56 w78 w90 w21, w23 w45 w67 w89."
CLAUSE = TEXT.partition(" w23")[0]
"""What the voice is asked for first, by the proxy and by an agent that talks to it directly."""

RATE = 8000
SOUNDS = 100
"""Samples louder than this are no silence."""

LONGEST_S = 10.0

MODES: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "openai_whole_words": ("openai", {}),
        "openai_immediate": ("openai", {"handover": "Immediate"}),
        "openai_without_fallback": ("openai", {"voices": 1}),
        "cartesia_whole_words": ("cartesia", {}),
        "cartesia_immediate": ("cartesia", {"handover": "Immediate"}),
    }
)
"""Providers, and what is changed in the revision; `voices`: how many of the two."""

CASES = [Case(at, "voice", NONE, provider, provider) for at, (provider, _) in enumerate(MODES.values())]


async def run() -> dict[str, Any]:
    """Milliseconds by mode."""
    async with running(CASES, revise=_revised) as there:
        found = {name: await _proxied(there, CASES[at]) for at, name in enumerate(MODES)}
        found["openai_direct"] = [await _direct(there, CASES[0]) for _ in range(TURNS)]
    return {name: {f"p{q}": rounded(percentile(taken, q) or 0.0, 0) for q in (50, 95)} for name, taken in found.items()}


def _revised(case: Case, told: Snapshot) -> Snapshot:
    changes = dict(list(MODES.values())[case.number][1])
    if "voices" in changes:
        changes["voices"] = told.voices[: changes["voices"]]
    return told.model_copy(update=changes)


async def _proxied(there: World, case: Case) -> list[float]:
    """Through the proxy, one utterance after the other."""
    taken = []
    async with there.lines.call(case.name) as line:
        url, query = f"ws://127.0.0.1:{there.port}/tts/websocket", {"api_key": line.token}
        async with there.session.ws_connect(url, params=query, compress=0) as socket:
            for turn in range(TURNS):
                began = time.monotonic()
                await socket.send_json(_message(f"turn-{turn}"))
                async with asyncio.timeout(LONGEST_S):
                    taken.append(await _sounds(socket, began))
    return taken


async def _sounds(socket: Any, began: float) -> float:
    """Milliseconds until audio sounds; read to the utterance's end, so that the next one has the voice to itself."""
    first = None
    async for message in socket:
        document = json.loads(message.data)
        if first is None and document["type"] == "chunk" and _audible(base64.b64decode(document["data"])):
            first = (time.monotonic() - began) * 1000
        if document["type"] == "done":
            break
    assert first is not None
    return first


async def _direct(there: World, case: Case) -> float:
    """As an agent would ask the provider, over the same network."""
    url = f"http://127.0.0.1:{there.far}/{case.name}-a/v1/audio/speech"
    body = {"model": "gpt-4o-mini-tts", "voice": VOICE_IDS["openai"], "input": CLAUSE, "response_format": "pcm"}
    began, first = time.monotonic(), None
    headers = {"Authorization": "Bearer none"}
    async with there.session.post(url, json=body, headers=headers) as response:
        async for data in response.content.iter_any():
            if first is None and _audible(data):
                first = (time.monotonic() - began) * 1000
    assert first is not None
    return first


def _audible(data: bytes) -> bool:
    samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2")
    return bool(np.any(np.abs(samples.astype(int)) > SOUNDS))


def _message(context: str) -> dict[str, Any]:
    return {
        "transcript": TEXT,
        "continue": False,
        "context_id": context,
        "model_id": "revision",
        "voice": {"mode": "id", "id": "revision"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
        "add_timestamps": True,
    }
