"""OpenAI's transcription sessions: commits whose transcripts may come in any order."""

import base64
from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, query, sent, transcriber
from understudy.domain.speech.codec import Alive, AudioFormat, Event, Failure, Flushed, Result
from understudy.domain.speech.transcribers.openai import OpenAiCodec

ACCOUNT = account("openai", "https://api.openai.com/v1")
ABOUT = "conversation.item.input_audio_transcription."


def made(**fields: Any) -> OpenAiCodec:
    return OpenAiCodec(transcriber("openai", **fields), ACCOUNT)


def noted(item: str) -> dict[str, Any]:
    return {"type": "input_audio_buffer.committed", "item_id": item}


def delta(item: str, text: str) -> dict[str, Any]:
    return {"type": f"{ABOUT}delta", "item_id": item, "delta": text}


def completed(item: str, text: str) -> dict[str, Any]:
    return {"type": f"{ABOUT}completed", "item_id": item, "transcript": text}


def final(text: str) -> Event:
    return Result(text, final=True, from_finalize=True)


@pytest.mark.parametrize("base", ["https://host/openai/v1", "wss://host/openai/v1/"])
def test_no_model_in_the_url(base: str) -> None:
    """It would make a conversation of the session."""
    connect = OpenAiCodec(transcriber("openai", model="whisper-1"), account("openai", base)).open(
        AudioFormat("linear16", 24_000), {"model": "x"}, "k"
    )
    assert connect.url.startswith("wss://host/openai/v1/realtime?")
    assert query(connect) == {"intent": ["transcription"]}
    assert connect.headers == {"Authorization": "Bearer k"}


@pytest.mark.parametrize(
    ("fields", "transcription"),
    [
        ({}, {"model": "gpt-live-transcribe"}),
        ({"model": "gpt-4o-transcribe", "language": "de-DE"}, {"model": "gpt-4o-transcribe", "language": "de"}),
        ({"model": "gpt-transcribe", "language": "en"}, {"model": "gpt-transcribe", "languages": ["en"]}),
    ],
)
def test_the_session_is_set_up_first(fields: dict[str, Any], transcription: dict[str, Any]) -> None:
    """The model and the language, the format, and no voice detection."""
    [update] = sent(made(**fields).greet())
    assert update["type"] == "session.update"
    assert update["session"] == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": transcription,
                "turn_detection": None,
            }
        },
    }


def test_audio_goes_as_text_of_24_khz() -> None:
    codec = made()
    assert codec.takes(AudioFormat("mulaw", 8000, 2)) == AudioFormat("linear16", 24_000)
    assert sent(codec.send(b"\x01\x02")) == [
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\x01\x02").decode()}
    ]


def test_deltas_add_up_to_what_is_said_until_the_commit_is_completed() -> None:
    codec = made()
    assert hear(codec, delta("i1", "a"), delta("i1", " table")) == [
        Result("a", final=False),
        Result("a table", final=False),
    ]
    codec.finalize()
    assert hear(codec, noted("i1"), completed("i1", "A table.")) == [Alive(), final("A table.")]
    assert hear(codec, delta("i2", "for")) == [Result("for", final=False)]


def test_transcripts_are_given_in_the_order_of_the_commits() -> None:
    """The second comes first, and waits; meanwhile both are heard."""
    codec = made()
    codec.finalize()
    codec.finalize()
    hear(codec, noted("i1"), noted("i2"), delta("i1", "one"))
    assert hear(codec, delta("i2", "two")) == [Result("one two", final=False)]
    assert hear(codec, completed("i2", "two")) == [Alive()]
    assert hear(codec, completed("i1", "one")) == [final("one"), final("two")]


def test_a_commit_of_silence_is_answered() -> None:
    codec = made()
    codec.finalize()
    assert hear(codec, noted("i1"), completed("i1", " ")) == [Alive(), Flushed()]


def test_a_commit_of_too_little_is_answered_in_its_turn() -> None:
    """OpenAI makes no item of it, and says so in an error; after another error on a commit its audio is not covered."""
    codec = made()
    codec.finalize()
    assert sent(codec.finalize()) == [{"type": "input_audio_buffer.commit"}]
    hear(codec, noted("i1"))
    error = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty"}
    assert hear(codec, {"type": "error", "error": error}) == [Alive()]
    assert hear(codec, completed("i1", "one")) == [final("one"), Flushed()]
    codec.finalize()
    assert hear(codec, {"type": "error", "error": error | {"code": "other"}}) == [
        Failure("the provider reported other")
    ]


@pytest.mark.parametrize(("model", "tells"), [("gpt-4o-transcribe", 0), ("gpt-live-transcribe", 1), (None, 1)])
def test_some_models_say_nothing_before_a_commit(model: str | None, tells: int) -> None:
    assert made(model=model).traits.interims == bool(tells)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {"type": "error", "error": {"type": "server_error"}},
            Failure("the provider reported server_error", transient=True),
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "code": "session_expired"}},
            Failure("the provider reported session_expired", transient=True),
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_model", "message": "m"}},
            Failure("the provider reported invalid_model"),
        ),
        (
            {"type": f"{ABOUT}failed", "item_id": "i1", "error": {"code": "audio_unintelligible"}},
            Failure("the provider reported audio_unintelligible", transient=True),
        ),
    ],
)
def test_errors(message: dict[str, Any], event: Failure) -> None:
    assert hear(made(), message) == [event]


def test_items_of_others_and_news_are_signs_of_life() -> None:
    assert hear(made(), completed("i9", "x"), {"type": "session.created"}) == [Alive(), Alive()]


@pytest.mark.parametrize("message", ["[]", "nonsense", "{}", '{"type":"error"}'])
def test_nonsense_is_refused(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        made().receive(message)
