"""One context of speech: what the agent wants said, how far it came, and where another voice may go on."""

import re
from typing import Any

from understudy.domain.routing.clauses import Sentences
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.cartesia import DEFAULT_BUFFER_MS

_WORD = re.compile(r"\S+")


class Utterance:
    """The script of one context.

    Args:
        message: the agent's first message: audio format, whether times are wanted, and whether it buffers.
    """

    def __init__(self, message: dict[str, Any]) -> None:
        output = message.get("output_format") or {}
        self.format = SpeechFormat(output.get("encoding", "pcm_s16le"), int(output.get("sample_rate", 24_000)))
        self.context_id = str(message.get("context_id") or "")
        self.wants_times = bool(message.get("add_timestamps"))
        self.buffer_ms = int(message.get("max_buffer_delay_ms", DEFAULT_BUFFER_MS))
        self.messages: list[dict[str, Any]] = []
        """What the agent sent, in order; a fallback voice is sent it again."""
        self.units: list[str] = []
        """Sentences for voices that take a text at a time."""
        self.complete = False
        """Whether the agent said that no more text comes."""
        self.audio_bytes = 0
        """Audio handed to the agent."""
        self.words_heard = 0
        self._sentences = Sentences()

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(str(message.get("transcript") or "") for message in self.messages)

    @property
    def seconds(self) -> float:
        """How long the audio handed to the agent sounds."""
        return self.format.seconds(self.audio_bytes)

    def add(self, message: dict[str, Any]) -> None:
        """The agent sent text, or the end of it. Without buffering each message is spoken as it is."""
        self.messages.append(message)
        self.complete = self.complete or not message.get("continue", False)
        self.units += self._sentences.feed(str(message.get("transcript") or ""))
        if self.complete or message.get("flush") or self.buffer_ms == 0:
            self.units += self._sentences.flush()

    def remaining(self) -> str | None:
        """The text from the first sentence that was not begun; None when it is not known how far the voice came."""
        if not self.audio_bytes:
            return self.text
        if not self.words_heard:
            return None
        words = list(_WORD.finditer(self.text))
        if self.words_heard >= len(words):
            return ""
        return _after_sentence(self.text, words[self.words_heard - 1].end())


def _after_sentence(text: str, position: int) -> str:
    """`text` from the first sentence that begins at or after `position`."""
    splitter = Sentences()
    ends = 0
    for sentence in [*splitter.feed(text), *splitter.flush()]:
        begins = text.index(sentence, ends)
        if begins >= position:
            return text[begins:]
        ends = begins + len(sentence)
    return ""
