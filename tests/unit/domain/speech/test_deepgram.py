"""Deepgram's protocol, and what of a query is whose."""

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import AudioFormat, Failure, Notice, Result, audio_format
from understudy.domain.speech.deepgram import DeepgramCodec, empty_final

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


def test_our_own_answer_reads_like_the_providers() -> None:
    [event] = CODEC.receive(orjson.dumps(empty_final(2.0)))
    assert isinstance(event, Result)
    assert (event.text, event.final, event.from_finalize) == ("", True, True)


@pytest.mark.parametrize(
    "query",
    [{"encoding": "opus"}, {"sample_rate": "0"}, {"sample_rate": "8k"}, {"sample_rate": "96000"}, {"channels": "9"}],
)
def test_audio_that_cannot_be_indexed_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"supported|must be"):
        audio_format(query)


def test_bytes_per_second() -> None:
    query = {"encoding": "linear16", "sample_rate": "8000", "channels": "2"}
    assert audio_format(query).bytes_per_second == 32_000
