"""One context of speech: what the agent wants said, how far it came, and where another voice may go on."""

import re
from typing import Any

from understudy.domain.routing.clauses import Sentences
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.cartesia import DEFAULT_BUFFER_MS
from understudy.domain.speech.voice_codec import Words

_WORD = re.compile(r"\S+")


class Utterance:
    """The script of one context.

    Args:
        message: the agent's first message: audio format, whether times are wanted, and whether it buffers.

    Raises:
        ValueError: an audio format that cannot be produced.
    """

    def __init__(self, message: dict[str, Any]) -> None:
        output = message.get("output_format") or {}
        self.format = SpeechFormat(output.get("encoding", "pcm_s16le"), int(output.get("sample_rate", 24_000)))
        self.context_id = str(message.get("context_id") or "")
        self.wants_times = bool(message.get("add_timestamps"))
        self.buffer_ms = int(message.get("max_buffer_delay_ms", DEFAULT_BUFFER_MS))
        self.messages: list[dict[str, Any]] = []
        """What the agent sent, in order."""
        self.complete = False
        """Whether the agent said that no more text comes."""
        self.audio_bytes = 0
        """Audio handed to the agent."""
        self._words_before = 0
        self._starts: list[float] = []

    @property
    def text(self) -> str:
        """All text so far. Without buffering each message is a phrase of its own; otherwise they are pieces of one."""
        pieces = (str(message.get("transcript") or "") for message in self.messages)
        return (" " if self.buffer_ms == 0 else "").join(pieces)

    @property
    def has_text(self) -> bool:
        """Whether there is anything to say."""
        return any(str(message.get("transcript") or "").strip() for message in self.messages)

    @property
    def seconds(self) -> float:
        """How long the audio handed to the agent sounds."""
        return self.format.seconds(self.audio_bytes)

    def add(self, message: dict[str, Any]) -> None:
        """The agent sent text, or the end of it."""
        self.messages.append(message)
        self.complete = self.complete or not message.get("continue", False)

    def begin(self, text: str) -> None:
        """A voice begins with `text`, which ends the present text."""
        self._words_before = len(self.text.split()) - len(text.split())
        self._starts = []

    def timed(self, words: Words) -> None:
        """When words of the present voice are heard; providers may say so before the audio."""
        self._starts += words.starts

    def remaining(self) -> str | None:
        """The text from the first sentence that was not begun; None when it is not known how far the voice came."""
        if not self.audio_bytes:
            return self.text
        heard = self._words_before + sum(start < self.seconds for start in self._starts)
        if not heard:
            return None
        words = list(_WORD.finditer(self.text))
        return _after_sentence(self.text, words[heard - 1].end()) if heard < len(words) else ""


class Units:
    """Texts for a voice that takes one at a time: sentences, or the agent's own phrases where it does not buffer."""

    def __init__(self, utterance: Utterance) -> None:
        self._sentences = Sentences()
        self._phrases = utterance.buffer_ms == 0

    def feed(self, text: str, *, end: bool) -> list[str]:
        """The units that `text`, the next piece, completes; `end` says that this one may not wait for more."""
        units = self._sentences.feed(text)
        return units + self._sentences.flush() if end or self._phrases else units


def _after_sentence(text: str, position: int) -> str:
    """`text` from the first sentence that begins at or after `position`."""
    splitter = Sentences()
    end = 0
    for sentence in [*splitter.feed(text), *splitter.flush()]:
        begin = text.index(sentence, end)
        if begin >= position:
            return text[begin:]
        end = begin + len(sentence)
    return ""
