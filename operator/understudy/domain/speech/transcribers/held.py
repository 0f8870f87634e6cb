"""Audio kept back while a provider works on a cut: for protocols that take one utterance after the other."""

from collections import deque


class Held:
    """What came after a cut that is not answered yet: audio, and cuts in it."""

    def __init__(self) -> None:
        self._items: deque[bytes | None] = deque()

    def add(self, audio: bytes) -> None:
        """More audio."""
        self._items.append(audio)

    def cut(self) -> None:
        """A `finalize` after the audio so far."""
        self._items.append(None)

    def take(self) -> tuple[bytes, bool]:
        """The audio up to the next cut, or all of it, and whether a cut ends it. It is held no longer."""
        audio = bytearray()
        while self._items:
            item = self._items.popleft()
            if item is None:
                return bytes(audio), True
            audio += item
        return bytes(audio), False
