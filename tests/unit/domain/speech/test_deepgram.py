"""Deepgram's protocol as our agents speak it to us."""

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import Result, audio_format
from understudy.domain.speech.deepgram import empty_final
from understudy.domain.speech.transcribers.deepgram import DeepgramCodec

ACCOUNT = Account(name="dg", provider="deepgram", base_url="wss://api.deepgram.com")
CODEC = DeepgramCodec(Transcriber(account="dg", provider="deepgram"), ACCOUNT)


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
