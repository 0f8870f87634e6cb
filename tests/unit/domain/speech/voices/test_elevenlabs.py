"""ElevenLabs' voices: contexts, and words out of the times of their letters."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voice_codec import Audio, Done, Refused, Resume, VoiceEvent, Words
from understudy.domain.speech.voices.elevenlabs import ElevenLabsVoice

ACCOUNT = Account(name="account", provider="11labs", base_url="wss://api.elevenlabs.io")
HALF_SECOND = bytes(8000)
"""At 8 kHz."""


def made(**fields: Any) -> ElevenLabsVoice:
    codec = ElevenLabsVoice(Voice(account="account", provider="11labs", voice_id="Rachel/1", **fields), ACCOUNT)
    codec.open(SpeechFormat("pcm_s16le", 8000), "k")
    return codec


def speaking(*contexts: str) -> ElevenLabsVoice:
    codec = made()
    for context in contexts:
        codec.speak(context, "words", first=True, last=False)
    return codec


def said(codec: ElevenLabsVoice, *messages: dict[str, Any]) -> list[tuple[str, VoiceEvent]]:
    return [event for message in messages for event in codec.receive(orjson.dumps(message).decode())]


def spoken(letters: str, *, start: int = 0, audio: bytes = b"", context: str = "c", **more: Any) -> dict[str, Any]:
    """A message in which each letter takes 100 ms."""
    starts = [start + 100 * at for at in range(len(letters))]
    alignment = {"chars": [*letters], "charStartTimesMs": starts, "charDurationsMs": [100] * len(letters)}
    return {"contextId": context, "audio": base64.b64encode(audio).decode(), "alignment": alignment, **more}


def words(events: list[tuple[str, VoiceEvent]]) -> list[tuple[str, float, float]]:
    return [(event.words[0], event.starts[0], event.ends[0]) for _, event in events if isinstance(event, Words)]


def test_what_is_asked_for() -> None:
    """Whole clauses are spoken at once, in a format that is there, and the voice's name is a part of the path."""
    voice = Voice(account="account", provider="11labs", voice_id="Rachel/1", language="de-DE")
    connect = ElevenLabsVoice(voice, ACCOUNT).open(SpeechFormat("pcm_s16le", 24_000), "k")
    assert connect.url.startswith("wss://api.elevenlabs.io/v1/text-to-speech/Rachel%2F1/multi-stream-input?")
    assert parse_qs(urlsplit(connect.url).query) == {
        "model_id": ["eleven_flash_v2_5"],
        "output_format": ["pcm_24000"],
        "auto_mode": ["true"],
        "sync_alignment": ["true"],
        "inactivity_timeout": ["180"],
        "language_code": ["de"],
    }
    assert connect.headers == {"xi-api-key": "k"}


def test_a_language_only_for_models_that_take_one() -> None:
    voice = Voice(account="a", provider="11labs", voice_id="v", model="eleven_multilingual_v2", language="de")
    assert "language_code" not in ElevenLabsVoice(voice, ACCOUNT).open(SpeechFormat(), None).url


@pytest.mark.parametrize(
    ("wanted", "rate"),
    [(SpeechFormat("pcm_mulaw", 8000), 8000), (SpeechFormat("pcm_f32le", 12_000), 16_000), (SpeechFormat(), 24_000)],
)
def test_audio_that_is_made(wanted: SpeechFormat, rate: int) -> None:
    assert made().makes(wanted) == SpeechFormat("pcm_s16le", rate)


def test_a_context_from_its_beginning_to_its_end() -> None:
    """It is begun with a space and the voice's settings, each piece ends with a space, and its end flushes the rest."""
    codec = made(settings={"stability": 0.5, "useSpeakerBoost": True})
    assert [orjson.loads(frame) for frame in codec.speak("c", "Good evening,", first=True, last=False)] == [
        {"context_id": "c", "text": " ", "voice_settings": {"stability": 0.5, "use_speaker_boost": True}},
        {"context_id": "c", "text": "Good evening, "},
    ]
    assert [orjson.loads(frame) for frame in codec.speak("c", "sir. ", first=False, last=True)] == [
        {"context_id": "c", "text": "sir. "},
        {"context_id": "c", "flush": True},
        {"context_id": "c", "close_context": True},
    ]
    assert codec.traits.resume is Resume.WORD


def test_nothing_more_is_said_at_an_end_without_text() -> None:
    assert len(speaking("c").speak("c", "", first=False, last=True)) == 2


def test_letters_become_words_and_times_run_on_over_messages() -> None:
    """Each message counts from its own first audio; a word may begin in one and end in the next."""
    codec = speaking("c")
    events = said(
        codec,
        spoken("Hi the", audio=HALF_SECOND),
        spoken("re ", audio=HALF_SECOND),
        spoken("you", start=50, audio=HALF_SECOND),
        {"contextId": "c", "isFinal": True},
    )
    assert words(events) == [("Hi", 0.0, 0.2), ("there", 0.3, 0.7), ("you", 1.05, 1.35)]
    assert [event for _, event in events if isinstance(event, Audio)] == [Audio(HALF_SECOND)] * 3
    assert events[-1] == ("c", Done())


def test_an_alignment_for_audio_that_follows_counts_from_where_it_came() -> None:
    """Later messages bring audio only."""
    events = said(speaking("c"), spoken("a b ", audio=HALF_SECOND), spoken("", audio=HALF_SECOND), spoken("c "))
    assert words(events) == [("a", 0.0, 0.1), ("b", 0.2, 0.3), ("c", 1.0, 1.1)]


def test_what_was_made_of_the_text_is_the_second_choice() -> None:
    """Where the alignment with the text as written is missing."""
    message = spoken("two ")
    message["normalizedAlignment"] = message.pop("alignment")
    assert words(said(speaking("c"), message)) == [("two", 0.0, 0.3)]


def test_contexts_do_not_mix() -> None:
    codec = speaking("c", "d")
    events = said(codec, spoken("one", audio=HALF_SECOND), spoken("two ", context="d"), spoken(" "))
    assert [(context, event) for context, event in events if isinstance(event, Words)] == [
        ("d", Words(("two",), (0.0,), (0.3,))),
        ("c", Words(("one",), (0.0,), (0.3,))),
    ]


def test_what_still_comes_of_a_cancelled_context_is_dropped() -> None:
    codec = speaking("c")
    assert [orjson.loads(frame) for frame in codec.cancel("c")] == [{"context_id": "c", "close_context": True}]
    assert said(codec, spoken("late ", audio=HALF_SECOND), {"contextId": "c", "isFinal": True}) == []


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"error": "voice_not_found", "message": "words"}, ("", Refused(None, "reported voice_not_found"))),
        ({"error": "He said: words", "contextId": "c"}, ("c", Refused(None, "reported an error"))),
    ],
)
def test_errors(message: dict[str, Any], event: tuple[str, VoiceEvent]) -> None:
    assert said(speaking("c"), message) == [event]


def test_an_empty_text_keeps_the_socket_open() -> None:
    assert made().keep_alive() == ['{"text":""}']


@pytest.mark.parametrize("message", ["[]", "nonsense", '{"contextId":"c","alignment":{"chars":["a"]}}'])
def test_nonsense_is_refused(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        speaking("c").receive(message)
