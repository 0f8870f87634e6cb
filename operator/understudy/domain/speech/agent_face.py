"""The protocols our agents speak to us: Deepgram's `/v1/listen`, and `/v2/listen` where the provider decides the turns.

Source: Deepgram's API reference, "Live audio" and "Flux", and deepgram-sdk 7 `listen/v1` and `listen/v2`.
"""

from typing import Any, Protocol

from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.deepgram import Asked, asked

TURN_PAUSE_S = 0.7
"""Silence that ends a turn where the provider has no turn detection of its own: Flux's ends most turns within it."""

CERTAIN = 0.9
"""Confidence in the end of a turn that we give where silence ended it."""


class AgentFace(Protocol):
    """How one agent is spoken to.

    Attributes:
        asked: what it wants.
        query: what codecs are told of its query.
        request_id: of its stream.
    """

    asked: Asked
    query: dict[str, str]
    request_id: str

    def greeting(self) -> list[dict[str, Any]]:
        """What is said first."""
        ...

    def told(self, item: ToAgent) -> list[dict[str, Any]]:
        """What is said of a transcript or notice."""
        ...

    def error(self, code: str, description: str) -> list[dict[str, Any]]:
        """What is said when nobody can listen any more."""
        ...

    def ending(self, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """What is said last."""
        ...


class FaceV1:
    """`/v1/listen`."""

    def __init__(self, query: dict[str, str], request_id: str) -> None:
        self.asked = asked(query)
        # Interims are how a transcriber that has died is noticed: wanted whether or not the agent wants them.
        self.query = {**query, "interim_results": "true"}
        self.request_id = request_id

    def greeting(self) -> list[dict[str, Any]]:
        """Nothing."""
        return []

    def told(self, item: ToAgent) -> list[dict[str, Any]]:
        """The message as it is."""
        return [item.message]

    def error(self, code: str, description: str) -> list[dict[str, Any]]:
        """Deepgram's error."""
        return [{"type": "Error", "variant": code, "description": description}]

    def ending(self, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """The stream's metadata."""
        return [metadata]


class FaceV2:
    """`/v2/listen`: the transcripts of a turn as one that grows, until the provider, or silence, ends the turn."""

    def __init__(self, query: dict[str, str], request_id: str) -> None:
        self.asked = Asked(utterance_end_s=TURN_PAUSE_S, agent_turns=False)
        self.query = {**query, "interim_results": "true"}
        self.request_id = request_id
        self._sequence = 0
        self._turn = 0
        self._words: list[dict[str, Any]] = []
        self._text: list[str] = []
        self._start: float | None = None
        self._end = 0.0

    def greeting(self) -> list[dict[str, Any]]:
        """That the stream is open."""
        return [self._message({"type": "Connected"})]

    def told(self, item: ToAgent) -> list[dict[str, Any]]:
        """A transcript as part of its turn."""
        kind = item.message.get("type")
        if kind == "UtteranceEnd":
            return self._over("timeout") if self._text else []
        if kind != "Results":
            return [self._message(item.message)] if kind in {"ConfigureSuccess", "ConfigureFailure"} else []
        said = self._said(item.message, final=bool(item.message.get("is_final")))
        if item.ends_turn or item.finalized:
            return [*said, *self._over("manual" if item.finalized else "model")]
        return said

    def error(self, code: str, description: str) -> list[dict[str, Any]]:
        """Deepgram's fatal error."""
        return [self._message({"type": "Error", "code": code, "description": description})]

    def ending(self, metadata: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002 - the protocol has no such
        """Nothing."""
        return []

    def _said(self, message: dict[str, Any], *, final: bool) -> list[dict[str, Any]]:
        best = message["channel"]["alternatives"][0]
        text = str(best.get("transcript") or "")
        if not text:
            return []
        began = self._start is None
        self._start = message["start"] if self._start is None else self._start
        self._end = round(message["start"] + message["duration"], 3)
        words = [*self._words, *map(_word, best.get("words") or ())]
        texts = [*self._text, text]
        if final:
            self._words, self._text = words, texts
        return [self._info("StartOfTurn" if began else "Update", texts, words, 0.0)]

    def _over(self, trigger: str) -> list[dict[str, Any]]:
        """The turn ended."""
        if not self._text:
            return []
        info = {**self._info("EndOfTurn", self._text, self._words, CERTAIN), "trigger": trigger}
        self._turn += 1
        self._words, self._text, self._start = [], [], None
        return [info]

    def _info(self, event: str, texts: list[str], words: list[dict[str, Any]], sure: float) -> dict[str, Any]:
        return self._message(
            {
                "type": "TurnInfo",
                "event": event,
                "turn_index": self._turn,
                "audio_window_start": self._start or 0.0,
                "audio_window_end": self._end,
                "transcript": " ".join(texts),
                "words": words,
                "end_of_turn_confidence": sure,
            }
        )

    def _message(self, message: dict[str, Any]) -> dict[str, Any]:
        numbered = {**message, "request_id": self.request_id, "sequence_id": self._sequence}
        self._sequence += 1
        return numbered


def _word(word: dict[str, Any]) -> dict[str, Any]:
    return {
        "word": word.get("punctuated_word") or word["word"],
        "confidence": word.get("confidence", 1.0),
        "start": word["start"],
        "end": word["end"],
    }


def face_v1(query: dict[str, str], request_id: str) -> AgentFace:
    """The face of `/v1/listen`.

    Raises:
        ValueError: the query asks for what cannot be.
    """
    return FaceV1(query, request_id)


def face_v2(query: dict[str, str], request_id: str) -> AgentFace:
    """The face of `/v2/listen`."""
    return FaceV2(query, request_id)
