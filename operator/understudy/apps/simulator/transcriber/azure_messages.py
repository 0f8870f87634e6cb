"""Azure's messages about a turn of recognition."""

from dataclasses import dataclass
from typing import Any

from understudy.apps.simulator.azure_speech import ticks
from understudy.apps.simulator.transcriber.ears import Word
from understudy.apps.simulator.transcriber.hearing import Result

Message = tuple[str, dict[str, Any]]
"""Path and body."""


@dataclass(frozen=True)
class Output:
    """What a client asked to be told of a phrase."""

    detailed: bool = False
    words: bool = False


def turn_start() -> Message:
    """The first message of every turn."""
    return "turn.start", {"context": {"serviceTag": "0" * 32}}


def start_detected(at: float) -> Message:
    """Somebody began to speak."""
    return "speech.startDetected", {"Offset": ticks(at)}


def end_detected(at: float) -> Message:
    """The audio has ended."""
    return "speech.endDetected", {"Offset": ticks(at)}


def hypothesis(result: Result) -> Message:
    """What the phrase in progress says so far."""
    return "speech.hypothesis", {"Text": result.recognised.text, **_span(result.start, result.duration), "Channel": 0}


def phrase(result: Result, output: Output) -> Message:
    """A phrase that will not change."""
    heard = result.recognised
    span = _span(result.start, result.duration)
    if not heard.text:
        return "speech.phrase", {"RecognitionStatus": "NoMatch", **span, "Channel": 0}
    said = {"RecognitionStatus": "Success", **span, "Channel": 0, "DisplayText": heard.text}
    if output.detailed:
        forms = dict.fromkeys(("Lexical", "ITN", "MaskedITN", "Display"), heard.text)
        words = {"Words": [_word(word, result.start, heard.confidence) for word in heard.words]} if output.words else {}
        said["NBest"] = [{"Confidence": heard.confidence, **forms, **words}]
    return "speech.phrase", said


def status(name: str, at: float) -> Message:
    """A phrase that says only how recognition stands."""
    return "speech.phrase", {"RecognitionStatus": name, **_span(at, 0.0)}


def turn_end() -> Message:
    """The last message of every turn."""
    return "turn.end", {}


def _word(word: Word, start: float, confidence: float) -> dict[str, Any]:
    return {"Word": word.text, **_span(start + word.start, word.end - word.start), "Confidence": confidence}


def _span(start: float, duration: float) -> dict[str, int]:
    return {"Offset": ticks(start), "Duration": ticks(duration)}
