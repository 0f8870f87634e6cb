"""A caller whose frames are numbers, and transcribers that hear them, for tests of what the agent is told."""

from collections import deque
from random import Random
from typing import Any

from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.codec import Ack, AudioFormat, Event, Flushed, Result, Traits, Word
from understudy.domain.speech.deepgram import Asked
from understudy.domain.speech.feed import Piece
from understudy.domain.speech.listening import Listening
from understudy.domain.speech.marks import Mark

RATE = 8000
AUDIO = AudioFormat("linear16", RATE, 1)
FRAME_S = 0.02
FRAME = int(RATE * FRAME_S)
LOUD = 8000
SILENCE = bytes(FRAME * 2)

Socket = Listening


def frame(number: int) -> bytes:
    """20 ms of speech that says `number`."""
    return (LOUD + number).to_bytes(2, "little") * FRAME


def numbers_in(audio: bytes) -> list[int | None]:
    """What each frame says; None: silence."""
    starts = range(0, len(audio), FRAME * 2)
    said = [int.from_bytes(audio[at : at + 2], "little") for at in starts]
    return [value - LOUD if value else None for value in said]


class FakeProvider:
    """Hears frames, and says them when asked, or when it likes.

    Args:
        ack: how exactly it says what its finals cover.
    """

    def __init__(self, ack: Ack) -> None:
        self.traits = Traits(ack)
        self.heard: list[int | None] = []
        self.said = 0
        self.events: deque[Event] = deque()
        self.finalizes = 0

    def take(self, item: Piece | Mark) -> None:
        if isinstance(item, Mark):
            self.finalizes += 1
            if any(number is not None for number in self.heard[self.said :]):
                self.say(len(self.heard), from_finalize=True)
            else:
                self.said = len(self.heard)
                self.events.append(Flushed())
        else:
            self.heard += numbers_in(item.audio)

    def say(self, upto: int, *, final: bool = True, from_finalize: bool = False) -> None:
        """Transcribe what was heard up to frame `upto`."""
        words = tuple(
            Word(str(number), at * FRAME_S, (at + 1) * FRAME_S)
            for at, number in enumerate(self.heard[:upto])
            if at >= self.said and number is not None
        )
        timed = self.traits.ack is Ack.WORD
        text = " ".join(word.text for word in words)
        end = upto * FRAME_S if timed else None
        self.events.append(Result(text, final, from_finalize, end, words=words if timed else ()))
        if final:
            self.said = upto


class World:
    """An agent's socket with one transcriber after the other."""

    def __init__(self, ack: Ack = Ack.WORD, asked: Asked | None = None) -> None:
        self.now = 0.0
        self.socket = Listening(AUDIO, asked)
        self.told: list[ToAgent] = []
        self.asked = 0
        self.spoken: list[int] = []
        self.provider = FakeProvider(ack)
        self.connect(ack)

    def connect(self, ack: Ack) -> None:
        """The transcriber is replaced; what the old one had not said yet is gone."""
        self.provider = FakeProvider(ack)
        self.socket.connect(self.provider.traits, self.now)
        self.flow()

    def speak(self, frames: int) -> None:
        for _ in range(frames):
            self.spoken.append(len(self.spoken) + 1)
            self._hear(frame(self.spoken[-1]))

    def pause(self, frames: int) -> None:
        for _ in range(frames):
            self._hear(SILENCE)

    def finalize(self) -> None:
        self.asked += 1
        self.told += self.socket.finalize(self.now)
        self.flow()

    def deliver(self, events: int = 100) -> None:
        """The transcriber's next events arrive."""
        while self.provider.events and events:
            events -= 1
            self.told += self.socket.received(self.provider.events.popleft(), self.now)

    def flow(self) -> None:
        while (item := self.socket.next(FRAME * 5, self.now)) is not None:
            self.provider.take(item)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.told += self.socket.tick(self.now)

    def end(self) -> None:
        """The transcriber says all it has, and the agent's socket ends."""
        self.pause(40)
        self.deliver()
        self.told += self.socket.closing()
        self.flow()
        if self.provider.traits.ack is Ack.WORD:
            self.provider.say(len(self.provider.heard))
        self.deliver()
        self.told += self.socket.settle()

    def finals(self) -> list[tuple[str, bool]]:
        """(text, answers a Finalize) of each final."""
        return [
            (item.message["channel"]["alternatives"][0]["transcript"], item.message["from_finalize"])
            for item in self.told
            if item.message.get("is_final")
        ]

    def final_numbers(self) -> list[int]:
        return [int(word) for text, _ in self.finals() for word in text.split()]

    def interims(self) -> list[dict[str, Any]]:
        return [item.message for item in self.told if item.message.get("is_final") is False]

    def happen(self, random: Random) -> None:
        """Something that can happen at this moment."""
        match random.randrange(9):
            case 0 | 1 | 2:
                self.speak(random.randint(5, 40))
            case 3:
                self.pause(random.randint(5, 60))
            case 4:
                self.finalize()
            case 5:
                self.deliver(random.randint(1, 4))
            case 6:
                self.connect(random.choice(list(Ack)))
            case 7:
                self._say_something(random)
            case 8:
                self.wait(random.choice([0.1, 0.6, 1.5]))

    def _say_something(self, random: Random) -> None:
        heard, said = len(self.provider.heard), self.provider.said
        if heard > said:
            self.provider.say(random.randint(said + 1, heard), final=random.random() < 0.5)

    def _hear(self, audio: bytes) -> None:
        self.now += FRAME_S
        self.told += self.socket.audio(audio)
        self.flow()
