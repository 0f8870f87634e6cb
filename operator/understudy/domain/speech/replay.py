"""The caller's audio since the last final transcript, so that a transcriber that drops loses nothing.

Audio is indexed by byte from the start of the call's socket. `Finalize` requests stand between the audio at the place
where they were made, so that a replay asks again for what was not answered.
"""

from collections import deque
from dataclasses import dataclass

KEPT_S = 30.0
"""Seconds of audio kept: longer than any utterance between two finals; 0.5 MB a call at 8 kHz linear."""


@dataclass(slots=True)
class Item:
    """A piece of audio, or a `Finalize` (no audio); `end` is the byte index behind it."""

    audio: bytes
    end: int
    answered: bool = False

    @property
    def is_finalize(self) -> bool:
        """Whether it is a request rather than audio."""
        return not self.audio


class AudioLog:
    """What was heard and is not yet final.

    Args:
        bytes_per_second: of the audio.
    """

    def __init__(self, bytes_per_second: int) -> None:
        self._items: deque[Item] = deque()
        self._first = 0
        self._limit = int(KEPT_S * bytes_per_second)
        self._rate = bytes_per_second
        self._kept = 0
        self.heard = 0
        """Bytes since the start."""
        self.lost = 0
        """Bytes discarded before they became final, because `KEPT_S` was exceeded."""

    def audio(self, data: bytes) -> None:
        """The agent sent `data`."""
        self.heard += len(data)
        self._kept += len(data)
        self._items.append(Item(data, self.heard))
        while self._kept > self._limit:
            self.lost += len(self._drop_oldest().audio)

    def finalize(self) -> None:
        """The agent asked for a final here."""
        self._items.append(Item(b"", self.heard))

    def answered(self) -> int:
        """The oldest `Finalize` was answered: a replay need not ask again. Returns the byte index where it stood."""
        pending = next((item for item in self._items if item.is_finalize and not item.answered), None)
        if pending is None:
            return 0
        pending.answered = True
        return pending.end

    def final_up_to(self, position: int) -> None:
        """Audio up to byte `position` is final; what is not wholly before it is kept."""
        while self._items and self._items[0].end <= position and (self._items[0].audio or self._items[0].answered):
            self._drop_oldest()

    def oldest(self) -> int:
        """The cursor that begins a replay."""
        return self._first

    def position(self, cursor: int) -> int:
        """The byte index where the item at `cursor` begins."""
        index = max(cursor - self._first, 0)
        if index >= len(self._items):
            return self.heard
        item = self._items[index]
        return item.end - len(item.audio)

    def next(self, cursor: int) -> tuple[Item, int] | None:
        """The first item at or after `cursor` that is still to be sent, and the cursor behind it; None at the end."""
        index = max(cursor - self._first, 0)
        while index < len(self._items):
            item = self._items[index]
            index += 1
            if not item.answered:
                return item, self._first + index
        return None

    def seconds(self, position: int) -> float:
        """Byte index → seconds."""
        return position / self._rate

    def bytes_at(self, seconds: float) -> int:
        """Seconds → byte index."""
        return round(seconds * self._rate)

    def _drop_oldest(self) -> Item:
        item = self._items.popleft()
        self._first += 1
        self._kept -= len(item.audio)
        return item
