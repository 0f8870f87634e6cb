"""Flux: turns that the provider ends, and a `Finalize` that ends one."""

from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, query, sent, transcriber
from understudy.domain.speech.codec import Alive, AudioFormat, Failure, Flushed, Notice, Reply, Result, Word
from understudy.domain.speech.transcribers.deepgram import DeepgramCodec
from understudy.domain.speech.transcribers.flux import FluxCodec
from understudy.domain.speech.transcribers.registry import CODECS

ACCOUNT = account("deepgram", "wss://api.deepgram.com")
AUDIO = AudioFormat("mulaw", 8000)
SECOND = b"\xff" * 8000
FORCED = {"type": "ForceEndTurn"}


def opened(**fields: Any) -> FluxCodec:
    codec = FluxCodec(transcriber("deepgram", **{"model": "flux-general-en", **fields}), ACCOUNT)
    codec.open(AUDIO, {}, "k")
    return codec


def info(event: str, text: str, end: float, **more: Any) -> dict[str, Any]:
    """A `TurnInfo` of a turn that began at 0.5 s."""
    words = [{"word": word, "confidence": 0.8} for word in text.split()]
    window = {"audio_window_start": 0.5, "audio_window_end": end}
    return {"type": "TurnInfo", "event": event, "transcript": text, "words": words, **window, **more}


def results(codec: FluxCodec, *documents: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    """Text, final, from_finalize of each result; anything else by its name."""
    events = hear(codec, *documents)
    return [
        (event.text, event.final, event.from_finalize)
        if isinstance(event, Result)
        else (type(event).__name__, False, False)
        for event in events
    ]


@pytest.mark.parametrize(
    ("model", "codec"), [("flux-general-en", FluxCodec), ("nova-3", DeepgramCodec), (None, DeepgramCodec)]
)
def test_the_model_decides_the_protocol(model: str | None, codec: type) -> None:
    assert type(CODECS["deepgram"](transcriber("deepgram", model=model), ACCOUNT)) is codec


@pytest.mark.parametrize(
    "base", ["wss://api.deepgram.com", "https://api.deepgram.com/v1/", "wss://api.deepgram.com/v2"]
)
def test_it_is_asked_for_at_the_second_version(base: str) -> None:
    codec = FluxCodec(transcriber("deepgram", model="flux-general-en"), account("deepgram", base))
    connect = codec.open(AUDIO, {}, "k")
    assert connect.url.startswith("wss://api.deepgram.com/v2/listen?")
    assert connect.headers == {"Authorization": "Token k"}


def test_settings_are_seen_on_the_wire() -> None:
    """Those of the revision come before the agent's; smartFormat is called numerals here."""
    settings = {"eotThreshold": 0.8, "eotTimeoutMs": 3000, "keyterm": ["Zum Anker", "Tisch"], "smartFormat": True}
    codec = FluxCodec(transcriber("deepgram", model="flux-general-en", settings=settings, language="en"), ACCOUNT)
    agent = {"eot_threshold": "0.5", "eager_eot_threshold": "0.4", "interim_results": "true"}
    assert query(codec.open(AUDIO, agent, None)) == {
        "eot_threshold": ["0.8"],
        "eager_eot_threshold": ["0.4"],
        "eot_timeout_ms": ["3000"],
        "keyterm": ["Zum Anker", "Tisch"],
        "numerals": ["true"],
        "model": ["flux-general-en"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
    }


@pytest.mark.parametrize(
    ("model", "language", "hint"),
    [
        ("flux-general-multi", "de-DE", ["de"]),
        ("flux-general-multi", "multi", None),
        ("flux-general-multi", None, None),
        ("flux-general-en", "en", None),
    ],
)
def test_a_language_is_a_hint_to_the_multilingual_model_only(model: str, language: str | None, hint: Any) -> None:
    codec = FluxCodec(transcriber("deepgram", model=model, language=language), ACCOUNT)
    assert query(codec.open(AUDIO, {}, None)).get("language_hint") == hint


def test_a_turn_is_interim_until_it_ends() -> None:
    """Each message replaces what Flux said of the turn before; it ended by itself, so the caller has finished."""
    codec = opened()
    first, second, last = hear(
        codec,
        info("StartOfTurn", "a", 1.0),
        info("Update", "a table", 1.25),
        info("EndOfTurn", "a table", 1.5, trigger="model"),
    )
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert isinstance(last, Result)
    assert [first.final, second.final, last.final] == [False, False, True]
    assert (last.text, last.start, last.end, last.confidence, last.ends_turn) == ("a table", 0.5, 1.5, 0.8, True)
    assert not last.from_finalize


def test_words_have_times_where_flux_gives_them() -> None:
    words = [{"word": "a", "confidence": 1, "start": 0.6, "end": 0.7}]
    [event] = hear(opened(), info("Update", "a", 1.0) | {"words": words})
    assert isinstance(event, Result)
    assert event.words == (Word("a", 0.6, 0.7, 1),)


def test_a_finalize_ends_the_turn() -> None:
    """The turn's end answers it, and does not count as the caller's."""
    codec = opened()
    codec.send(SECOND)
    assert sent(codec.finalize()) == [FORCED]
    [event] = hear(codec, info("EndOfTurn", "a table", 1.0, trigger="manual"))
    assert isinstance(event, Result)
    assert (event.text, event.from_finalize, event.ends_turn) == ("a table", True, False)


def test_a_finalize_outside_a_turn_is_answered_by_silence_up_to_it() -> None:
    """Flux ignores it then, and reports no text from there on."""
    codec = opened()
    codec.send(SECOND * 2)
    codec.finalize()
    codec.finalize()
    assert hear(codec, info("Update", "", 1.75)) == [Alive()]
    assert hear(codec, info("Update", "", 2.0)) == [Flushed(), Flushed()]
    assert hear(codec, info("Update", "", 2.25)) == [Alive()]


def test_a_turn_that_flux_had_just_ended_answers_a_finalize() -> None:
    codec = opened()
    codec.send(SECOND)
    codec.finalize()
    assert results(codec, info("EndOfTurn", "a table", 0.8, trigger="model")) == [("a table", True, True)]


def test_a_turn_that_began_while_the_finalize_was_under_way_is_ended_at_once() -> None:
    """Flux had not heard the words when it was told to end the turn, so it is told again, once."""
    codec = opened()
    codec.send(SECOND)
    codec.finalize()
    assert results(codec, info("EndOfTurn", "one", 0.5, trigger="manual")) == [("one", True, False)]
    _, again = hear(codec, info("StartOfTurn", "two", 1.0))
    assert again == Reply((codec.finalize()[0],))
    assert results(codec, info("Update", "two", 1.25)) == [("two", False, False)]
    assert results(codec, info("EndOfTurn", "two", 1.25, trigger="manual"))[0] == ("two", True, True)


def test_a_turn_after_an_answered_finalize_is_not_ended() -> None:
    codec = opened()
    codec.send(SECOND)
    codec.finalize()
    hear(codec, info("EndOfTurn", "a", 1.0, trigger="manual"))
    assert results(codec, info("StartOfTurn", "b", 1.5)) == [("b", False, False)]


def test_what_an_agent_configures_goes_on_and_its_answer_comes_back() -> None:
    codec = opened()
    configure = {"type": "Configure", "thresholds": {"eot_threshold": 0.6}}
    assert sent(codec.control(configure)) == [configure]
    assert codec.control({"type": "KeepAlive"}) == []
    assert hear(codec, {"type": "ConfigureSuccess"}) == [Notice({"type": "ConfigureSuccess"})]


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("INTERNAL_SERVER_ERROR", Failure("the provider reported INTERNAL_SERVER_ERROR", transient=True)),
        ("UNPARSABLE_CLIENT_MESSAGE", Failure("the provider reported UNPARSABLE_CLIENT_MESSAGE")),
        ("the caller said: hello", Failure("the provider reported an error")),
    ],
)
def test_errors(code: str, event: Failure) -> None:
    assert hear(opened(), {"type": "Error", "code": code, "description": "words"}) == [event]


def test_flux_is_there_when_it_says_so_and_closes_when_told() -> None:
    codec = opened()
    assert hear(codec, {"type": "Connected"}) == [Alive()]
    assert sent(codec.finish()) == [{"type": "CloseStream"}]
    assert codec.takes(AudioFormat("alaw", 8000, 2)) == AudioFormat("alaw", 8000, 1)


@pytest.mark.parametrize("message", ["[]", "nonsense", '{"type":"TurnInfo","event":"Update"}'])
def test_nonsense_is_refused(message: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        opened().receive(message)
