"""Real speech: sentences by espeak-ng, recognised by pocketsphinx, with a transcriber that dies in mid-sentence.

Every call takes place three times: with the failure, and with either provider alone. What is compared is the word error
rate of all calls together.
"""

import asyncio
import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.report import rounded
from tests.bench.speech import listen, world
from tests.bench.speech.cases import NONE, SEED, Case, pairs
from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.caller import dialogue

CALLS = 24
TOGETHER = 5
"""pocketsphinx takes a fifth of a core for each call."""

KINDS = ("drop", "close", "error", "malformed", "deaf_later", "stuck")
"""Failures within a sentence."""

PAUSE_S = 0.8
LEAD_S = 0.3


@dataclass(frozen=True)
class Said:
    """A call's sentences, and how they sound."""

    text: str
    speech: listen.Speech


async def run(providers: Sequence[str]) -> dict[str, Any]:
    """The word error rates in percent, of all calls together."""
    draw = random.Random(f"{SEED}:real")
    chosen = list(itertools.islice(itertools.cycle(draw.sample(pairs(providers), len(pairs(providers)))), CALLS))
    failing = [Case(at, "transcriber", KINDS[at % len(KINDS)], *pair) for at, pair in enumerate(chosen)]
    alone = [
        [
            Case((which + 1) * CALLS + at, "transcriber", NONE, pair[which], pair[which])
            for at, pair in enumerate(chosen)
        ]
        for which in (0, 1)
    ]
    said = [await _said(draw) for _ in range(CALLS)]
    arms = [failing, *alone]
    cases = [case for arm in arms for case in arm]
    texts = await _calls(cases, said)
    rates = [_rate([(said[at].text, texts[case.number]) for at, case in enumerate(arm)]) for arm in arms]
    for at, case in enumerate(failing):
        if texts[case.number] != said[at].text:
            print(f"  {case.kind} {case.primary} → {case.fallback}: {said[at].text!r} heard as {texts[case.number]!r}")
    return {
        "calls": CALLS,
        "words": sum(len(each.text.split()) for each in said),
        "wer_percent": {"with_failover": rates[0], "primaries_alone": rates[1], "fallbacks_alone": rates[2]},
    }


async def _calls(cases: Sequence[Case], said: Sequence[Said]) -> dict[int, str]:
    """What was transcribed, by case."""
    texts: dict[int, str] = {}
    waiting = iter(cases)
    async with world.running(cases, recogniser="Sphinx") as there:

        async def one_after_another() -> None:
            for case in waiting:
                _, heard = await listen.run(case, there, said[case.number % CALLS].speech)
                words = [word for message in heard.finals() for word in listen.text_of(message)]
                texts[case.number] = " ".join(words).lower()
                there.forget(case.name)

        await asyncio.gather(*(one_after_another() for _ in range(TOGETHER)))
    return texts


async def _said(draw: random.Random) -> Said:
    """Sentences of one dialogue by one voice, on the telephone."""
    lines = draw.choice(dialogue.load()).lines
    texts = [line.text for line in draw.sample(lines, min(len(lines), listen.UTTERANCES))]
    texts += texts[: listen.UTTERANCES - len(texts)]
    voice, speech = draw.choice(dialogue.VOICES), Speech()
    sound, finalizes = bytearray(int(LEAD_S * listen.RATE) * 2), set()
    for text in texts:
        sound += await speech.speak(text, voice, dialogue.WORDS_PER_MINUTE, listen.RATE)
        finalizes.add(int((len(sound) / 2 / listen.RATE + listen.FINALIZE_S) / listen.FRAME_S))
        sound += bytes(int(PAUSE_S * listen.RATE) * 2)
    frames = listen.frames_of(mulaw.decode(mulaw.encode(bytes(sound))))
    return Said(" ".join(texts), listen.Speech(frames, frozenset(finalizes), ()))


def _rate(pairs_: Sequence[tuple[str, str]]) -> float | None:
    """Word errors in percent of the words."""
    errors = sum(edits(wanted.split(), heard.split()) for wanted, heard in pairs_)
    return rounded(100 * errors / sum(len(wanted.split()) for wanted, _ in pairs_), 2)


def edits(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Words to be put in, left out or replaced to make one of the other."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(wanted, 1):
        before, row = row, [at]
        for place, other in enumerate(heard, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (word != other)))
    return row[-1]


def main() -> None:
    """Only this part."""
    from tests.bench.speech.cases import transcriber_providers  # noqa: PLC0415 - as a script

    print(json.dumps(asyncio.run(run(transcriber_providers()))))


if __name__ == "__main__":
    main()
