"""One context of speech: what the agent wants said, and the parts in which a voice is given it."""

import itertools
from typing import Any

from understudy.domain.routing.clauses import LONGEST_UNIT, clause_ends
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.cartesia import DEFAULT_BUFFER_MS
from understudy.domain.speech.following import atoms, has_words

SHORTEST_UNIT = 40
"""Characters from which a clause is said by itself: shorter ones wait for more, since a voice makes a melody of what it
is given. The first clause does not wait: a caller does."""


HURRY_WORDS = 2
"""Words that are asked for first when a caller waits for a voice that reports none: it is heard when it is complete."""


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
        self.text = ""
        """All text so far."""
        self.complete = False
        """Whether the agent said that no more text comes."""
        self.settled = 0
        """Characters of the text that may not wait for more: whole phrases of the agent."""
        self.audio_bytes = 0
        """Audio handed to the agent."""

    @property
    def has_text(self) -> bool:
        """Whether there is anything to say."""
        return has_words(self.text)

    @property
    def seconds(self) -> float:
        """How long the audio handed to the agent sounds."""
        return self.format.seconds(self.audio_bytes)

    def add(self, message: dict[str, Any]) -> None:
        """The agent sent text, or the end of it.

        An agent that does not buffer sends phrases, each whole; otherwise messages are pieces of one text.
        """
        piece = str(message.get("transcript") or "")
        phrases = self.buffer_ms == 0
        self.text += f" {piece}" if phrases and self.text and piece else piece
        self.complete = self.complete or not message.get("continue", False)
        if self.complete or phrases or message.get("flush"):
            self.settled = len(self.text)

    def settle(self) -> None:
        """What there is has waited long enough for more."""
        self.settled = max(self.settled, len(self.text) if self.text[-1:].isspace() else self.text.rfind(" ") + 1)

    def rest(self, position: int) -> bool:
        """Whether there is anything to say from `position` on, by now."""
        return has_words(self.text[position:])


class Units:
    """Cuts an utterance into the parts that a voice is given: clauses.

    Args:
        begin: character where the voice begins.
        hurry: somebody waits: the first part is a few words, whatever follows.
    """

    def __init__(self, begin: int, *, hurry: bool = False) -> None:
        self.position = begin
        """Characters that were given."""
        self._first, self._hurry = True, hurry

    def next(self, utterance: Utterance) -> tuple[int, int] | None:
        """Begin and end of the next part; None while it is not complete."""
        end = self._end(utterance)
        if self._first and self._hurry:
            end = self._few_words(utterance, end)
        if end is None:
            return None
        part = (self.position, end)
        self.position, self._first = end, False
        return part

    def _few_words(self, utterance: Utterance, end: int | None) -> int | None:
        """Behind the first words, or at `end` where that comes sooner."""
        words = list(itertools.islice(atoms(utterance.text, self.position, end), HURRY_WORDS + 1))
        return words[HURRY_WORDS][0] if len(words) > HURRY_WORDS else end

    def _end(self, utterance: Utterance) -> int | None:
        text, begin = utterance.text, self.position
        for end, sentence in clause_ends(text, begin):
            enough = self._first or sentence or len(text[begin:end].strip()) >= SHORTEST_UNIT
            if enough and (end < len(text) or utterance.settled >= end):
                return end
        if utterance.settled > begin and has_words(text[begin : utterance.settled]):
            return utterance.settled
        if len(text) - begin > LONGEST_UNIT:
            return text.rfind(" ", begin + 1, begin + LONGEST_UNIT) + 1 or begin + LONGEST_UNIT
        return None
