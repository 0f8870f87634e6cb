"""What strict providers take and refuse in the URL, and in what they are told later."""

from typing import Any

import pytest

from understudy.apps.simulator.transcriber import elevenlabs_query, flux_query
from understudy.apps.simulator.transcriber.flux_query import Turns, configured, turns
from understudy.apps.simulator.transcriber.openai_session import Session, Wrong, updated

FLUX = {"model": "flux-general-en", "encoding": "mulaw", "sample_rate": "8000"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, None),
        ({"eot_threshold": "1.0", "eot_timeout_ms": "500", "eager_eot_threshold": "0.3"}, None),
        ({"model": "nova-3"}, "model must be one of Flux's"),
        ({"encoding": "opus"}, "raw audio needs encoding and sample_rate"),
        ({"sample_rate": "8k"}, "raw audio needs encoding and sample_rate"),
        ({"eot_threshold": "0.4"}, "eot_threshold must be between 0.5 and 1.0"),
        ({"eot_threshold": "sure"}, "eot_threshold must be between 0.5 and 1.0"),
        ({"language_hint": "de"}, "language_hint is for flux-general-multi"),
        ({"language_hint": "de", "model": "flux-general-multi"}, None),
        ({"smart_format": "true"}, "unexpected query parameter smart_format"),
    ],
)
def test_flux(change: dict[str, str], complaint: str | None) -> None:
    assert flux_query.complaint(FLUX | change) == complaint


@pytest.mark.parametrize(
    ("query", "silence_ms"),
    [
        ({}, 300),
        ({"eot_threshold": "0.5"}, pytest.approx(214.3, abs=0.1)),
        ({"eot_threshold": "0.9"}, pytest.approx(385.7, abs=0.1)),
        ({"eot_threshold": "1", "eot_timeout_ms": "700"}, 700),
    ],
)
def test_a_surer_flux_waits_longer_but_never_beyond_its_timeout(query: dict[str, str], silence_ms: Any) -> None:
    assert turns(query).silence_ms(300) == silence_ms


def test_flux_is_configured_in_mid_stream() -> None:
    """What is not named stays; a wrong number changes nothing."""
    changed = configured(Turns(eager=0.4), {"thresholds": {"eot_threshold": 0.9, "eot_timeout_ms": None}})
    assert changed == Turns(threshold=0.9, eager=0.4)
    assert changed.thresholds() == {"eot_threshold": 0.9, "eot_timeout_ms": 5000, "eager_eot_threshold": 0.4}
    assert configured(Turns(), {"thresholds": {"eot_threshold": 2}}) == "eot_threshold must be between 0.5 and 1.0"
    assert configured(Turns(), {"thresholds": {"eot": 1}}) == "unknown threshold eot"


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"model_id": "scribe_v2_realtime"}, None),
        ({"model_id": "scribe_v1"}, "model_id is no model for streams"),
        ({"model_id": "scribe_v2_realtime", "audio_format": "ulaw_16000"}, "audio_format"),
        ({"model_id": "scribe_v2_realtime", "commit_strategy": "never"}, "commit_strategy"),
        ({"model_id": "scribe_v2_realtime", "language_code": "en-US"}, "language_code"),
        ({"model_id": "scribe_v2_realtime", "include_timestamps": "yes"}, "include_timestamps"),
        ({"model_id": "scribe_v2_realtime", "vad_threshold": "1"}, "vad_threshold must be between 0.1 and 0.9"),
        ({"model_id": "scribe_v2_realtime", "vad_threshold": "?"}, "vad_threshold must be between 0.1 and 0.9"),
        ({"model": "scribe_v2_realtime"}, "unknown parameter model"),
    ],
)
def test_scribe(asked: dict[str, str], complaint: str | None) -> None:
    assert elevenlabs_query.complaint(asked) == complaint


def update(**heard: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": heard}}


MODEL = {"model": "gpt-4o-transcribe"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (None, "invalid_value"),
        ({"type": "realtime"}, "invalid_value"),
        (update(transcription={"model": "gpt-realtime"}), "invalid_model"),
        (update(transcription=MODEL | {"languages": ["en"]}), "unknown_parameter"),
        (update(transcription=MODEL | {"temperature": 0}), "unknown_parameter"),
        (update(transcription=MODEL | {"language": "english"}), "invalid_value"),
        (update(format={"type": "audio/pcm", "rate": 16_000}), "invalid_value"),
        (update(format={"type": "audio/opus"}), "invalid_value"),
        (update(turn_detection={"type": "semantic_vad"}), "invalid_value"),
        (
            update(transcription={"model": "gpt-live-transcribe"}, turn_detection={"type": "server_vad"}),
            "invalid_value",
        ),
        (update(vad=True), "unknown_parameter"),
    ],
)
def test_openai_refuses(asked: Any, code: str) -> None:
    with pytest.raises(Wrong) as caught:
        updated(Session(), asked, None)
    assert caught.value.code == code


def test_openai_takes_no_model_in_the_url() -> None:
    with pytest.raises(Wrong, match="conversation"):
        updated(Session(), update(transcription=MODEL), "gpt-realtime")


def test_what_an_update_leaves_out_stays() -> None:
    """And models that stream leave voice detection to the client."""
    first = updated(Session(), update(transcription=MODEL, turn_detection=None), None)
    assert (first.model, first.silence_ms, first.streams) == ("gpt-4o-transcribe", None, False)
    assert updated(first, update(format={"type": "audio/pcmu"}), None).sound.rate == 8000
    vad = updated(first, update(turn_detection={"type": "server_vad", "silence_duration_ms": 300}), None)
    assert vad.endpointing_ms == 300
    assert updated(vad, update(transcription={"model": "gpt-live-transcribe"}), None).silence_ms is None
