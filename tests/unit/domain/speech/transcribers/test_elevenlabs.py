"""ElevenLabs' Scribe: commits of ours, each answered in two forms of which one counts."""

import base64
from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, query, sent, transcriber
from understudy.domain.speech.codec import Alive, AudioFormat, Failure, Flushed, Ready, Result
from understudy.domain.speech.transcribers.elevenlabs import ElevenLabsCodec

ACCOUNT = account("11labs", "wss://api.elevenlabs.io")
AUDIO = AudioFormat("mulaw", 8000)


def opened(**fields: Any) -> ElevenLabsCodec:
    codec = ElevenLabsCodec(transcriber("11labs", **fields), ACCOUNT)
    codec.open(AUDIO, {}, "k")
    return codec


def committed(text: str, *, timed: bool = False) -> dict[str, Any]:
    return {"message_type": "committed_transcript" + "_with_timestamps" * timed, "text": text}


def partial(text: str) -> dict[str, Any]:
    return {"message_type": "partial_transcript", "text": text}


def test_what_is_asked_for() -> None:
    codec = ElevenLabsCodec(transcriber("11labs", model="scribe_v2_realtime", language="de-DE"), ACCOUNT)
    connect = codec.open(AUDIO, {"interim_results": "true"}, "k")
    assert connect.url.startswith("wss://api.elevenlabs.io/v1/speech-to-text/realtime?")
    assert query(connect) == {
        "model_id": ["scribe_v2_realtime"],
        "audio_format": ["ulaw_8000"],
        "commit_strategy": ["manual"],
        "language_code": ["de"],
    }
    assert connect.headers == {"xi-api-key": "k"}


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        (None, "scribe_v2_realtime"),
        ("scribe_v1", "scribe_v2_realtime"),
        ("scribe_v2_realtime", "scribe_v2_realtime"),
        ("scribe_v9_realtime", "scribe_v9_realtime"),
    ],
)
def test_models_for_recordings_have_a_successor_for_streams(model: str | None, asked: str) -> None:
    codec = ElevenLabsCodec(transcriber("11labs", model=model), ACCOUNT)
    assert query(codec.open(AUDIO, {}, None))["model_id"] == [asked]


@pytest.mark.parametrize(
    ("agent", "taken", "name"),
    [
        (AUDIO, AUDIO, "ulaw_8000"),
        (AudioFormat("mulaw", 16_000), AudioFormat("linear16", 16_000), "pcm_16000"),
        (AudioFormat("linear16", 48_000, 2), AudioFormat("linear16", 48_000), "pcm_48000"),
        (AudioFormat("linear16", 12_000), AudioFormat("linear16", 16_000), "pcm_16000"),
        (AudioFormat("alaw", 8000), AudioFormat("linear16", 8000), "pcm_8000"),
    ],
)
def test_audio_that_is_taken(agent: AudioFormat, taken: AudioFormat, name: str) -> None:
    codec = ElevenLabsCodec(transcriber("11labs"), ACCOUNT)
    assert codec.takes(agent) == taken
    assert query(codec.open(taken, {}, None))["audio_format"] == [name]


def test_audio_commits_and_signs_of_life_are_chunks() -> None:
    codec = opened()
    chunk = {"message_type": "input_audio_chunk", "audio_base_64": "", "commit": False, "sample_rate": 8000}
    assert sent(codec.send(b"\xff\x00")) == [chunk | {"audio_base_64": base64.b64encode(b"\xff\x00").decode()}]
    assert sent(codec.finalize()) == [chunk | {"commit": True}]
    assert sent(codec.keep_alive()) == [chunk]


def test_a_commit_is_answered_once_though_it_comes_twice() -> None:
    codec = opened()
    codec.finalize()
    events = hear(codec, partial(" a ta"), committed(" a table"), committed(" a table", timed=True))
    assert events == [Result("a ta", final=False), Result("a table", final=True, from_finalize=True), Alive()]


def test_commits_are_answered_in_their_order() -> None:
    codec = opened()
    codec.finalize()
    codec.finalize()
    events = hear(codec, committed("one"), committed(""))
    assert events == [Result("one", final=True, from_finalize=True), Flushed()]


def test_what_scribe_commits_by_itself_answers_nothing() -> None:
    """It is final all the same; and it does not answer a commit that comes after it."""
    codec = opened()
    assert hear(codec, committed("long")) == [Result("long", final=True)]
    codec.finalize()
    assert hear(codec, committed("and longer")) == [Result("and longer", final=True, from_finalize=True)]


@pytest.mark.parametrize("kind", ["commit_throttled", "insufficient_audio_activity"])
def test_a_commit_of_nothing_is_answered(kind: str) -> None:
    """Without one under way the message means nothing."""
    codec = opened()
    assert hear(codec, {"message_type": kind, "error": "words"}) == [Alive()]
    codec.finalize()
    assert hear(codec, {"message_type": kind, "error": "words"}) == [Flushed()]


@pytest.mark.parametrize(
    ("kind", "transient"),
    [("rate_limited", True), ("session_time_limit_exceeded", True), ("auth_error", False), ("input_error", False)],
)
def test_errors(*, kind: str, transient: bool) -> None:
    events = hear(opened(), {"message_type": kind, "error": "what the caller said"})
    assert events == [Failure(f"the provider reported {kind}", transient=transient)]


def test_audio_waits_for_the_session() -> None:
    assert opened().traits.waits_for_ready
    assert hear(opened(), {"message_type": "session_started", "session_id": "s"}) == [Ready()]
    assert hear(opened(), {"message_type": "warning"}) == [Alive()]


@pytest.mark.parametrize("message", ["[]", "nonsense", "{}", '{"message_type":"committed_transcript"}'])
def test_nonsense_is_refused(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        opened().receive(message)
