"""`prosody` of Gladia: notes of sounds stay in transcripts only where they are asked for."""

from typing import Any

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import AudioFormat, Result, Word
from understudy.domain.speech.transcribers.gladia import GladiaCodec
from understudy.domain.speech.transcribers.gladia_prosody import without_notes, words_without_notes


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ("I see (laugh) a table", "I see a table"),
        ("(malefic laugh) yes", "yes"),
        ("yes [music]", "yes"),
        ("(laugh)", ""),
        ("call (555) 0100", "call (555) 0100"),
        ("a table (for two", "a table (for two"),
        ("a table for two", "a table for two"),
    ],
)
def test_notes_are_left_out_and_nothing_else(said: str, spoken: str) -> None:
    """Of the text and of the words alike."""
    words = [Word(text, index, index + 1) for index, text in enumerate(said.split())]
    assert without_notes(said) == spoken
    assert " ".join(word.text for word in words_without_notes(words)) == spoken


def _heard(**settings: Any) -> Result:
    """What comes of a final that notes a laugh."""
    codec = GladiaCodec(
        Transcriber(account="g", provider="gladia", settings=settings),
        Account(name="g", provider="gladia", base_url="https://api.gladia.io"),
    )
    codec.answered(orjson.dumps({"id": "1", "url": "wss://api.gladia.io/v2/live?token=t"}))
    codec.open(AudioFormat("linear16", 8000), {}, None)
    codec.send(bytes(32_000))
    words = [
        {"word": word, "start": 0.2 * at, "end": 0.2 * at + 0.1, "confidence": 0.9}
        for at, word in enumerate(["yes", "(laugh)", "please"])
    ]
    utterance = {"text": "yes (laugh) please", "words": words, "start": 0.0, "end": 0.6, "confidence": 0.9}
    message = {"type": "transcript", "data": {"id": "a", "is_final": True, "utterance": utterance}}
    (found,) = codec.receive(orjson.dumps(message).decode())
    assert isinstance(found, Result)
    return found


@pytest.mark.parametrize("settings", [{}, {"prosody": False}])
def test_without_prosody_only_words_are_heard(settings: dict[str, Any]) -> None:
    found = _heard(**settings)
    assert (found.text, [word.text for word in found.words]) == ("yes please", ["yes", "please"])


def test_with_prosody_sounds_are_noted() -> None:
    found = _heard(prosody=True)
    assert (found.text, len(found.words)) == ("yes (laugh) please", 3)
