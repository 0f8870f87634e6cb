"""Gladia: a session first, finals without being asked, and silence that asks for one."""

from typing import Any

import orjson
import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, sent, transcriber
from understudy.domain.speech.codec import Ack, Alive, AudioFormat, Connect, Event, Failure, Flushed, Result, Word
from understudy.domain.speech.transcribers.gladia import GladiaCodec

ACCOUNT = account("gladia", "https://api.gladia.io")
URL = "wss://api.gladia.io/v2/live?token=636c70f6"
AUDIO = AudioFormat("linear16", 16_000)
SECOND = 32_000
"""Bytes."""


def opened(**fields: Any) -> GladiaCodec:
    codec = GladiaCodec(transcriber("gladia", **fields), ACCOUNT)
    codec.before(AUDIO, {}, "k")
    codec.answered(orjson.dumps({"id": "636c70f6", "url": URL}))
    codec.open(AUDIO, {}, "k")
    return codec


def message(kind: str, **data: Any) -> dict[str, Any]:
    return {"session_id": "636c70f6", "created_at": "2026-01-01T12:00:00Z", "type": kind, "data": data}


def transcript(text: str, start: float, end: float, *, final: bool = True) -> dict[str, Any]:
    """As the documentation has it: words begin with a space."""
    words = [{"word": f" {word}", "start": start, "end": end, "confidence": 0.9} for word in text.split()]
    utterance = {"text": f" {text}", "start": start, "end": end, "confidence": 0.9, "language": "en", "channel": 0}
    return message("transcript", id="00_00000001", is_final=final, utterance=utterance | {"words": words})


def taken(until: float) -> dict[str, Any]:
    return message("audio_chunk", byte_range=[0, 1], time_range=[0.0, until]) | {"acknowledged": True, "error": None}


def test_a_session_is_asked_for_with_the_key_and_opened_without() -> None:
    """The URL of the answer has its own token."""
    codec = GladiaCodec(transcriber("gladia", language="en", settings={"region": "us-west"}), ACCOUNT)
    post = codec.before(AudioFormat("mulaw", 8000), {}, "k")
    assert post.url == "https://api.gladia.io/v2/live?region=us-west"
    assert post.headers == {"Content-Type": "application/json", "X-Gladia-Key": "k"}
    body = orjson.loads(post.body)
    assert (body["encoding"], body["bit_depth"], body["sample_rate"], body["channels"]) == ("wav/ulaw", 8, 8000, 1)
    assert body["language_config"] == {"languages": ["en"], "code_switching": False}
    assert body["messages_config"]["receive_speech_events"]
    assert body["messages_config"]["receive_acknowledgments"]
    codec.answered(orjson.dumps({"id": "1", "url": URL}))
    assert codec.open(AudioFormat("mulaw", 8000), {}, "k") == Connect(URL, {})
    assert codec.before(AUDIO, {}, None).headers == {"Content-Type": "application/json"}


@pytest.mark.parametrize("base", ["wss://host/here", "https://host/here/", "https://host/here/v2/live"])
def test_the_base_may_be_the_whole_url(base: str) -> None:
    codec = GladiaCodec(transcriber("gladia"), account("gladia", base))
    assert codec.before(AUDIO, {}, None).url == "https://host/here/v2/live"


@pytest.mark.parametrize("body", ["{}", "[]", "no json", '{"url":1}', '{"url":"https://x"}', '{"url":"ws://plain"}'])
def test_an_answer_without_a_url_that_is_safe_is_none(body: str) -> None:
    """The caller's audio goes there: where the session was asked for over TLS, it goes over TLS."""
    with pytest.raises(ValueError, match=r".*"):
        GladiaCodec(transcriber("gladia"), ACCOUNT).answered(body.encode())
    GladiaCodec(transcriber("gladia"), account("gladia", "http://local")).answered(b'{"url":"ws://plain"}')


def test_a_hint_becomes_a_vocabulary_beside_the_vocabulary() -> None:
    """Cut at commas and into entries of five words, each once."""
    settings = {
        "customVocabularyEnabled": True,
        "customVocabularyConfig": {"vocabulary": ["Stark", "the Wall"]},
        "transcriptionHint": "the Wall; one two three four five six\nseven",
    }
    post = GladiaCodec(transcriber("gladia", settings=settings), ACCOUNT).before(AUDIO, {}, None)
    assert orjson.loads(post.body)["realtime_processing"]["custom_vocabulary_config"] == {
        "vocabulary": ["Stark", "the Wall", "one two three four five", "six", "seven"]
    }


def test_a_vocabulary_that_is_off_is_not_sent() -> None:
    """`customVocabularyEnabled` decides."""
    settings = {"customVocabularyEnabled": False, "customVocabularyConfig": {"vocabulary": ["Stark"]}}
    post = GladiaCodec(transcriber("gladia", settings=settings), ACCOUNT).before(AUDIO, {}, None)
    assert "realtime_processing" not in orjson.loads(post.body)


@pytest.mark.parametrize(
    ("agent", "format_taken"),
    [
        (AudioFormat("alaw", 8000), AudioFormat("alaw", 8000)),
        (AudioFormat("linear16", 24_000, 2), AudioFormat("linear16", 16_000)),
        (AudioFormat("linear32", 48_000), AudioFormat("linear16", 48_000)),
    ],
)
def test_audio_that_is_taken(agent: AudioFormat, format_taken: AudioFormat) -> None:
    assert GladiaCodec(transcriber("gladia"), ACCOUNT).takes(agent) == format_taken


def test_traits() -> None:
    """Finals have times; a session lasts three hours."""
    traits = GladiaCodec.traits
    assert (traits.ack, traits.replay_rate, traits.lasts_s, traits.idle_s) == (Ack.WORD, 1.25, 10_800, 20)


@pytest.mark.parametrize(("settings", "seconds"), [({}, 0.35), ({"endpointing": 2.0}, 2.3)])
def test_a_finalize_is_silence_beyond_endpointing(settings: dict[str, Any], seconds: float) -> None:
    assert opened(settings=settings).finalize() == [bytes(round(seconds * SECOND))]
    assert opened(settings=settings).traits.finalize_sends_s == seconds


def _told(final: Event) -> tuple[str, bool, float | None]:
    assert isinstance(final, Result)
    return final.text, final.from_finalize, final.end


def test_a_final_answers_and_times_leave_the_silence_out() -> None:
    """Said from 0.2 to 0.9 s; then a request; then from 1.2 to 1.8 s, which the provider counts 0.35 s later."""
    codec = opened()
    codec.send(bytes(SECOND))
    codec.finalize()
    events = hear(
        codec,
        message("speech_start", time=0.2, channel=0),
        transcript("do", 0.2, 0.5, final=False),
        taken(1.0),
        message("speech_end", time=0.95, channel=0),
        transcript("do you", 0.2, 0.9),
        taken(1.35),
    )
    assert events[1] == Result(
        "do", final=False, start=0.2, end=0.5, words=(Word("do", 0.2, 0.5, 0.9),), confidence=0.9
    )
    assert _told(events[4]) == ("do you", True, 0.9)
    assert [type(event) for event in events] == [Alive, Result, Alive, Alive, Result, Alive]
    codec.send(bytes(SECOND))
    codec.finalize()
    later = hear(
        codec,
        message("speech_start", time=1.55, channel=0),
        message("speech_end", time=2.2, channel=0),
        transcript("have", 1.55, 2.15),
    )
    assert _told(later[2]) == ("have", True, 1.8)


def test_a_request_with_nothing_said_is_flushed_when_its_silence_is_taken() -> None:
    """Not before."""
    codec = opened()
    codec.send(bytes(SECOND))
    codec.finalize()
    assert hear(codec, taken(1.0), taken(1.35), taken(1.5)) == [Alive(), Flushed(), Alive()]


def test_a_final_before_the_end_of_its_speech_leaves_the_answer_to_that() -> None:
    """Text first, as a final of its own; then the request is answered without a text."""
    codec = opened()
    codec.send(bytes(SECOND))
    codec.finalize()
    start, end = message("speech_start", time=0.2, channel=0), message("speech_end", time=1.2, channel=0)
    events = hear(codec, start, transcript("do you", 0.2, 0.9), taken(1.35), end)
    assert _told(events[1]) == ("do you", False, 0.9)
    assert events[2:] == [Alive(), Flushed()]


@pytest.mark.parametrize(
    ("said", "event"),
    [
        (
            message("error", code="internal_error", message="x"),
            Failure("the provider reported internal_error", transient=True),
        ),
        (
            message("error", code="rate_limit_exceeded", message="x"),
            Failure("the provider reported rate_limit_exceeded"),
        ),
        (
            {"type": "audio_chunk", "acknowledged": False, "error": {"message": "x"}, "data": None},
            Failure("the provider refused audio"),
        ),
        ({"type": "stop_recording", "acknowledged": True, "data": {}}, Alive()),
        (message("start_recording"), Alive()),
        (message("of_tomorrow"), Alive()),
        (transcript("", 0.0, 0.1, final=False), Alive()),
    ],
)
def test_other_messages(said: dict[str, Any], event: Event) -> None:
    """An error's code, never its text."""
    assert hear(opened(), said) == [event]


@pytest.mark.parametrize("said", ["[]", "{}", "no json", '{"type":"transcript"}', '{"type":"audio_chunk"}'])
def test_what_is_none_of_the_protocol(said: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        opened().receive(said)


def test_keep_alive_and_finish() -> None:
    """A chunk of nothing keeps the session; the recording is stopped."""
    codec = opened()
    assert sent(codec.keep_alive()) == [{"type": "audio_chunk", "data": {"chunk": ""}}]
    assert sent(codec.finish()) == [{"type": "stop_recording"}]
    assert codec.send(b"\1\2") == [b"\1\2"]
    assert codec.greet() == []
