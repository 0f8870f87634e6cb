"""Every sentence of every built-in caller, in every caller's voice, over a telephone line: is it understood?"""

import difflib

from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.caller import dialogue
from understudy.apps.simulator.transcriber.ears import Ears

WORD_ACCURACY = 0.99
"""Share of words that must be right; the demo's quality signals rest on it."""

RATE = 8000


async def heard(ears: Ears, key: int, speech: Speech, text: str, voice: str) -> str:
    """`text` spoken, sent as μ-law of 8 kHz in pieces of 100 ms, recognised."""
    sound = await speech.speak(text, voice, dialogue.WORDS_PER_MINUTE, RATE)
    line = mulaw.decode(mulaw.encode(bytes(4800) + sound + bytes(4800)))
    for at in range(0, len(line), 1600):
        ears.hear(key, line[at : at + 1600], RATE)
    return ears.end(key).text


async def test_the_callers_are_understood_on_a_telephone_line() -> None:
    """Word accuracy over all sentences and voices, and no sentence that fails in most voices."""
    ears, speech = Ears(), Speech()
    sentences = sorted({line.text for part in dialogue.load() for line in part.lines})
    wrong: list[str] = []
    words = correct = 0
    for key, (text, voice) in enumerate((text, voice) for text in sentences for voice in dialogue.VOICES):
        result = await heard(ears, key, speech, text, voice)
        matcher = difflib.SequenceMatcher(None, text.split(), result.split())
        words += max(len(text.split()), len(result.split()))
        correct += sum(block.size for block in matcher.get_matching_blocks())
        if result != text:
            wrong.append(f"{voice}: {text!r} heard as {result!r}")
    accuracy = correct / words
    print(f"word accuracy {accuracy:.4f} over {words} words; {len(wrong)} sentences wrong: {wrong}")
    assert accuracy >= WORD_ACCURACY, wrong


def test_the_same_speech_is_always_heard_the_same() -> None:
    """What was recognised before leaves no trace in the decoder."""
    ears = Ears()
    noise = bytes(range(256)) * 100
    results = []
    for key in range(2):
        ears.hear(key, noise, RATE)
        results.append(ears.end(key))
    assert results[0] == results[1]


def test_utterances_in_progress_at_the_same_time_do_not_mix() -> None:
    """Each key has a decoder of its own; ending one that was never heard gives nothing."""
    ears = Ears()
    ears.hear(1, bytes(3200), RATE)
    assert ears.end(2).text == ""
    assert ears.end(1).text == ""
