"""A transcriber and a voice die in mid-sentence of one call; the words on both sides are checked by recognition."""

import json
import wave
from typing import Any

import pytest

from tests.demo import callers, shell
from tests.demo.stage import DEMO
from tests.e2e import calls, faults, relay
from tests.e2e.recognition import heard, words_of
from understudy.apps.simulator.audio import pcm

pytestmark = pytest.mark.usefixtures("relayed")

DIALOGUE = "address"
INTO_LINE_MS = 700
"""Of speech, into the caller's first line, which lasts 1.3 s."""
INTO_ANSWER = 12
"""Chunks of 100 ms, into the answer to it, which lasts 3 s."""
KEPT = "relay-killed"
"""`out/relay-killed.wav` and `.json`: to be listened to and read."""
EDGE_S = 0.1
BYTES = 2
"""Of a sample."""
LOOKS = 300
"""Each look is a kubectl of about 0.1 s."""


def report() -> dict[str, Any]:
    """The caller's, of the kept call."""
    found: dict[str, Any] = json.loads((callers.OUT / f"{KEPT}.json").read_text())
    return found


def assistant() -> tuple[bytes, int]:
    """What the caller heard of the kept call, as PCM, and its samples a second."""
    with wave.open(str(callers.OUT / f"{KEPT}.wav")) as file:
        both, rate = pcm.samples(file.readframes(file.getnframes())), file.getframerate()
    return pcm.to_pcm(both[1::2]), rate


def dialogue() -> list[dict[str, str]]:
    """The newest conversation, as the model has it: what it was told the caller said, and what it answered."""
    path = f"/api/v1/namespaces/{DEMO}/services/simulator:8080/proxy/control/{relay.MODEL}/dialogues"
    newest: list[dict[str, str]] = json.loads(shell.kubectl("get", "--raw", path))[-1]
    return [each for each in newest if each["role"] in ("user", "assistant")]


def struck(account: str) -> int:
    """Faults that have struck at this account so far."""
    return sum(faults.stats(DEMO)[account]["faults"].values())


def spoken(texts: list[str]) -> list[list[str]]:
    """The words that the caller heard of each of the assistant's answers, the greeting first."""
    sound, rate = assistant()
    turns = report()["turns"]
    begins = [0.0, *(turn["answer_from"] - EDGE_S for turn in turns)]
    ends = [turns[0]["said_at"], *(turn["answer_until"] + EDGE_S for turn in turns)]
    cut = [sound[int(a * rate) * BYTES : int(b * rate) * BYTES] for a, b in zip(begins, ends, strict=True)]
    return [heard(pcm.trim(each, rate), rate, text) for each, text in zip(cut, texts, strict=True)]


def test_no_word_is_lost_when_transcriber_and_voice_die_in_mid_sentence() -> None:
    """Neither of the caller's, who speaks while the transcriber goes deaf, nor of the assistant's."""
    transcriber, voice = relay.TRANSCRIBERS[0], relay.VOICES[0]
    before = {name: struck(name) for name in (transcriber, voice)}
    deaf = {"kind": "no-output", "atMs": INTO_LINE_MS, "speechOnly": True}
    with faults.on(DEMO, (transcriber,), deaf), calls.begin(relay.twiml(), DIALOGUE, keep=KEPT) as call:
        assert any(struck(transcriber) > before[transcriber] for _ in range(LOOKS)), "nobody went deaf"
        with faults.on(DEMO, (voice,), {"kind": "cut", "at": INTO_ANSWER}):
            calls.end(call)
    found = report()
    assert found["ended"] == "completed"
    assert struck(voice) > before[voice], "no voice was cut"
    said, told = [turn["said"] for turn in found["turns"]], dialogue()
    assert [each["content"].lower() for each in told if each["role"] == "user"] == said
    answers = [each["content"] for each in told if each["role"] == "assistant"]
    assert spoken(answers) == [words_of(text) for text in answers]
