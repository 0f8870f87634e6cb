"""One voice's attempt at a text: what of its audio may be handed over, so that another can go on at any instant.

A listener may hear a word once or not at all, so audio leaves in whole words: of a voice that reports words, as soon as
a word is complete; of one that does not, when its stretch of text is. What comes in is checked before it leaves:
silence in place of speech, and an end before the end of the text, are failures of which nothing was heard. Whoever does
not wait for that takes audio `early`: after a failure the place in the text is then reckoned.
"""

import re
from collections import deque
from dataclasses import dataclass

import numpy as np

from understudy.domain.speech.following import Follower, Timed, atoms, has_words
from understudy.domain.speech.levels import AUDIBLE, Samples, audible_span, frame_levels, speech_level
from understudy.domain.speech.pace import Tempo
from understudy.domain.speech.voice_codec import Words

WIDTH = 2
"""Bytes a sample."""

LEADING_S = 0.6
"""Silence before the first sound that is no speech any more: voices begin within 0.3 s of their audio."""

PAUSE_S = 1.6
"""Silence between sounds that is no pause any more: between sentences voices pause for up to a second."""

MUTE_S = 0.45
"""Seconds of words without sound that are no soft word any more: longer than the softest ones."""

TAIL_S, TAIL_SHARE = 0.1, 0.35
"""Silence at the end of a word, and as a share of it, from which on it may have been cut: the next word will tell."""

LETTER_S = 0.035
"""Seconds that a letter takes at least: half of what it takes on average."""

ENDING_S, ENDING_SHARE = 0.02, 0.25
"""The end of a text, and its level against the speech before, above which it has not died away."""

LATE_S = 0.1
"""By how much the last word may end behind the audio, up to a third of it: times are rounded, some to 80 ms."""

ROUNDING_S = 1e-6
"""What sums of times are off by."""

_ASKS_FOR_SILENCE = re.compile(r"<break|<speak", re.IGNORECASE)


class Unsound(ValueError):
    """The voice says what is not its text; nothing of it was handed over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Audio to hand over, 16-bit PCM, and the words of the text that it completes; either may be empty."""

    audio: bytes
    words: tuple[Timed, ...] = ()


class Take:
    """What one voice has said of a text.

    Args:
        begin: character of the text where it begins.
        rate: samples a second.
        tempo: how long this voice takes for texts.
        strict: another voice could go on: doubt is enough to give this one up.
    """

    def __init__(self, begin: int, rate: int, tempo: Tempo, *, strict: bool = True) -> None:
        self.position = begin
        """Characters of the text that were handed over as audio."""
        self.exact = True
        """Whether `position` is known, rather than reckoned by length."""
        self._rate, self._tempo, self._strict = rate, tempo, strict
        self._held = bytearray()
        self._gone = 0
        """Samples handed over and done with."""
        self._early = 0
        """Samples at the beginning of what is held that were handed over all the same."""
        self._told = 0.0
        """Seconds of the take where the latest word ends that was handed over."""
        self._begin = self._end = begin
        self._from = 0.0
        """Seconds of the take where the present context begins."""
        self._follower = Follower(begin)
        self._known: deque[Timed] = deque()
        self._reported = False
        self._sounded = False
        self._silence = 0.0
        """Seconds since the last sound."""
        self._context = bytearray()
        """Audio of a context without word times."""

    @property
    def received(self) -> float:
        """Seconds of audio that came."""
        return (self._gone + len(self._held) // WIDTH) / self._rate

    @property
    def handed(self) -> float:
        """Seconds of audio that left."""
        return (self._gone + self._early) / self._rate

    @property
    def spoken(self) -> float:
        """Seconds of audio of the present context."""
        return self.received - self._from

    def expected(self, text: str) -> float | None:
        """Seconds that the present context should take; None while too little is known of the voice."""
        return self._tempo.expected(text[self._begin : self._end])

    @property
    def reports(self) -> bool:
        """Whether the present context's words are reported."""
        return self._reported

    @property
    def end(self) -> int:
        """Characters of the text that the voice was given."""
        return self._end

    def context(self, begin: int, end: int) -> None:
        """What comes now is the text from `begin` to `end`, in a context of its own."""
        self._begin, self._end, self._from = begin, end, self.received
        self._follower = Follower(begin)
        self._reported = False
        self._context.clear()

    def extend(self, end: int) -> None:
        """The present context was given more text, up to `end`."""
        self._end = end

    def owes(self, text: str) -> bool:
        """Whether audio is still to come for what the present context was given."""
        if not self._reported:
            return has_words(text[self._begin : self._end])
        late = self._known[-1].stop if self._known else 0.0
        return not self._follower.covers(text, self._end) or late > self.received + ROUNDING_S

    def audio(self, text: str, data: bytes) -> None:
        """The next audio; may end within a sample.

        Raises:
            Unsound: it has been silent for too long.
        """
        new = len(self._held) // WIDTH * WIDTH
        self._held += data
        if not self._reported:
            self._context += data
        levels = frame_levels(_samples(self._held[new:]), self._rate)
        loud = np.flatnonzero(levels >= AUDIBLE)
        seconds = (len(self._held) - new) // WIDTH / self._rate
        last = int(loud[-1]) if len(loud) else None
        self._silence = self._silence + seconds if last is None else seconds * (1 - (last + 1) / len(levels))
        self._sounded = self._sounded or bool(len(loud))
        if self._silence > (PAUSE_S if self._sounded else LEADING_S) and not _ASKS_FOR_SILENCE.search(text):
            raise Unsound("sends silence")

    def words(self, text: str, words: Words) -> None:
        """When words of the present context are heard, from its first audio on."""
        self._reported = True
        for word, start, stop in zip(words.words, words.starts, words.ends, strict=False):
            found = self._follower.follow(text[: self._end], word, start, stop)
            self._known += (timed.later(self._from) for timed in found)

    def ready(self) -> list[Piece]:
        """What may be handed over by now.

        Raises:
            Unsound: words are silent.
        """
        pieces: list[Piece] = []
        doubtful: list[Timed] = []
        mute = 0.0
        while self._known and self._known[0].stop <= self.received + ROUNDING_S:
            timed = self._known.popleft()
            doubtful.append(timed)
            sound, tail = self._sound(timed)
            mute = tail if sound else mute + tail
            if mute > MUTE_S:
                self._known.extendleft(reversed(doubtful))
                raise Unsound("sends silence in place of words")
            if sound:
                whole = doubtful if tail <= max(TAIL_S, TAIL_SHARE * (timed.stop - timed.start)) else doubtful[:-1]
                pieces += [self._piece(word) for word in whole]
                del doubtful[: len(whole)]
        self._known.extendleft(reversed(doubtful))
        if self._known and not doubtful and (pause := self._cut(min(self._known[0].start, self.received))):
            pieces.append(Piece(pause))
        return pieces

    def done(self, text: str) -> list[Piece]:
        """The present context is complete: the rest of it.

        Raises:
            Unsound: it is not: words are missing, or silent.
        """
        pieces = self._rest_of_words(text) if self._reported else self._spread(text)
        self.position = max(self.position, self._end)
        return [*pieces, Piece(self._cut(self.received))]

    def early(self, until: float, *, quiet: bool = False) -> list[Piece]:
        """What cannot be waited for, up to `until` seconds of the take, whatever words it belongs to.

        Silence at its end is left out, since it may be a failure, unless it is to be heard (`quiet`).
        """
        until = min(until, self.received - (0.0 if quiet else self._silence))
        begin, end = self._early, round(until * self._rate) - self._gone
        audio = bytes(self._held[begin * WIDTH : max(begin, end) * WIDTH])
        self._early += len(audio) // WIDTH
        return [Piece(audio)] if audio else []

    def abandon(self, text: str) -> list[Piece]:
        """The voice has failed: what still has to be handed over, so that `position` is where another goes on.

        Only where audio left early: words that have times count when half of them left; without times, all up to the
        latest pause does, and its place in the text is reckoned by its length. Silence at the end is no speech.
        """
        if self.handed <= self._from or (self._reported and not self._early):
            return []
        self.exact = False
        audio, begin, since = b"", self._begin, self._from
        spoken: list[Timed] = []
        if self._reported:
            spoken = self._begun(list(self._known))
            begin, since = max([self.position, *(word.end for word in spoken)]), self._told
        else:
            since += (audible_span(_samples(self._context), self._rate) or (0.0, 0.0))[0]
            audio = self._cut(min(self._latest_pause(), self.received - self._silence))
        if len(spoken) == len(self._known):
            spoken += self._reckoned(text, begin, max([since, *(word.stop for word in spoken)]))
        self.position = max([self.position, *(word.end for word in spoken)])
        return [Piece(audio, tuple(spoken))]

    def _begun(self, words: list[Timed]) -> list[Timed]:
        """Those of which the listener has heard half or more."""
        heard = min(self.handed, self.received - self._silence)
        return [word for word in words if (word.start + word.stop) / 2 <= heard]

    def _reckoned(self, text: str, begin: int, since: float) -> list[Timed]:
        """Words of the text from `begin` on that were heard after `since`, by how long this voice takes for them."""
        spent = min(self.handed, self.received - self._silence) - since
        if spent <= 0.0 or not has_words(text[begin : self._end]):
            return []
        share = self._tempo.share(text[begin : self._end], spent)
        return self._begun(_spread(text, begin, self._end, since, since + spent / (share or 1)))

    def _rest_of_words(self, text: str) -> list[Piece]:
        self._known += (timed.later(self._from) for timed in self._follower.finish(text, self._end))
        if not self._follower.covers(text, self._end):
            raise Unsound("ended before its text did")
        if self._known and self._breaks_off(self._known[-1]):
            raise Unsound("ended before its last word")
        if not all(self._sounds(text, word) for word in self._known):
            raise Unsound("sends silence in place of words")
        left = [self._piece(word) for word in self._known]
        self._known.clear()
        return left

    def _spread(self, text: str) -> list[Piece]:
        """Words of a context without times, by their share of its sound."""
        said = text[self._begin : self._end]
        if not has_words(said):
            return []
        samples = _samples(self._context)
        span = audible_span(samples, self._rate)
        if span is None:
            raise Unsound("sends silence") if self._context else Unsound("finished without audio")
        self._check_end(said, span[1] - span[0], self._died_away(samples), len(samples) / self._rate - span[1])
        begin, end = self._from + span[0], self._from + span[1]
        return [self._piece(word) for word in _spread(text, self._begin, self._end, begin, end)]

    def _check_end(self, said: str, seconds: float, soft: bool, tail: float) -> None:  # noqa: FBT001
        """Whether a text that sounded for `seconds` is whole, by how this voice ends, or others do while it is new.

        What only others speak against is learned all the same, so that a voice unlike them is soon taken as it is.
        """
        tempo, others = self._tempo, self._strict
        shortest, longest = tempo.tails(by_others=others)
        short = seconds < tempo.least(said, by_others=others)
        whole = not short and (soft or not tempo.dies_away(by_others=others)) and shortest <= tail <= longest
        if whole or (not tempo.sure and seconds >= tempo.least(said, by_others=False)):
            tempo.learn(said, seconds, soft=soft, tail=tail)
        if not whole:
            raise Unsound("ended before its text did")

    def _died_away(self, samples: Samples) -> bool:
        """Whether the speech ends in near silence, as voices do that have come to their end."""
        last = samples[-max(1, round(ENDING_S * self._rate)) :]
        level, _ = speech_level(samples, self._rate)
        return float(np.sqrt(np.mean(last.astype(np.float64) ** 2))) < max(AUDIBLE, ENDING_SHARE * level)

    def _piece(self, word: Timed) -> Piece:
        self.position, self._told = max(self.position, word.end), word.stop
        return Piece(self._cut(min(word.stop, self.received)), (word,))

    def _sound(self, word: Timed) -> tuple[bool, float]:
        """Whether there is sound where the word should be, and the silence at its end; gone audio was sound."""
        start, stop = (max(0, round(at * self._rate) - self._gone) for at in (word.start, word.stop))
        samples = _samples(self._held[start * WIDTH : stop * WIDTH])
        span = audible_span(samples, self._rate)
        if not len(samples):
            return True, 0.0
        return span is not None, len(samples) / self._rate - (span[1] if span else 0.0)

    def _breaks_off(self, last: Timed) -> bool:
        return last.stop - self.received > min(LATE_S, TAIL_SHARE * (last.stop - last.start)) + ROUNDING_S

    def _sounds(self, text: str, word: Timed) -> bool:
        """Whether a word that nothing follows sounds for as long as it takes at least."""
        sound, tail = self._sound(word)
        letters = sum(character.isalnum() for character in text[word.begin : word.end])
        gone = max(0.0, self._gone / self._rate - word.start)
        return sound and word.stop - word.start - tail + gone >= min(LETTER_S * letters, 0.5 * (word.stop - word.start))

    def _cut(self, until: float) -> bytes:
        """The held audio up to `until` seconds of the take, without what left early."""
        size = max(0, min(round(until * self._rate) - self._gone, len(self._held) // WIDTH))
        audio = bytes(self._held[min(size, self._early) * WIDTH : size * WIDTH])
        del self._held[: size * WIDTH]
        self._gone += size
        self._early = max(0, self._early - size)
        return audio

    def _latest_pause(self) -> float:
        """The last quiet instant of what is held; its beginning when it has none."""
        levels = frame_levels(_samples(self._held), self._rate)
        quiet = np.flatnonzero(levels < max(AUDIBLE, 0.1 * float(levels.max(initial=0.0))))
        return self._gone / self._rate + (float(quiet[-1]) * 0.01 if len(quiet) else 0.0)


def _samples(data: bytes | bytearray) -> Samples:
    return np.frombuffer(bytes(data[: len(data) // WIDTH * WIDTH]), dtype="<i2")


def _spread(text: str, begin: int, end: int, start: float, stop: float) -> list[Timed]:
    """The words of `text[begin:end]` from `start` to `stop`, each as long as its share of the characters."""
    found = list(atoms(text, begin, end))
    total = sum(last - first + 1 for first, last in found) or 1
    timed, passed = [], 0
    for first, last in found:
        here = start + (stop - start) * passed / total
        passed += last - first + 1
        timed.append(Timed(first, last, here, start + (stop - start) * passed / total))
    return timed
