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

DIALOGUE = "quick-booking"
"""Its first line takes the caller three seconds."""
BYTES = 2
"""Of a sample."""
LOOKS = 300
"""Each look is a kubectl of about 0.1 s."""


def report(name: str) -> dict[str, Any]:
    """The caller's report of a kept call."""
    found: dict[str, Any] = json.loads((callers.OUT / f"{name}.json").read_text())
    return found


def assistant(name: str) -> tuple[bytes, int]:
    """What the caller heard of a kept call, as PCM, and its samples a second."""
    with wave.open(str(callers.OUT / f"{name}.wav")) as file:
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


def spoken(name: str, texts: list[str]) -> list[list[str]]:
    """The words that the caller heard of each of the assistant's answers."""
    sound, rate = assistant(name)
    turns = report(name)["turns"]
    begins = [0.0, *(turn["said_until"] for turn in turns)]
    ends = [*(turn["said_until"] for turn in turns), len(sound) / BYTES / rate]
    cut = [sound[int(a * rate) * BYTES : int(b * rate) * BYTES] for a, b in zip(begins, ends, strict=True)]
    return [heard(each, rate, text) for each, text in zip(cut, texts, strict=False)]


def test_no_word_is_lost_when_transcriber_and_voice_die_in_mid_sentence() -> None:
    """Neither of the caller's, who speaks while the transcriber goes deaf, nor of the assistant's."""
    with calls.begin(relay.twiml(), DIALOGUE, keep="relay-well") as call:
        calls.end(call)
    line = report("relay-well")["turns"][0]
    middle_ms = round(500 * (line["said_at"] + line["said_until"]))
    transcriber, voice = relay.TRANSCRIBERS[0], relay.VOICES[0]
    before = {name: struck(name) for name in (transcriber, voice)}
    try:
        faults.put(DEMO, transcriber, {"kind": "no-output", "atMs": middle_ms})
        with calls.begin(relay.twiml(), DIALOGUE, keep="relay-killed") as call:
            assert any(struck(transcriber) > before[transcriber] for _ in range(LOOKS)), "nobody went deaf"
            faults.put(DEMO, voice, {"kind": "cut", "at": 8})  # 0.8 s into whatever it says next
            calls.end(call)
    finally:
        faults.heal(DEMO, transcriber)
        faults.heal(DEMO, voice)
    killed = report("relay-killed")
    assert killed["ended"] == "completed"
    assert struck(voice) > before[voice], "no voice was cut"
    said = [turn["said"] for turn in killed["turns"]]
    told = dialogue()
    assert [each["content"].lower() for each in told if each["role"] == "user"][: len(said)] == said
    answers = [each["content"] for each in told if each["role"] == "assistant"]
    assert spoken("relay-killed", answers) == [words_of(text) for text in answers]
