"""What a client of Azure's voices wants said, and how: SSML, and the output format of `synthesis.context`."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.azure_speech import INVALID_PAYLOAD, Violation, ticks
from understudy.apps.simulator.voice.sound import word_times

_SSML = "{http://www.w3.org/2001/10/synthesis}"
_VOICE = re.compile(r"[a-z]{2,3}-([A-Za-z]{4}-)?[A-Z]{2}-\w+(:\w+)?")
_PART = re.compile(r"[\w'\u2019-]+|[^\w\s]+")
"""What boundaries are reported of: words, and the punctuation between them."""


@dataclass(frozen=True)
class Format:
    """What the audio is made as."""

    rate: int
    encode: Callable[[bytes], bytes]


FORMATS = {
    "raw-8khz-8bit-mono-mulaw": Format(8000, mulaw.encode),
    "raw-8khz-16bit-mono-pcm": Format(8000, bytes),
    "raw-16khz-16bit-mono-pcm": Format(16_000, bytes),
    "raw-22050hz-16bit-mono-pcm": Format(22_050, bytes),
    "raw-24khz-16bit-mono-pcm": Format(24_000, bytes),
    "raw-44100hz-16bit-mono-pcm": Format(44_100, bytes),
    "raw-48khz-16bit-mono-pcm": Format(48_000, bytes),
}


@dataclass(frozen=True)
class Wanted:
    """What a `synthesis.context` asks for."""

    audio: str
    """Name of the output format."""
    words: bool
    """Whether word boundaries are to be told."""

    @property
    def format(self) -> Format:
        """The output format."""
        return FORMATS[self.audio]


@dataclass(frozen=True)
class Speech:
    """What an `ssml` says."""

    voice: str
    text: str
    speed: float
    languages: tuple[str, ...]
    """Of the document and of what is within, outermost first."""


def wanted(body: bytes) -> Wanted:
    """The body of a `synthesis.context`.

    Raises:
        Violation: it is none, or of a format that is not simulated.
    """
    try:
        audio = json.loads(body)["synthesis"]["audio"]
        found = Wanted(str(audio["outputFormat"]), bool(audio.get("metadataOptions", {}).get("wordBoundaryEnabled")))
    except (ValueError, KeyError, TypeError) as cause:
        raise Violation(INVALID_PAYLOAD, "synthesis.context must name audio.outputFormat") from cause
    if found.audio not in FORMATS:
        raise Violation(INVALID_PAYLOAD, "Unsupported output format")
    return found


def speech(body: bytes) -> Speech:
    """What the document wants said.

    Raises:
        Violation: it is no SSML, or of a voice that there is not.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - the simulator hears from its own tests only
    except ET.ParseError as cause:
        raise Violation(INVALID_PAYLOAD, "SSML parsing error") from cause
    voice = root.find(f"{_SSML}voice")
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    if root.tag != f"{_SSML}speak" or language not in root.attrib or voice is None:
        raise Violation(INVALID_PAYLOAD, "SSML must be a speak with xml:lang and a voice")
    name = voice.get("name", "")
    if not _VOICE.fullmatch(name):
        raise Violation(INVALID_PAYLOAD, "Unsupported voice")
    prosody = root.find(f".//{_SSML}prosody")
    languages = tuple(element.attrib[language] for element in root.iter() if language in element.attrib)
    return Speech(
        name, "".join(root.itertext()), _speed(prosody.get("rate", "1") if prosody is not None else "1"), languages
    )


def _speed(rate: str) -> float:
    try:
        return 1 + float(rate.rstrip("%")) / 100 if rate.endswith("%") else float(rate)
    except ValueError as cause:
        raise Violation(INVALID_PAYLOAD, "prosody rate must be a number or a percentage") from cause


@dataclass(frozen=True)
class Boundary:
    """A word or punctuation, and when it is heard, in seconds of the turn."""

    text: str
    start: float
    duration: float

    def to_json(self) -> dict[str, object]:
        """An item of `audio.metadata`."""
        kind = "WordBoundary" if any(map(str.isalnum, self.text)) else "PunctuationBoundary"
        text = {"Text": self.text, "Length": len(self.text), "BoundaryType": kind}
        data = {"Offset": ticks(self.start), "Duration": ticks(self.duration), "text": text}
        return {"Type": "WordBoundary", "Data": data}


def boundaries(text: str, seconds: float) -> Iterator[Boundary]:
    """Words and punctuation of `text`, which sounds for so long, in their order."""
    times = word_times(text, seconds, 0.0)
    for word, start, end in zip(times.words, times.start, times.end, strict=True):
        parts = _PART.findall(word)
        letters = sum(map(len, parts)) or 1
        at = start
        for part in parts:
            length = (end - start) * len(part) / letters
            yield Boundary(part, at, length)
            at += length
