"""Cartesia: final chunks that are joined, and a flush that says when they are all there."""

from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, query, transcriber
from understudy.domain.speech.codec import Ack, Alive, AudioFormat, Failure, Flushed, Result, Word
from understudy.domain.speech.transcribers.cartesia import CartesiaCodec

ACCOUNT = account("cartesia", "wss://api.cartesia.ai")
FLUSHED = {"type": "flush_done", "request_id": "r"}


def opened(**fields: Any) -> CartesiaCodec:
    codec = CartesiaCodec(transcriber("cartesia", **fields), ACCOUNT)
    codec.open(AudioFormat("mulaw", 8000), {}, "k")
    return codec


def chunk(text: str, *, final: bool, words: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": "transcript", "request_id": "r", "text": text, "is_final": final, "words": words}


def test_what_is_asked_for() -> None:
    """Everything in the query but the key and the version."""
    codec = CartesiaCodec(transcriber("cartesia", model="ink-whisper", language="de"), ACCOUNT)
    connect = codec.open(AudioFormat("mulaw", 8000), {"interim_results": "true"}, "k")
    assert connect.url.startswith("wss://api.cartesia.ai/stt/websocket?")
    assert query(connect) == {
        "model": ["ink-whisper"],
        "language": ["de"],
        "encoding": ["pcm_mulaw"],
        "sample_rate": ["8000"],
    }
    assert connect.headers == {"Cartesia-Version": "2026-03-01", "X-API-Key": "k"}


@pytest.mark.parametrize(
    "base", ["https://host/here", "wss://host/here/tts/websocket", "wss://host/here/stt/websocket/"]
)
def test_the_base_may_be_that_of_the_voice(base: str) -> None:
    connect = CartesiaCodec(transcriber("cartesia"), account("cartesia", base)).open(AudioFormat(), {}, None)
    assert connect.url.startswith("wss://host/here/stt/websocket?")
    assert connect.headers == {"Cartesia-Version": "2026-03-01"}
    assert query(connect)["model"] == ["ink-whisper"]


@pytest.mark.parametrize(
    ("agent", "taken"),
    [
        (AudioFormat("mulaw", 8000), AudioFormat("mulaw", 8000)),
        (AudioFormat("linear16", 48_000, 2), AudioFormat("linear16", 48_000)),
        (AudioFormat("linear32", 16_000), AudioFormat("linear16", 16_000)),
    ],
)
def test_audio_that_is_taken(agent: AudioFormat, taken: AudioFormat) -> None:
    assert CartesiaCodec(transcriber("cartesia"), ACCOUNT).takes(agent) == taken


def test_final_chunks_are_one_final_when_they_are_flushed() -> None:
    """Joined as they are, with the words of all; until then they may still be added to."""
    codec = opened()
    first = [{"word": "two", "start": 0.5, "end": 0.75}]
    second = [{"word": "tables", "start": 1.0, "end": 1.5}]
    heard = hear(codec, chunk(" two", final=True, words=first), chunk(" tab", final=False))
    assert [(one.text, one.final) for one in heard if isinstance(one, Result)] == [("two", False), ("two tab", False)]
    codec.finalize()
    _, final = hear(codec, chunk(" tables", final=True, words=second), FLUSHED)
    assert final == Result(
        "two tables", final=True, from_finalize=True, words=(Word("two", 0.5, 0.75), Word("tables", 1.0, 1.5))
    )
    assert codec.traits.ack is Ack.UTTERANCE


def test_what_was_given_is_not_given_again() -> None:
    codec = opened()
    hear(codec, chunk("one", final=True), FLUSHED)
    assert hear(codec, FLUSHED, FLUSHED) == [Flushed(), Flushed()]
    [result] = hear(codec, chunk("two", final=False))
    assert result == Result("two", final=False)


def test_the_end_of_the_stream_brings_what_was_left() -> None:
    """It answers no `Finalize`."""
    codec = opened()
    assert codec.finish() == ["close"]
    assert hear(codec, chunk("bye", final=True), {"type": "done"})[1] == Result("bye", final=True)
    assert hear(codec, {"type": "done"}) == [Alive()]


def test_silence_keeps_the_socket_open() -> None:
    """20 ms of it, in the encoding of the stream."""
    assert opened().keep_alive() == [b"\xff" * 160]
    assert opened().send(b"audio") == [b"audio"]
    assert opened().finalize() == ["finalize"]


@pytest.mark.parametrize(
    ("error", "event"),
    [
        ({"status_code": 503}, Failure("the provider reported 503", transient=True)),
        ({"code": 500}, Failure("the provider reported 500", transient=True)),
        ({"status_code": 429, "error_code": "too_many"}, Failure("the provider reported too_many", transient=True)),
        ({"status_code": 400, "error_code": "he said: hi"}, Failure("the provider reported an error")),
        ({"message": "words"}, Failure("the provider reported 400")),
    ],
)
def test_errors(error: dict[str, Any], event: Failure) -> None:
    assert hear(opened(), {"type": "error", **error}) == [event]


@pytest.mark.parametrize("message", ["[]", "nonsense", "{}", '{"type":"transcript","is_final":true}'])
def test_nonsense_is_refused(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        opened().receive(message)


def test_empty_chunks_are_a_sign_of_life() -> None:
    assert hear(opened(), chunk("", final=True), {"type": "news"}) == [Alive(), Alive()]
