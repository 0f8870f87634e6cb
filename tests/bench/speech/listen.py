"""A transcriber case: a caller who says numbered words, an agent that listens through the proxy, and the verdict."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.bench.speech.cases import LOUD, NONE, Case
from tests.bench.speech.sight import Sight, Stream, first_strike, live_again
from tests.bench.speech.wire import ONE_WAY_S
from tests.bench.speech.world import World
from understudy.apps.simulator.audio import mulaw, numbered

RATE = 8000
FRAME_S = 0.02
FRAME_BYTES = int(RATE * FRAME_S) * 2
UTTERANCES = 3
FINALIZE_S = 0.2
"""After the end of speech, as the agent's voice detection waits."""

ANSWER_S = 8.0
"""An agent waits so long for the last answers; a caller would have hung up."""

QUERY = {
    "model": "revision",
    "encoding": "linear16",
    "sample_rate": str(RATE),
    "channels": "1",
    "interim_results": "true",
    "punctuate": "true",
}


@dataclass(frozen=True)
class Speech:
    """What the caller says.

    Attributes:
        frames: 20 ms each, as they come off the telephone.
        finalizes: after which frames the agent calls for a final.
        words: with their times.
    """

    frames: Sequence[bytes]
    finalizes: frozenset[int]
    words: Sequence[numbered.Spoken]


def speech(case: Case) -> Speech:
    """Three utterances of five to nine words."""
    draw = case.draw("speech")
    numbers = draw.sample(range(1000), 9 * UTTERANCES)
    at, words, finalizes, sound = 0.3, [], set(), bytearray(int(0.3 * RATE) * 2)
    for _ in range(UTTERANCES):
        said, numbers = numbers[: (size := draw.randrange(5, 10))], numbers[size:]
        words += numbered.timed(said, at)
        sound += numbered.speech(said, RATE)
        finalizes.add(int((words[-1].end + FINALIZE_S) / FRAME_S))
        pause = draw.uniform(0.4, 1.0)
        sound += bytes(int(pause * RATE) * 2)
        at = len(sound) / 2 / RATE
    return Speech(frames_of(mulaw.decode(mulaw.encode(bytes(sound)))), frozenset(finalizes), words)


def frames_of(line: bytes) -> list[bytes]:
    """PCM in frames."""
    return [line[place : place + FRAME_BYTES] for place in range(0, len(line), FRAME_BYTES)]


@dataclass
class Heard:
    """What the agent got, with the times."""

    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    closed: str = ""
    began: float = 0.0
    late_s: float = 0.0

    def finals(self) -> list[dict[str, Any]]:
        return [m for _, m in self.messages if m.get("type") == "Results" and m.get("is_final")]

    def answers(self) -> int:
        return sum(bool(m.get("from_finalize")) for m in self.finals())


@dataclass
class Verdict:
    """Of one case.

    Attributes:
        struck: the failure took place.
        lost, doubled: words in no final, and in more than one.
        invented: words in finals that nobody said.
        stale: words of interims that were final already.
        answers: `from_finalize`s given, less those asked for.
        ended: why the agent lost its transcriber; empty: it did not.
    """

    case: Case
    struck: bool = False
    words: int = 0
    frames: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    stale: int = 0
    answers: int = 0
    ended: str = ""
    detect_to_replay_s: float | None = None
    fault_to_live_s: float | None = None
    answer_s: list[float] = field(default_factory=list)
    late_s: float = 0.0
    """How late the caller's frames were sent at most: of the benchmark itself."""

    @property
    def frames_lost(self) -> int:
        return frames(self.lost)

    @property
    def frames_doubled(self) -> int:
        return frames(self.doubled)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.invented or self.ended or self.answers)


def frames(numbers: Sequence[int]) -> int:
    """20 ms frames of these words."""
    return sum(round(numbered.seconds_of(number) / FRAME_S) for number in numbers)


async def run(case: Case, world: World, said: Speech | None = None) -> tuple[Verdict, Heard]:
    """Place the call, speak, listen, judge. What is said is the case's, unless it is given."""
    said, heard = said or speech(case), Heard()
    async with world.lines.call(case.name) as line:
        url = f"ws://127.0.0.1:{world.port}/v1/listen"
        headers = {"Authorization": f"Token {line.token}"}
        try:
            async with world.session.ws_connect(url, params=QUERY, headers=headers, compress=0) as socket:
                reading = asyncio.create_task(_read(socket, heard))
                await _speak(socket, said, heard, reading)
                if not socket.closed:
                    await socket.send_json({"type": "CloseStream"})
                await asyncio.wait([reading], timeout=ANSWER_S)
                reading.cancel()
        except (aiohttp.ClientError, ConnectionError) as error:
            heard.closed = heard.closed or f"{type(error).__name__}"
    return judge(case, said, heard, world.sights[case.name]), heard


async def _speak(
    socket: aiohttp.ClientWebSocketResponse[bool], said: Speech, heard: Heard, reading: asyncio.Task[None]
) -> None:
    """All that the caller says, and the silence after it until everything is answered."""
    heard.began = time.monotonic()
    most = len(said.frames) + int(ANSWER_S / FRAME_S)
    for number in range(most):
        over = number >= len(said.frames)
        if socket.closed or reading.done() or (over and heard.answers() >= UTTERANCES):
            return
        await socket.send_bytes(bytes(FRAME_BYTES) if over else said.frames[number])
        if number in said.finalizes:
            await socket.send_json({"type": "Finalize"})
        rest = heard.began + (number + 1) * FRAME_S - time.monotonic()
        heard.late_s = max(heard.late_s, -rest)
        await asyncio.sleep(max(0.0, rest))


async def _read(socket: aiohttp.ClientWebSocketResponse[bool], heard: Heard) -> None:
    finishing = False
    async for message in socket:
        document = json.loads(message.data)
        heard.messages.append((time.monotonic(), document))
        finishing = finishing or document.get("type") == "Metadata"
        if document.get("type") == "Error":
            heard.closed = str(document.get("description"))
    if socket.close_code not in (1000, None):
        heard.closed = heard.closed or f"closed with {socket.close_code}"


def text_of(message: dict[str, Any]) -> list[str]:
    """Words of a `Results` message."""
    alternatives = (message.get("channel") or {}).get("alternatives") or [{}]
    return str(alternatives[0].get("transcript") or "").split()


def judge(case: Case, said: Speech, heard: Heard, sights: tuple[Sight, Sight]) -> Verdict:
    """Count."""
    finals = Counter(word for message in heard.finals() for word in text_of(message))
    known = {word.text: word for word in said.words}
    verdict = Verdict(
        case,
        struck=bool(sights[0].struck),
        words=len(said.words),
        frames=frames([word.number for word in said.words]),
        lost=[word.number for word in said.words if not _count(finals, word.text)],
        doubled=[word.number for word in said.words if _count(finals, word.text) > 1],
        invented=sorted(word for word in finals if _plain(word) not in known),
        stale=_stale(heard),
        answers=heard.answers() - UTTERANCES,
        ended=heard.closed,
        answer_s=_answers_s(said, heard),
        late_s=heard.late_s,
    )
    _time(verdict, said, heard, sights)
    return verdict


def _plain(word: str) -> str:
    return word.lower().strip(".,?!;:")


def _count(finals: Counter[str], text: str) -> int:
    return sum(count for word, count in finals.items() if _plain(word) == text)


def _stale(heard: Heard) -> int:
    final: set[str] = set()
    stale = 0
    for _, message in heard.messages:
        if message.get("type") != "Results":
            continue
        words = {_plain(word) for word in text_of(message)}
        if message.get("is_final"):
            final |= words
        else:
            stale += len(words & final)
    return stale


def _answers_s(said: Speech, heard: Heard) -> list[float]:
    """From the end of each utterance to its answer."""
    at = [time_ for time_, m in heard.messages if m.get("is_final") and m.get("from_finalize")]
    asked = [heard.began + (frame + 1) * FRAME_S - FINALIZE_S for frame in sorted(said.finalizes)]
    return [answer - end for end, answer in zip(asked, at, strict=False)]


def _time(verdict: Verdict, said: Speech, heard: Heard, sights: tuple[Sight, Sight]) -> None:
    strike = first_strike([sights[0]])
    if strike is None or verdict.case.kind == NONE or not said.words:
        return
    at, _, broken = strike
    after = [each for sight in sights for each in sight.streams.values() if each is not broken]
    ends = {word.number: heard.began + word.end for word in said.words}
    # A failure at the opening is none before the caller has said anything.
    begins = max(at, heard.began)
    last = max(ends.values())
    live = [when for each in after if (when := live_again(each, lambda n: ends.get(n, 0.0), begins, last)) is not None]
    if live:
        verdict.fault_to_live_s = min(live) - begins
    verdict.detect_to_replay_s = _replayed_s(verdict.case, at, after)


def _replayed_s(case: Case, struck: float, after: list[Stream]) -> float | None:
    """From detection to the first audio sent elsewhere.

    A failure that the provider tells of is detected when that arrives; any other when the proxy turns to another
    provider, which is seen only if that is not connected already.
    """
    first = min(
        (at - ONE_WAY_S for stream in after for at, _ in stream.arrivals if at - ONE_WAY_S >= struck), default=None
    )
    if first is None:
        return None
    if case.kind in LOUD:
        return first - (struck + ONE_WAY_S)
    if case.connected:
        return None
    turned = [stream.asked - ONE_WAY_S for stream in after if struck <= stream.asked - ONE_WAY_S <= first]
    return first - min(turned) if turned else None
