"""Where in a stream somebody spoke. Positions are samples from its beginning."""

from collections import deque


class SpeechSpans:
    """Stretches of speech, in order; the last may still grow."""

    def __init__(self) -> None:
        self._spans: deque[list[int]] = deque()

    def add(self, start: int, end: int) -> None:
        """Speech from `start` to `end`; it joins the stretch before where they touch."""
        if self._spans and start <= self._spans[-1][1]:
            self._spans[-1][1] = max(end, self._spans[-1][1])
        else:
            self._spans.append([start, end])

    def between(self, start: int, end: int) -> int:
        """Samples of speech from `start` to `end`."""
        found = 0
        for begin, until in self._spans:
            if until > start and begin < end:
                found += min(until, end) - max(begin, start)
        return found

    def first_after(self, position: int) -> int | None:
        """Where the first speech at or after `position` begins; `position` itself in the midst of it; None: nowhere."""
        found = next((span for span in self._spans if span[1] > position), None)
        return None if found is None else max(found[0], position)

    def forget(self, position: int) -> None:
        """What lies wholly before `position` is not asked for again."""
        while self._spans and self._spans[0][1] <= position:
            self._spans.popleft()
