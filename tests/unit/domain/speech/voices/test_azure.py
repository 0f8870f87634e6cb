"""Azure's voices: what is sent for a text, and what comes back."""

from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

from understudy.base.clock import ManualClock
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech import azure
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Frame
from understudy.domain.speech.voice_codec import Audio, Done, Resume, Words
from understudy.domain.speech.voices.azure import AzureVoice

SSML = "{http://www.w3.org/2001/10/synthesis}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def made(**fields: Any) -> AzureVoice:
    voice = Voice(**{"account": "a", "provider": "azure", "voice_id": "en-US-AvaNeural", **fields})
    codec = AzureVoice(voice, Account(name="a", provider="azure", base_url="", region="eastus"), ManualClock())
    codec.open(SpeechFormat("pcm_mulaw", 8000), "k")
    return codec


def say(codec: AzureVoice, context: str, text: str) -> tuple[str, list[azure.Message]]:
    """The request id and the messages of a text."""
    messages = [azure.parse(frame) for frame in codec.speak(context, text, first=True, last=True)]
    return messages[0].request_id, messages


def told(request_id: str, path: str, body: dict[str, Any] | None = None) -> str:
    return azure.text(path, request_id, orjson.dumps(body or {}).decode(), 0.0)


def boundary(text: str, start: float, seconds: float) -> dict[str, Any]:
    ticks = {"Offset": int(start * azure.TICKS), "Duration": int(seconds * azure.TICKS)}
    return {"Type": "WordBoundary", "Data": {**ticks, "text": {"Text": text, "Length": len(text)}}}


def metadata(request_id: str, *items: dict[str, Any]) -> str:
    return told(request_id, "audio.metadata", {"Metadata": list(items)})


def spoken(text: str, **fields: Any) -> ET.Element:
    """The SSML of a text."""
    return ET.fromstring(say(made(**fields), "c1", text)[1][-1].body)  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("wanted", "made_as"),
    [
        (SpeechFormat("pcm_mulaw", 8000), SpeechFormat("pcm_mulaw", 8000)),
        (SpeechFormat("pcm_s16le", 24_000), SpeechFormat("pcm_s16le", 24_000)),
        (SpeechFormat("pcm_alaw", 8000), SpeechFormat("pcm_s16le", 8000)),
        (SpeechFormat("pcm_f32le", 16_000), SpeechFormat("pcm_s16le", 16_000)),
        (SpeechFormat("pcm_s16le", 32_000), SpeechFormat("pcm_s16le", 44_100)),
    ],
)
def test_the_format_is_the_one_wanted_or_loses_nothing(wanted: SpeechFormat, made_as: SpeechFormat) -> None:
    assert made().makes(wanted) == made_as


def test_another_voice_can_go_on_with_the_next_word() -> None:
    assert AzureVoice.traits.resume is Resume.WORD
    assert not AzureVoice.traits.pieces
    assert not AzureVoice.traits.shared


def test_a_text_is_a_turn_of_its_own() -> None:
    """Its context and its SSML have one id, new for each text; word boundaries are asked for."""
    codec = made()
    [config] = codec.greet()
    assert azure.parse(config).path == "speech.config"
    first, messages = say(codec, "c1", "Hello.")
    second, _ = say(codec, "c2", "Hello.")
    assert first != second
    assert [(message.path, message.request_id) for message in messages] == [
        ("synthesis.context", first),
        ("ssml", first),
    ]
    synthesis = orjson.loads(messages[0].body)["synthesis"]
    assert synthesis["audio"]["outputFormat"] == "raw-8khz-8bit-mono-mulaw"
    assert synthesis["audio"]["metadataOptions"]["wordBoundaryEnabled"]


def test_the_text_is_said_by_the_voice_as_it_is_written() -> None:
    root = spoken('x < y & "z" isn\'t </voice>\x00\x0b')
    voice = root.find(f"{SSML}voice")
    assert voice is not None
    assert (root.get(LANG), voice.get("name")) == ("en-US", "en-US-AvaNeural")
    assert "".join(root.itertext()) == 'x < y & "z" isn\'t </voice>  '


@pytest.mark.parametrize(
    ("fields", "root", "within"),
    [
        ({}, "en-US", None),
        ({"voice_id": "de-DE-KatjaNeural"}, "de-DE", None),
        ({"voice_id": "de-DE-KatjaNeural", "language": "de-DE"}, "de-DE", None),
        ({"voice_id": "en-US-AvaMultilingualNeural", "language": "fr-FR"}, "en-US", "fr-FR"),
        ({"voice_id": "MyOwnVoice", "language": "nl-NL"}, "nl-NL", None),
        ({"voice_id": "MyOwnVoice"}, "en-US", None),
    ],
)
def test_a_voice_speaks_its_own_language_unless_told_another(
    fields: dict[str, Any], root: str, within: str | None
) -> None:
    document = spoken("Hello.", **fields)
    inner = document.find(f".//{SSML}lang")
    assert document.get(LANG) == root
    assert (inner.get(LANG) if inner is not None else None) == within


def test_speed_is_the_prosodys_rate() -> None:
    prosody = spoken("Hello.", settings={"speed": 1.1}).find(f".//{SSML}prosody")
    assert prosody is not None
    assert prosody.get("rate") == "1.1"


def test_audio_words_and_the_end_belong_to_the_turns_context() -> None:
    codec = made()
    turn, _ = say(codec, "c1", "Good evening, all.")
    frames: list[Frame] = [
        told(turn, "turn.start"),
        told(turn, "response", {"audio": {"type": "inline", "streamId": "1"}}),
        metadata(turn, boundary("Good", 0.0, 0.2), boundary("evening", 0.2, 0.4), boundary(",", 0.6, 0.1)),
        azure.binary("audio", turn, b"\x01\x02", 0.0),
        azure.binary("audio", turn, b"", 0.0),
        metadata(turn, boundary("all", 0.7, 0.2), boundary(".", 0.9, 0.1)),
        metadata(turn, {"Type": "SessionEnd", "Data": {"Offset": azure.TICKS}}),
        told(turn, "turn.end"),
    ]
    assert [found for frame in frames for found in codec.receive(frame)] == [
        ("c1", Words(("Good",), (0.0,), (0.2,))),
        ("c1", Words(("evening,",), (0.2,), (0.6,))),
        ("c1", Audio(b"\x01\x02")),
        ("c1", Words(("all.",), (0.7,), (0.9,))),
        ("c1", Done()),
    ]
    assert codec.receive(azure.binary("audio", turn, b"\x01\x02", 0.0)) == []


def test_words_that_azure_did_not_report_come_with_the_end() -> None:
    codec = made()
    turn, _ = say(codec, "c1", "One two three")
    codec.receive(metadata(turn, boundary("One", 0.0, 0.5)))
    assert codec.receive(told(turn, "turn.end")) == [
        ("c1", Words(("two", "three"), (0.5, 0.5), (0.5, 0.5))),
        ("c1", Done()),
    ]


def test_what_is_cancelled_is_stopped_and_heard_no_more() -> None:
    codec = made()
    turn, _ = say(codec, "c1", "Hello.")
    [frame] = codec.cancel("c1")
    message = azure.parse(frame)
    assert (message.path, message.request_id, message.body) == ("synthesis.control", turn, b'{"action":"stop"}')
    assert codec.cancel("c1") == []
    assert codec.receive(azure.binary("audio", turn, b"\1\2", 0.0)) == []
    assert codec.receive(told(turn, "turn.end")) == []


@pytest.mark.parametrize("body", ["[]", "{}", '{"Metadata":1}', "{", '{"Metadata":[{"Type":"WordBoundary"}]}'])
def test_what_is_not_of_the_protocol_is_an_error(body: str) -> None:
    codec = made()
    turn, _ = say(codec, "c1", "Hello.")
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own words, or ours
        codec.receive(azure.text("audio.metadata", turn, body, 0.0))
    with pytest.raises(ValueError, match="without a body"):
        codec.receive("nonsense")
