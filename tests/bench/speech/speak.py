"""A voice case: an agent that says watermarked words through the proxy, a caller's ear, and the verdict."""

import asyncio
import base64
import contextlib
import itertools
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np

from tests.bench.lines import Line
from tests.bench.speech.cases import Case
from tests.bench.speech.sight import Sight
from tests.bench.speech.world import World, voice_speed
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.audio.chords import Chord
from understudy.apps.simulator.caller.playback import Playback
from understudy.apps.simulator.voice import watermark

RATE = 8000
DONE_S = 20.0
"""An agent waits so long for the end of an utterance; it sounds for eight seconds at most."""

TOKENS_S = 0.03
"""Between two tokens of the model that writes the text."""

FRAGMENT = 0.15
"""Share of a word that is heard as something; below, it is a click."""

GAP_S = watermark.GAP_S
"""Silence between words that is the voice's own."""


def text(case: Case) -> list[str]:
    """Three sentences with a comma each, as tokens of a model."""
    draw = case.draw("text")
    numbers = draw.sample(range(1000), 24)
    tokens = []
    for _ in range(3):
        size = draw.randrange(6, 9)
        words = [f"w{number}" for number in numbers[:size]]
        numbers = numbers[size:]
        comma = draw.randrange(2, size - 2)
        tokens += [f"{word}{',' if at == comma else '.' if at == size - 1 else ''} " for at, word in enumerate(words)]
    return tokens


@dataclass
class Spoken:
    """What the agent got."""

    asked: float = 0.0
    timed: list[str] = field(default_factory=list)
    """Words that the agent was told are heard."""
    done: bool = False
    error: str = ""


@dataclass
class Verdict:
    """Of one case.

    Attributes:
        lost, doubled: words that the caller did not hear, and heard twice.
        disorder: words heard before one that comes earlier.
        fragments: parts of words, too short to be understood.
        mistold: words that the agent was told wrongly: not, or twice, or not heard.
        first_s: from the first text to the first word.
        gap_s: longest silence between two words beyond the voice's own.
        louder_db: of the words after the change of voice against those before.
    """

    case: Case
    struck: bool = False
    words: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    disorder: int = 0
    fragments: int = 0
    mistold: int = 0
    ended: str = ""
    first_s: float | None = None
    gap_s: float | None = None
    louder_db: float | None = None

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.disorder or self.ended)


async def run(case: Case, world: World) -> tuple[Verdict, Spoken, list[Chord]]:
    """Place the call, speak, hear, judge."""
    tokens, spoken = text(case), Spoken()
    async with world.lines.call(case.name) as line:
        url = f"ws://127.0.0.1:{world.port}/tts/websocket"
        query = {"api_key": line.token, "cartesia_version": "2025-04-16"}
        try:
            async with world.session.ws_connect(url, params=query, compress=0) as socket:
                reading = asyncio.create_task(_read(socket, line, spoken))
                await _write(socket, tokens, spoken)
                await asyncio.wait([reading], timeout=DONE_S)
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        except (aiohttp.ClientError, ConnectionError) as error:
            spoken.error = spoken.error or type(error).__name__
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):  # what is between the agent and the caller
                await _settled(line.playback)
        heard = ear(line.playback)
    return judge(case, tokens, spoken, heard, world.sights[case.name]), spoken, heard


async def _write(socket: aiohttp.ClientWebSocketResponse[bool], tokens: Sequence[str], spoken: Spoken) -> None:
    spoken.asked = time.monotonic()
    for token in tokens:
        if socket.closed:
            return
        await socket.send_json(_message(token, more=True))
        await asyncio.sleep(TOKENS_S)
    await socket.send_json(_message("", more=False))


def _message(token: str, *, more: bool) -> dict[str, Any]:
    return {
        "transcript": token,
        "continue": more,
        "context_id": "utterance-1",
        "model_id": "revision",
        "voice": {"mode": "id", "id": "revision"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
        "add_timestamps": True,
    }


async def _read(socket: aiohttp.ClientWebSocketResponse[bool], line: Line, spoken: Spoken) -> None:
    async for message in socket:
        document = json.loads(message.data)
        match document.get("type"):
            case "chunk":
                await line.say(base64.b64decode(document["data"]))
            case "timestamps":
                spoken.timed += document["word_timestamps"]["words"]
            case "error":
                spoken.error = str(document.get("error") or document.get("message"))
            case "done":
                spoken.done = True
                return


async def _settled(playback: Playback) -> None:
    """Wait until nothing comes any more."""
    count = -1
    while count != len(playback.played):
        count = len(playback.played)
        await asyncio.sleep(0.15)


def ear(playback: Playback) -> list[Chord]:
    """The words as the caller hears them, with the pauses in their delivery; seconds of the monotonic clock."""
    if not playback.played:
        return []
    began = playback.played[0].at
    sound = np.zeros(int((playback.ends_at - began) * RATE) + RATE // 10, dtype=np.float32)
    for stretch in playback.played:
        samples = pcm.samples(mulaw.decode(stretch.sound))
        at = round((stretch.at - began) * RATE)
        sound[at : at + len(samples)] = samples[: len(sound) - at]
    chords = watermark.heard(pcm.to_pcm(sound), RATE)
    return [Chord(each.number, began + each.start, began + each.end, each.rms) for each in chords]


def judge(
    case: Case, tokens: Sequence[str], spoken: Spoken, heard: Sequence[Chord], sights: tuple[Sight, Sight]
) -> Verdict:
    """Count."""
    said = [token.strip() for token in tokens]
    speed = max(voice_speed(case, which) for which in "ab")
    shortest = {watermark.number_of(word): watermark.seconds_of(word, speed)[0] for word in said}
    whole = [chord for chord in heard if chord.seconds >= watermark.ENOUGH * shortest.get(chord.number, 0.2)]
    count = Counter(chord.number for chord in whole)
    order = [number for word in said if (number := watermark.number_of(word)) is not None]
    places = [order.index(chord.number) for chord in whole if chord.number in order]
    verdict = Verdict(
        case,
        struck=any(sight.struck for sight in sights),
        words=len(order),
        lost=[number for number in order if not count[number]],
        doubled=[number for number in order if count[number] > 1],
        disorder=sum(later < earlier for earlier, later in itertools.pairwise(places)),
        fragments=sum(
            FRAGMENT * shortest.get(chord.number, 0.2) <= chord.seconds for chord in heard if chord not in whole
        ),
        mistold=_mistold(said, spoken.timed, count),
        ended=spoken.error or ("" if spoken.done else "no end"),
    )
    if whole:
        verdict.first_s = whole[0].start - spoken.asked
        verdict.gap_s = max(
            (later.start - earlier.end - GAP_S for earlier, later in itertools.pairwise(whole)), default=0.0
        )
        verdict.louder_db = _louder_db(whole)
    return verdict


def _mistold(said: Sequence[str], told: Sequence[str], heard: Counter[int]) -> int:
    """Words of which the agent was told something else than the caller heard."""
    times = Counter(watermark.number_of(word) for word in told)
    numbers = [watermark.number_of(word) for word in said]
    return sum(times[number] != min(heard[number or 0], 1) for number in numbers)


def _louder_db(words: Sequence[Chord]) -> float:
    """The largest step in loudness between neighbours, decibels."""
    steps = [20 * np.log10(later.rms / earlier.rms) for earlier, later in itertools.pairwise(words)]
    return float(max(steps, key=abs, default=0.0))
