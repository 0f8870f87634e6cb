"""Deepgram's protocol as a provider, and what of a query is whose."""

from urllib.parse import parse_qs, urlsplit

import pytest

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import AudioFormat, Failure, Notice, Result, Word
from understudy.domain.speech.transcribers.deepgram import DeepgramCodec

ACCOUNT = Account(name="dg", provider="deepgram", base_url="wss://api.deepgram.com")
CODEC = DeepgramCodec(Transcriber(account="dg", provider="deepgram"), ACCOUNT)


def test_settings_of_the_revision_come_first() -> None:
    """The agent decides its audio and turn-taking unless the revision does; everything else is the revision's."""
    settings = {"smartFormat": True, "keyterm": ["Zum Anker", "Tisch"], "endpointing": 300}
    transcriber = Transcriber(account="dg", provider="deepgram", model="nova-3", language="de", settings=settings)
    query = {"endpointing": "10", "interim_results": "true", "model": "x", "redact": "pci", "language": "fr"}
    connect = DeepgramCodec(transcriber, ACCOUNT).open(AudioFormat("mulaw", 8000, 1), query, "k")
    sent = parse_qs(urlsplit(connect.url).query)
    assert sent == {
        "endpointing": ["300"],
        "interim_results": ["true"],
        "smart_format": ["true"],
        "keyterm": ["Zum Anker", "Tisch"],
        "model": ["nova-3"],
        "language": ["de"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
        "channels": ["1"],
    }
    assert connect.headers == {"Authorization": "Token k"}


def test_no_key_no_header() -> None:
    assert CODEC.open(AudioFormat(), {}, None).headers == {}


def test_results() -> None:
    text = (
        '{"type":"Results","start":1.5,"duration":0.5,"is_final":true,"channel":{"alternatives":[{"transcript":"hi"}]}}'
    )
    [event] = CODEC.receive(text)
    assert isinstance(event, Result)
    assert (event.text, event.final, event.from_finalize, event.end) == ("hi", True, False, 2.0)


def test_results_without_alternatives_or_times() -> None:
    [event] = CODEC.receive('{"type":"Results","is_final":true,"channel":{"alternatives":[]}}')
    assert isinstance(event, Result)
    assert (event.text, event.end) == ("", None)


def test_other_messages_pass() -> None:
    assert CODEC.receive('{"type":"UtteranceEnd"}') == [Notice({"type": "UtteranceEnd"})]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"type":"Error","variant":"NET-0001"}', "the provider reported NET-0001"),
        ('{"type":"Error","variant":"the caller said: hello"}', "the provider reported an error"),
    ],
)
def test_errors_quote_codes_only(message: str, reason: str) -> None:
    assert CODEC.receive(message) == [Failure(reason)]


@pytest.mark.parametrize("message", ["[]", "nonsense", b"\xff"])
def test_nonsense_is_refused(message: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        CODEC.receive(message)


def test_the_times_of_words_are_kept() -> None:
    """The start of the result, each word's times, how sure the provider is, and that it heard the turn end."""
    text = (
        '{"type":"Results","start":1.5,"duration":0.5,"is_final":true,"speech_final":true,"channel":{"alternatives":'
        '[{"transcript":"hi","confidence":0.9,"words":[{"word":"hi","start":1.6,"end":1.8,"confidence":0.9}]}]}}'
    )
    [event] = CODEC.receive(text)
    assert isinstance(event, Result)
    assert event.words == (Word("hi", 1.6, 1.8, 0.9),)
    assert (event.start, event.confidence, event.ends_turn) == (1.5, 0.9, True)
