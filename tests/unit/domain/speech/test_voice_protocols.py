"""Cartesia's and OpenAI's messages."""

import base64
from typing import Any

import orjson
import pytest

from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech import cartesia, openai_speech
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voice_codec import Audio, Done, Other, Refused, Words
from understudy.domain.speech.voices.cartesia import CartesiaVoice

ACCOUNT = Account(name="a", provider="cartesia", base_url="wss://api.cartesia.ai")
VOICE = Voice(account="a", provider="cartesia", voice_id="v", model="m", language="de", settings={"speed": "slow"})


def spoken(voice: Voice, *, first: bool = True, last: bool = False) -> dict[str, Any]:
    codec = CartesiaVoice(voice, ACCOUNT)
    codec.open(codec.makes(SpeechFormat("pcm_mulaw", 8000)), "k")
    (frame,) = codec.speak("c", "hi ", first=first, last=last)
    body: dict[str, Any] = orjson.loads(frame)
    return body


def test_voice_model_and_language_are_the_revisions() -> None:
    body = spoken(VOICE)
    assert (body["voice"], body["model_id"]) == ({"mode": "id", "id": "v"}, "m")
    assert (body["language"], body["speed"], body["transcript"]) == ("de", "slow", "hi ")


def test_language_left_open_is_the_providers() -> None:
    assert "language" not in spoken(VOICE.model_copy(update={"language": None}))


def test_pieces_are_spoken_as_they_come_with_word_times() -> None:
    """Linear audio of the wanted rate, no waiting for more text, and an end that is told."""
    body = spoken(VOICE)
    assert body["output_format"] == {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8000}
    assert (body["max_buffer_delay_ms"], body["add_timestamps"], body["continue"]) == (0, True, True)
    assert spoken(VOICE, first=False, last=True)["continue"] is False


def test_key_goes_into_a_header() -> None:
    connect = cartesia.connect(ACCOUNT, "k")
    assert connect.headers["X-API-Key"] == "k"
    assert "k" not in connect.url.rpartition("/")[2].split("?")[1:]


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "chunk", "data": base64.b64encode(b"ab").decode()}, Audio(b"ab")),
        (
            {"type": "timestamps", "word_timestamps": {"words": ["hi"], "start": [0.1], "end": [0.2]}},
            Words(("hi",), (0.1,), (0.2,)),
        ),
        ({"type": "done"}, Done()),
        ({"type": "error", "status_code": 402}, Refused(402)),
        ({"type": "flush_done"}, Other({"context_id": "c", "type": "flush_done"})),
    ],
)
def test_events(message: dict[str, Any], event: cartesia.VoiceEvent) -> None:
    assert cartesia.receive(orjson.dumps({"context_id": "c", **message}).decode()) == ("c", event)


def test_what_we_write_is_what_we_read() -> None:
    """The agent's side and the provider's side are one protocol."""
    words = Words(("hi",), (0.0,), (0.5,))
    assert cartesia.receive(cartesia.chunk("c", b"ab")) == ("c", Audio(b"ab"))
    assert cartesia.receive(cartesia.timestamps("c", words)) == ("c", words)
    assert cartesia.receive(cartesia.done("c")) == ("c", Done())
    assert cartesia.receive(cartesia.error("c", "no", 400)) == ("c", Refused(400))


def test_times_move_together() -> None:
    assert Words(("a",), (0.1,), (0.2,)).later(1.0) == Words(("a",), (1.1,), (1.2,))


def test_spread_covers_the_audio() -> None:
    """Words follow each other, longer ones last longer, and the last ends with the audio."""
    words = openai_speech.spread("a longer one", 2.0, 1.4)
    assert words.words == ("a", "longer", "one")
    assert words.starts == (2.0, *words.ends[:-1])
    assert words.ends[-1] == pytest.approx(3.4)
    assert words.ends[1] - words.starts[1] > words.ends[0] - words.starts[0]


def test_spread_of_nothing() -> None:
    assert openai_speech.spread(" ", 0.0, 1.0) == Words((), (), ())


def test_openai_request() -> None:
    voice = Voice(account="a", provider="openai", voice_id="shimmer", settings={"speed": 1.1})
    body = openai_speech.request("hi", voice)
    assert body == {
        "model": openai_speech.DEFAULT_MODEL,
        "voice": "shimmer",
        "input": "hi",
        "response_format": "pcm",
        "speed": 1.1,
    }
