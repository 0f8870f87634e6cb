"""Speechmatics: finals by segments, a forced end of the utterance, silence that is not the caller's."""

from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, sent, transcriber
from understudy.domain.speech.codec import Ack, Alive, AudioFormat, Failure, Flushed, Ready, Result, Word
from understudy.domain.speech.transcribers.speechmatics import SpeechmaticsCodec

ACCOUNT = account("speechmatics", "wss://eu.rt.speechmatics.com")
STARTED = {"message": "RecognitionStarted", "orchestrator_version": "2025.11.07", "id": "807670e9"}
END = {"message": "EndOfUtterance", "metadata": {"start_time": 2.8, "end_time": 2.8}}


def opened(**fields: Any) -> SpeechmaticsCodec:
    codec = SpeechmaticsCodec(transcriber("speechmatics", **fields), ACCOUNT)
    codec.open(AudioFormat("linear16", 16_000), {}, "k")
    return codec


def said(kind: str, text: str, *results: dict[str, Any], start: float = 1.5, end: float = 2.8) -> dict[str, Any]:
    """As the specification has it."""
    span = {"start_time": start, "end_time": end, "transcript": text}
    return {"message": kind, "format": "2.9", "metadata": span, "results": list(results)}


def result(content: str, start: float, end: float, kind: str = "word") -> dict[str, Any]:
    best = {"content": content, "confidence": 0.5, "language": "en"}
    return {"type": kind, "start_time": start, "end_time": end, "alternatives": [best]}


HELLO = (result("Hello", 1.5, 1.8), result("world", 1.9, 2.4), result(".", 2.4, 2.4, "punctuation"))
WORDS = (Word("Hello", 1.5, 1.8, 0.5), Word("world.", 1.9, 2.4, 0.5))
FORCED = said("AddTranscript", "Hello world. ", *HELLO) | {"forced": True}


def test_what_is_asked_for() -> None:
    """The socket by its host and key; the rest in the first message, before which no audio may be sent."""
    codec = SpeechmaticsCodec(transcriber("speechmatics"), ACCOUNT)
    connect = codec.open(AudioFormat("mulaw", 8000), {}, "k")
    assert (connect.url, connect.headers) == ("wss://eu.rt.speechmatics.com/v2", {"Authorization": "Bearer k"})
    assert sent(codec.greet()) == [
        {
            "message": "StartRecognition",
            "audio_format": {"type": "raw", "encoding": "mulaw", "sample_rate": 8000},
            "transcription_config": {"language": "en", "operating_point": "enhanced", "enable_partials": True},
        }
    ]
    assert codec.open(AudioFormat(), {}, None).headers == {}


@pytest.mark.parametrize(
    ("region", "base", "default", "url"),
    [
        (None, "wss://eu.rt.speechmatics.com", True, "wss://eu.rt.speechmatics.com/v2"),
        ("eu", "wss://eu.rt.speechmatics.com", True, "wss://eu.rt.speechmatics.com/v2"),
        ("us", "wss://eu.rt.speechmatics.com", True, "wss://us.rt.speechmatics.com/v2"),
        ("us", "wss://here/v2/", False, "wss://here/v2"),
        (None, "https://here/speech", False, "wss://here/speech/v2"),
    ],
)
def test_the_region_is_a_host(region: str | None, base: str, *, default: bool, url: str) -> None:
    """Unless the account has a host of its own."""
    settings = {"region": region} if region else {}
    at = account("speechmatics", base).model_copy(update={"default_host": default})
    codec = SpeechmaticsCodec(transcriber("speechmatics", settings=settings), at)
    assert codec.open(AudioFormat(), {}, None).url == url


@pytest.mark.parametrize(
    ("agent", "taken"),
    [
        (AudioFormat("mulaw", 8000), AudioFormat("mulaw", 8000)),
        (AudioFormat("linear16", 44_100, 2), AudioFormat("linear16", 44_100)),
        (AudioFormat("alaw", 8_000), AudioFormat("linear16", 8_000)),
    ],
)
def test_audio_that_is_taken(agent: AudioFormat, taken: AudioFormat) -> None:
    assert SpeechmaticsCodec(transcriber("speechmatics"), ACCOUNT).takes(agent) == taken


def test_traits() -> None:
    """Finals have times; nothing before `RecognitionStarted`; three minutes without a sign of us are too long."""
    traits = SpeechmaticsCodec.traits
    assert (traits.ack, traits.waits_for_ready, traits.idle_s, traits.replay_rate) == (Ack.WORD, True, 180, 1.25)


def test_segments_become_results() -> None:
    """A partial covers what is not final; a mark belongs to the word before it; an empty final covers its time."""
    partial = said("AddPartialTranscript", "Hello", *HELLO[:1], end=1.9)
    events = hear(
        opened(),
        STARTED,
        {"message": "Info", "type": "recognition_quality", "reason": "telephony"},
        {"message": "AudioAdded", "seq_no": 1},
        partial,
        said("AddTranscript", "Hello world. ", *HELLO),
        said("AddTranscript", "", start=2.8, end=4.0),
        said("AddPartialTranscript", "", start=4.0, end=4.1),
    )
    assert events == [
        Ready(),
        Alive(),
        Alive(),
        Result("Hello", final=False, start=1.5, end=1.9, words=WORDS[:1]),
        Result("Hello world.", final=True, start=1.5, end=2.8, words=WORDS, confidence=0.5),
        Result("", final=True, start=2.8, end=4.0),
        Alive(),
    ]


def test_an_entity_is_a_word() -> None:
    """With the time of the whole of it."""
    (heard,) = hear(opened(), said("AddTranscript", "35 ", result("35", 1.5, 2.0, "entity")))
    assert isinstance(heard, Result)
    assert heard.words == (Word("35", 1.5, 2.0, 0.5),)


def test_a_forced_final_answers_and_its_end_says_no_more() -> None:
    """Then the next request is answered by its own."""
    codec = opened()
    codec.send(bytes(32_000))
    assert sent(codec.finalize()) == [{"message": "ForceEndOfUtterance", "timestamp": 1.0}]
    answer, end = hear(codec, FORCED, END | {"forced": True})
    assert isinstance(answer, Result)
    assert (answer.text, answer.from_finalize, end) == ("Hello world.", True, Alive())
    codec.finalize()
    nothing = said("AddTranscript", "") | {"forced": True}
    assert hear(codec, nothing, END | {"forced": True}) == [Flushed(), Alive()]


def test_a_server_that_does_not_mark_what_was_forced_answers_by_the_end() -> None:
    """Older ones: the final is a final, and the end of the utterance the answer."""
    codec = opened()
    codec.finalize()
    final, end = hear(codec, said("AddTranscript", "Hello world. ", *HELLO), END)
    assert isinstance(final, Result)
    assert (final.text, final.from_finalize, end) == ("Hello world.", False, Flushed())
    assert hear(codec, END) == [Alive()]


def test_silence_that_keeps_the_session_is_not_the_callers() -> None:
    """Neither in times nor in what was sent before a request; it counts as a message of audio."""
    codec = opened()
    (silence,) = codec.keep_alive()
    assert silence == bytes(640)
    codec.send(bytes(16_000))
    assert sent(codec.finalize()) == [{"message": "ForceEndOfUtterance", "timestamp": 0.52}]
    (heard,) = hear(codec, said("AddTranscript", "a", result("a", 0.1, 0.2), start=0.0, end=0.52))
    assert isinstance(heard, Result)
    assert (heard.start, heard.end, heard.words) == (0.0, 0.5, (Word("a", 0.08, 0.18, 0.5),))
    assert sent(codec.finish()) == [{"message": "EndOfStream", "last_seq_no": 2}]
    assert codec.control({"type": "Configure"}) == []


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {"message": "Error", "type": "not_authorised", "reason": "x"},
            Failure("the provider reported not_authorised"),
        ),
        (
            {"message": "Error", "type": "session_timeout", "reason": "x"},
            Failure("the provider reported session_timeout", transient=True),
        ),
        (
            {"message": "Warning", "type": "duration_limit_exceeded", "reason": "x"},
            Failure("the provider reported duration_limit_exceeded", transient=True),
        ),
        ({"message": "Warning", "type": "speaker_id", "reason": "x"}, Alive()),
        ({"message": "EndOfTranscript"}, Alive()),
        ({"message": "OfTomorrow"}, Alive()),
    ],
)
def test_other_messages(message: dict[str, Any], event: object) -> None:
    """An error's type, never its text; the warning after which nothing is heard is a failure too."""
    assert hear(opened(), message) == [event]


@pytest.mark.parametrize("message", ["[]", "{}", "no json", '{"message":"AddTranscript"}', '{"message":"Error"}'])
def test_what_is_none_of_the_protocol(message: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        opened().receive(message)
