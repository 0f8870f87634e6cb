"""Gemini's transcription: activities of ours, and which of its messages answers which."""

import base64
from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, sent, transcriber
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Event,
    Failure,
    Flushed,
    Leaving,
    Ready,
    Reply,
    Result,
)
from understudy.domain.speech.transcribers.google import DEFAULT_MODEL, MAX_AUDIO, GoogleCodec, model
from understudy.domain.speech.transcribers.google_languages import hints

BEGUN = {"realtimeInput": {"activityStart": {}}}
ENDED = {"realtimeInput": {"activityEnd": {}}}
COMPLETE = {"serverContent": {"generationComplete": True}}
ECHO = {"serverContent": {}, "voiceActivity": {"type": "ACTIVITY_END", "audioOffset": "1.5s"}}


def made(**fields: Any) -> GoogleCodec:
    return GoogleCodec(transcriber("google", **fields), account("google", "wss://generativelanguage.googleapis.com"))


def audio(data: bytes) -> dict[str, Any]:
    return {"realtimeInput": {"audio": {"data": base64.b64encode(data).decode(), "mimeType": "audio/pcm;rate=16000"}}}


def guess(text: str) -> dict[str, Any]:
    return {"serverContent": {"interimInputTranscription": {"text": text}}}


def whole(text: str, **also: Any) -> dict[str, Any]:
    return {"serverContent": {"inputTranscription": {"text": text}, **also}}


def final(text: str, *, asked: bool = True) -> Event:
    return Result(text, final=True, from_finalize=asked)


def awaiting() -> GoogleCodec:
    """A codec that was given audio and asked for a final."""
    codec = made()
    codec.send(b"\1\2")
    codec.finalize()
    return codec


def test_a_transcript_covers_what_a_finalize_cut_off() -> None:
    assert GoogleCodec.traits.ack is Ack.UTTERANCE
    assert GoogleCodec.traits.waits_for_ready
    assert GoogleCodec.traits.lasts_s == 600.0


def test_the_key_goes_into_a_header_and_not_into_the_url() -> None:
    connect = made().open(AudioFormat(), {"key": "no"}, "k")
    path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    assert connect.url == f"wss://generativelanguage.googleapis.com{path}"
    assert connect.headers == {"x-goog-api-key": "k"}


def test_the_setup_turns_off_geminis_own_detection_of_activity() -> None:
    [message] = sent(made(language="English").greet())
    assert message["setup"] == {
        "model": f"models/{DEFAULT_MODEL}",
        "generationConfig": {"responseModalities": ["TEXT"]},
        "inputAudioTranscription": {"languageCodes": ["en-US"]},
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
    }
    assert hear(made(), {"setupComplete": {}}) == [Ready()]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (None, DEFAULT_MODEL),
        ("gemini-3.5-transcribe-live", "gemini-3.5-transcribe-live"),
        ("models/gemini-9-transcribe-live-preview", "gemini-9-transcribe-live-preview"),
        ("gemini-2.5-flash", DEFAULT_MODEL),
        ("gemini-3.5-transcribe", DEFAULT_MODEL),
        ("gemini-live-2.5-flash-preview", DEFAULT_MODEL),
    ],
)
def test_models_that_do_not_transcribe_live_give_way_to_the_one_that_does(name: str | None, asked: str) -> None:
    assert model(name) == asked


@pytest.mark.parametrize(
    ("language", "codes"),
    [
        (None, []),
        ("multi", []),
        ("Multilingual", []),
        ("Spanish", ["es-ES"]),
        ("Chinese", ["cmn-Hans-CN"]),
        ("en", ["en-US"]),
        ("en-GB", ["en-GB"]),
        ("ca", ["ca"]),
    ],
)
def test_languages_are_asked_for_with_their_region(language: str | None, codes: list[str]) -> None:
    assert hints(language) == codes


def test_the_first_audio_begins_an_activity_and_a_finalize_ends_it() -> None:
    codec = made()
    assert sent(codec.send(b"\1\2")) == [BEGUN, audio(b"\1\2")]
    assert sent(codec.send(b"\3\4")) == [audio(b"\3\4")]
    assert sent(codec.finalize()) == [ENDED]
    assert sent(made().finalize()) == [BEGUN, ENDED]


def test_audio_goes_in_pieces() -> None:
    pieces = sent(made().send(bytes(MAX_AUDIO + 2)))[1:]
    assert pieces == [audio(bytes(MAX_AUDIO)), audio(bytes(2))]


def test_guesses_replace_each_other_until_the_transcript_answers() -> None:
    codec = made()
    codec.send(b"\1\2")
    assert hear(codec, guess("what"), guess("what are")) == [
        Result("what", final=False),
        Result("what are", final=False),
    ]
    codec.finalize()
    assert hear(codec, whole("What are you?")) == [final("What are you?")]


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        ([whole("Yes."), COMPLETE, ECHO], final("Yes.")),
        ([ECHO, COMPLETE], Flushed()),
        ([guess("yes"), ECHO, whole("Yes."), COMPLETE], final("Yes.")),
        ([whole("Yes.", generationComplete=True), ECHO], final("Yes.")),
        ([guess("hm"), ECHO, COMPLETE], Flushed()),
        ([ECHO], Flushed()),
    ],
    ids=["echo last", "echo and nothing", "echo first", "all in one", "guessed in vain", "silence"],
)
def test_each_finalize_is_answered_once(messages: list[dict[str, Any]], answer: Event) -> None:
    """Whatever the order; what comes late belongs to what is answered, and answers nothing that follows."""
    codec = awaiting()
    answers = [event for event in hear(codec, *messages) if isinstance(event, Flushed) or is_final(event)]
    assert answers == [answer]
    codec.send(b"\1\2")
    codec.finalize()
    assert not [event for event in hear(codec, guess("next")) if isinstance(event, Flushed) or is_final(event)]
    assert final("Next.") in hear(codec, whole("Next."))


def is_final(event: Event) -> bool:
    return isinstance(event, Result) and event.final


def test_late_messages_do_not_answer_the_next_finalize() -> None:
    """The next activity is cut at once; what is still said of the last is no answer to it."""
    codec = awaiting()
    codec.send(b"\3\4")
    codec.finalize()
    [answer, reply] = hear(codec, whole("One."))
    assert answer == final("One.")
    assert isinstance(reply, Reply)
    assert sent(list(reply.frames)) == [BEGUN, audio(b"\3\4"), ENDED]
    assert hear(codec, COMPLETE, ECHO) == [Alive(), Alive()]
    assert hear(codec, ECHO) == [Flushed()]


def test_what_comes_while_an_answer_is_awaited_waits() -> None:
    codec = awaiting()
    assert codec.send(b"\3\4") == []
    [answer, reply] = hear(codec, whole("One."))
    assert answer == final("One.")
    assert isinstance(reply, Reply)
    assert sent(list(reply.frames)) == [BEGUN, audio(b"\3\4")]


def test_what_gemini_settles_early_is_part_of_the_next_answer() -> None:
    """A final answers a cut, so one that comes between them is a guess until then."""
    codec = made()
    codec.send(b"\1\2")
    assert hear(codec, whole("One."), COMPLETE) == [Result("One.", final=False), Alive()]
    assert hear(codec, guess("two")) == [Result("One. two", final=False)]
    codec.finalize()
    assert hear(codec, whole("Two.")) == [final("One. Two.")]


def test_what_was_settled_early_is_the_answer_where_nothing_follows() -> None:
    codec = made()
    codec.send(b"\1\2")
    hear(codec, whole("One."), COMPLETE)
    codec.finalize()
    assert hear(codec, ECHO) == [final("One.")]


def test_finishing_waits_and_answers_nothing() -> None:
    codec = made()
    assert codec.finish() == []
    codec.send(b"\1\2")
    assert sent(codec.finish()) == [ENDED]
    assert hear(codec, whole("Bye.")) == [final("Bye.", asked=False)]
    codec = awaiting()
    codec.send(b"\3\4")
    assert codec.finish() == []
    [_, reply] = hear(codec, ECHO)
    assert isinstance(reply, Reply)
    assert sent(list(reply.frames)) == [BEGUN, audio(b"\3\4"), ENDED]


@pytest.mark.parametrize(("left", "seconds"), [("50s", 50.0), ("9.5s", 9.5), (None, 0.0), ("soon", 0.0)])
def test_the_end_of_the_connection_is_announced(left: str | None, seconds: float) -> None:
    assert hear(made(), {"goAway": {"timeLeft": left} if left else {}}) == [Leaving(seconds)]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"code": 503, "status": "UNAVAILABLE"}, Failure("the provider reported UNAVAILABLE", transient=True)),
        ({"code": 403, "status": "PERMISSION_DENIED"}, Failure("the provider reported PERMISSION_DENIED")),
    ],
)
def test_errors_are_failures(error: dict[str, Any], failure: Failure) -> None:
    assert hear(made(), {"error": error}) == [failure]


def test_messages_are_json_in_text_or_binary() -> None:
    """Gemini sends them as binary."""
    assert made().receive(b'{"setupComplete":{}}') == [Ready()]
    assert made().receive('{"usageMetadata":{}}') == [Alive()]
    for message in ("[]", "{", b"\xff", '{"goAway":[]}'):
        with pytest.raises(ValueError):  # noqa: PT011 - JSON's own words, or ours
            made().receive(message)
