"""Brings what several contexts of one voice say at the same time into the order of their texts."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from understudy.base.errors import ProviderError
from understudy.domain.speech.voice_codec import Done, VoiceEvent


@dataclass(frozen=True, slots=True)
class Begun:
    """What follows is the text from `begin` to `end`; the voice was given it at `at`, seconds on the loop's clock."""

    begin: int
    end: int
    at: float


@dataclass(frozen=True, slots=True)
class More:
    """The present context was given more text, up to `end`, at `at`."""

    end: int
    at: float


@dataclass(frozen=True, slots=True)
class Given:
    """The voice was given all the text that there will be: from now on it is known what it owes."""


@dataclass(frozen=True, slots=True)
class Over:
    """The voice has said all it was given, and gets no more."""


Item = Begun | More | Given | Over | VoiceEvent | ProviderError


@dataclass(eq=False, slots=True)
class Part:
    """One context's place in the order."""

    waiting: list[Item] = field(default_factory=list)


class Lineup:
    """The order of one take's contexts."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Item] = asyncio.Queue()
        """What is said, in the order of the text."""
        self._parts: deque[Part] = deque()

    def open(self, begun: Begun) -> Part:
        """A context begins, behind those that were opened before."""
        part = Part()
        self._parts.append(part)
        self.put(part, begun)
        return part

    def put(self, part: Part, item: Item) -> None:
        """Something of `part`; `Done` lets the next one speak."""
        if part not in self._parts:
            return
        part.waiting.append(item)
        self._advance()

    def over(self) -> None:
        """No context follows."""
        self.queue.put_nowait(Given())
        self._parts.append(Part([Over()]))
        self._advance()

    def fail(self, error: ProviderError) -> None:
        """The voice cannot go on at all."""
        self.queue.put_nowait(error)

    def _advance(self) -> None:
        while self._parts:
            head, done = self._parts[0], False
            for item in head.waiting:
                self.queue.put_nowait(item)
                done = done or isinstance(item, Done)
            head.waiting.clear()
            if not done:
                return
            self._parts.popleft()
