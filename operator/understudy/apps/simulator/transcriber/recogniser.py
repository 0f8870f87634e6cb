"""From the event loop to the ears: recognition without stalling the loop."""

import asyncio
import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Protocol

from understudy.apps.simulator.audio.chords import Chord, Reader
from understudy.apps.simulator.audio.numbered import recognised, text_of
from understudy.apps.simulator.script import Recogniser, TranscriberSettings
from understudy.apps.simulator.transcriber import ears
from understudy.apps.simulator.transcriber.ears import Recognised, Word

_keys = itertools.count()
"""Streams are told apart by number, across all pools of this process: without processes they share one set of ears."""

INTERIM_WORDS_PER_SECOND = 2.5
"""How fast the scripted recogniser pretends to hear."""


class Listener(Protocol):
    """Recognises one stream, utterance by utterance."""

    async def hear(self, sound: bytes, rate: int) -> str:
        """More PCM of the utterance; returns the guess so far."""
        ...

    async def end(self) -> Recognised:
        """The utterance is complete."""
        ...


class ScriptListener:
    """Says the next of its transcripts, whatever it hears."""

    def __init__(self, transcripts: Sequence[str]) -> None:
        self._next = itertools.cycle([text.split() for text in transcripts] or [[]])
        self._words: list[str] | None = None
        self._seconds = 0.0

    async def hear(self, sound: bytes, rate: int) -> str:
        """As many words as could have been said by now."""
        self._words = next(self._next) if self._words is None else self._words
        self._seconds += len(sound) / 2 / rate
        return " ".join(self._words[: int(self._seconds * INTERIM_WORDS_PER_SECOND) + 1])

    async def end(self) -> Recognised:
        """The whole transcript, if anything was heard."""
        words, seconds = self._words or [], self._seconds
        self._words, self._seconds = None, 0.0
        step = seconds / max(len(words), 1)
        timed = tuple(Word(word, step * at, step * (at + 1)) for at, word in enumerate(words))
        return Recognised(" ".join(words), timed, confidence=1.0 if words else 0.0)


class IndexListener:
    """Recognises numbered speech: which words it heard, and exactly when. Speech without numbers is silence to it."""

    def __init__(self) -> None:
        self._reader: Reader | None = None

    async def hear(self, sound: bytes, rate: int) -> str:
        """The words that were heard to their end, or far enough to be told."""
        self._reader = self._reader or Reader(rate)
        self._reader.feed(sound)
        return _text(recognised(self._reader.chords()))

    async def end(self) -> Recognised:
        """All words of the utterance."""
        reader, self._reader = self._reader, None
        words = recognised(reader.chords()) if reader else []
        timed = tuple(Word(text_of(word.number), word.start, word.end) for word in words)
        return Recognised(_text(words), timed, confidence=1.0 if words else 0.0)


def _text(words: Sequence[Chord]) -> str:
    return " ".join(text_of(word.number) for word in words)


class SphinxListener:
    """One stream in one of the pool's processes."""

    def __init__(self, executor: Executor, key: int) -> None:
        self._executor = executor
        self._key = key

    async def hear(self, sound: bytes, rate: int) -> str:
        """More PCM of the utterance; returns the guess so far."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, ears.hear, self._key, sound, rate)

    async def end(self) -> Recognised:
        """The utterance is complete."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, ears.end, self._key)


class RecogniserPool:
    """The processes that recognise; a stream stays in the process it started in.

    Args:
        processes: how many; 0 recognises in a thread of this process.
    """

    def __init__(self, processes: int) -> None:
        self._executors = [_process() for _ in range(processes)] or [ThreadPoolExecutor(1)]

    async def warm(self) -> None:
        """Start the processes and load the model, so that the first call does not wait for it."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(executor, ears.prepare) for executor in self._executors))

    def listener(self, settings: TranscriberSettings) -> Listener:
        """A listener for one stream, of the kind that the script names."""
        match settings.recogniser:
            case Recogniser.SCRIPT:
                return ScriptListener(settings.transcripts)
            case Recogniser.INDEX:
                return IndexListener()
        return self._sphinx()

    def _sphinx(self) -> SphinxListener:
        key = next(_keys)
        return SphinxListener(self._executors[key % len(self._executors)], key)

    def close(self) -> None:
        """Stop the processes."""
        for executor in self._executors:
            executor.shutdown(cancel_futures=True)


def _process() -> Executor:
    """One worker. Spawned, not forked: a fork would copy the event loop's sockets."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=ears.prepare)
