"""Which final of Gladia's answers a request for one: the protocol has no such request, so silence is sent instead.

What is known: when speech starts and ends, which time each final covers, and how much audio the provider has taken.
Times are the provider's. Finals come in the order of the speech; the end of speech comes before its final or after it.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Speech:
    """Speech without its last final yet; a long one has several."""

    start: float
    end: float | None = None
    final_until: float = 0.0


@dataclass(slots=True)
class _Request:
    """Silence from `start` to `end`: what was said before has to become final."""

    start: float
    end: float
    taken: bool = False


class Answers:
    """What is still to come of one session.

    Args:
        slack_s: how much later than its final speech may be said to end: the silence that shows it, and some more.
    """

    def __init__(self, slack_s: float) -> None:
        self._slack_s = slack_s
        self._speech: deque[_Speech] = deque()
        self._requests: deque[_Request] = deque()

    def ask(self, start: float, end: float) -> None:
        """Silence was sent from `start` to `end`."""
        self._requests.append(_Request(start, end))

    def speech_started(self, at: float) -> None:
        """The caller began to speak."""
        self._speech.append(_Speech(at))

    def speech_ended(self, at: float) -> int:
        """The caller fell silent. Returns how many requests that answers, without a text."""
        for speech in self._speech:
            if speech.end is None:
                speech.end = at
        if self._speech and self._is_final(self._speech[0]):
            self._speech.popleft()
        return self._settled()

    def taken(self, up_to: float) -> int:
        """The provider has audio up to here. Returns how many requests that answers, without a text."""
        for request in self._requests:
            request.taken = request.taken or request.end <= up_to + 0.001  # the provider rounds
        return self._settled()

    def final(self, start: float, end: float) -> tuple[bool, int]:
        """A final from `start` to `end`: whether it answers a request, and how many more are answered without text."""
        while self._speech and (self._speech[0].end or start) < start:
            self._speech.popleft()  # noise: the provider found no words in it
        if self._speech:
            self._speech[0].final_until = end
            if self._is_final(self._speech[0]):
                self._speech.popleft()
        answers = bool(self._requests) and not self._waits(self._requests[0])
        if answers:
            self._requests.popleft()
        return answers, self._settled()

    def _is_final(self, speech: _Speech) -> bool:
        return speech.end is not None and speech.final_until >= speech.end - self._slack_s

    def _waits(self, request: _Request) -> bool:
        return any(speech.start < request.start for speech in self._speech)

    def _settled(self) -> int:
        """Requests that nothing more will answer; they are forgotten."""
        count = 0
        while self._requests and self._requests[0].taken and not self._waits(self._requests[0]):
            self._requests.popleft()
            count += 1
        return count
