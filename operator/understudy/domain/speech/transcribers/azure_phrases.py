"""What Azure's recognition says of a turn: `speech.hypothesis`, `speech.phrase`.

Source: microsoft/cognitive-services-speech-sdk-js, `ServiceMessages/{SpeechHypothesis,DetailedSpeechPhrase,Enums}.ts`
and `EnumTranslation.ts`.
"""

from typing import Any

from understudy.domain.speech.azure import TICKS
from understudy.domain.speech.codec import Alive, Event, Failure, Result, Word
from understudy.domain.speech.transcribers.common import reported

_SPOKEN = "Success"

_NOTHING = ("NoMatch", "InitialSilenceTimeout", "BabbleTimeout")
"""Statuses of a phrase in which there was nothing to understand."""

_TRANSIENT = ("Error", "TooManyRequests", "ServiceTimeout", "ServiceUnavailable")
"""Statuses that the same provider may not give again, unlike BadRequest and Forbidden."""


def hypothesis(said: dict[str, Any], turn_start: float) -> Result:
    """What the phrase in progress says so far."""
    start, end = _span(said, turn_start)
    return Result(str(said.get("Text") or ""), final=False, start=start, end=end)


def phrase(said: dict[str, Any], turn_start: float) -> Event:
    """A phrase that will not change; empty where something was heard and not understood."""
    status = str(said.get("RecognitionStatus") or "")
    if status == _SPOKEN:
        return _spoken(said, turn_start)
    if status in _NOTHING:
        start, end = _span(said, turn_start)
        return Result("", final=True, start=start, end=end)
    if status == "EndOfDictation":
        return Alive()
    return Failure(reported(status), transient=status in _TRANSIENT)


def _spoken(said: dict[str, Any], turn_start: float) -> Result:
    start, end = _span(said, turn_start)
    best: dict[str, Any] = (said.get("NBest") or [{}])[0]
    text = str(best.get("Display") or said.get("DisplayText") or "")
    confidence = best.get("Confidence")
    return Result(
        text,
        final=True,
        start=start,
        end=end,
        words=tuple(_word(word, turn_start) for word in best.get("Words") or ()),
        confidence=float(confidence) if confidence is not None else None,
    )


def _word(said: dict[str, Any], turn_start: float) -> Word:
    start, end = _span(said, turn_start)
    confidence = said.get("Confidence")
    return Word(str(said["Word"]), start, end, float(confidence) if confidence is not None else None)


def _span(said: dict[str, Any], turn_start: float) -> tuple[float, float]:
    """Where it begins and ends, in seconds of the connection's audio."""
    begin = int(said.get("Offset") or 0)
    end = begin + int(said.get("Duration") or 0)
    return round(turn_start + begin / TICKS, 6), round(turn_start + end / TICKS, 6)
