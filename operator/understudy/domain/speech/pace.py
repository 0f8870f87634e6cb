"""What is known of a voice's timing: how soon it begins, and how long it takes for a text."""

import math
from dataclasses import dataclass, replace

import numpy as np

PRIOR_S = 0.25
"""First audio of a voice that was not heard yet: the usual ones take 0.1 to 0.4 s."""

UNKNOWN_S = 1.0
"""Longest wait for the first audio of a voice that was not heard `ENOUGH` times: slow ones take 0.8 s."""

LONGEST_S = 2.0
"""Longest wait for the first audio of any voice: a caller takes 2 s of nothing for a dead line."""

SHORTEST_S = 0.1
"""Least allowance over the mean: a pause of the network is no failure."""

DEVIATIONS = 5.0
"""Mean deviations over the mean that are waited for: about one first audio in ten thousand comes later."""

ENOUGH = 3
"""Times after which what was learned counts."""

MEMORY = 30.0
"""Times over which the average goes: a voice's speed changes over minutes."""

FASTEST = 22.0
"""Letters a second that no voice speaks at its usual speed: 260 words a minute. Less audio is not the whole text."""

LEAST_SHARE, MOST_SHARE = 0.5, 0.95
"""Share of the expected length below which audio is not the whole text: by how well the voice is known."""

USUAL_S = 0.075
"""Seconds a character but spaces, of a voice of which nothing is known: 160 words a minute."""

OTHERS_SHARE = 0.8
"""The most of it for a voice that is not known, by what others take: voices differ by a third."""

SPREADS, OTHERS_SPREADS = 6.0, 3.0
"""Mean errors below the expected length from which on a text is not whole; the others' hold how they differ."""

LEAST_TAIL_S = 0.15
"""Seconds beyond its usual silence at the end of a text that a voice may add."""

LEAST_SPREAD_S = 0.015
"""Seconds by which the silence at the end of a text may be shorter than usual: how exactly it is measured."""

SURE, MOSTLY = 4.0, 0.95
"""Texts after which it is known how a voice ends, and the share of them that have to end so."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Seconds from a text to its first audio, averaged over the latest times."""

    mean: float = PRIOR_S
    deviation: float = 0.0
    seen: float = 0.0

    def learn(self, seconds: float) -> "Onset":
        """It took this long."""
        seen = min(self.seen + 1.0, MEMORY)
        mean = self.mean + (seconds - self.mean) / seen
        deviation = self.deviation + (abs(seconds - mean) - self.deviation) / seen
        return replace(self, mean=mean, deviation=deviation, seen=seen)

    @property
    def patience(self) -> float:
        """Seconds after which the first audio is taken to be lost."""
        if self.seen < ENOUGH:
            return UNKNOWN_S
        return min(LONGEST_S, self.mean + max(SHORTEST_S, self.mean / 2, DEVIATIONS * self.deviation))


class Tempo:
    """How long a voice takes for a text, learned as seconds a word and seconds a character together.

    A voice reads `a b c` slower than `abc`, so characters alone do not tell; least squares over both, the past fading.

    Args:
        others: what all voices take, for as long as this one is not known.
        speed: how much faster than usual it was asked to speak.
    """

    def __init__(self, others: "Tempo | None" = None, speed: float = 1.0) -> None:
        self._others, self._speed = others, max(1.0, speed)
        self._normal = np.zeros((2, 2))
        self._sums = np.zeros(2)
        self._seen = 0.0
        self._error, self._judged, self._soft = 0.0, 0.0, 0.0
        self._tail = Onset()

    def learn(self, text: str, seconds: float, *, soft: bool = False, tail: float = 0.0) -> None:
        """`text` sounded for `seconds`; `soft`: and died away at its end; `tail`: seconds of silence behind it."""
        measured = _measure(text)
        if not measured[1]:
            return
        if expected := self.expected(text):
            self._judged = min(self._judged + 1.0, MEMORY)
            self._error += (abs(seconds / expected - 1.0) - self._error) / self._judged
        fade = 1.0 - 1.0 / MEMORY
        self._normal = fade * self._normal + np.outer(measured, measured)
        self._sums = fade * self._sums + measured * seconds
        self._seen += 1.0
        self._soft += (soft - self._soft) / min(self._seen, MEMORY)
        self._tail = self._tail.learn(tail)
        if self._others is not None:
            self._others.learn(text, seconds, soft=soft, tail=tail)

    @property
    def sure(self) -> bool:
        """Whether it is known how this very voice ends."""
        return self._seen >= SURE

    def tails(self, *, by_others: bool = True) -> tuple[float, float]:
        """Seconds of silence that are behind a text, at least and at most; other silence is not its end."""
        if not self.sure:
            return self._others.tails() if self._others and by_others else (0.0, math.inf)
        usual, spread = self._tail.mean, DEVIATIONS * self._tail.deviation
        return usual - max(LEAST_SPREAD_S, spread), usual + max(LEAST_TAIL_S, spread)

    def dies_away(self, *, by_others: bool = True) -> bool:
        """Whether a text that this voice has said to its end dies away: then one that breaks off is not whole."""
        if not self.sure:
            return self._others is not None and by_others and self._others.dies_away()
        return self._soft >= MOSTLY

    def expected(self, text: str) -> float | None:
        """Seconds that `text` should take; None while too little is known."""
        if self._seen < ENOUGH:
            return None
        ridge = np.eye(2) * 1e-3 * max(1.0, float(np.trace(self._normal)))
        usual = np.array([0.0, self._sums[1] / self._normal[1, 1]])  # by characters alone
        weights = usual + np.linalg.solve(self._normal + ridge, self._sums - self._normal @ usual)
        return max(0.0, float(weights @ _measure(text)))

    def least(self, text: str, *, by_others: bool = True) -> float:
        """Seconds below which audio cannot be the whole of `text`; `by_others`: as far as other voices tell."""
        floor = sum(character.isalnum() for character in text) / FASTEST / self._speed
        expected = self.expected(text)
        if expected is None:
            return max(floor, self._others.typical(text) / self._speed if self._others and by_others else 0.0)
        return max(floor, expected * self._share(SPREADS, MOST_SHARE))

    def typical(self, text: str) -> float:
        """The same for a voice that is only known to be like those that were heard; 0 when none was."""
        expected = self.expected(text)
        if expected is None:
            return self._others.typical(text) if self._others else 0.0
        return expected * self._share(OTHERS_SPREADS, OTHERS_SHARE)

    def _share(self, spreads: float, most: float) -> float:
        """Share of the expected length that a text has at least."""
        known = 1.0 - spreads * self._error if self._judged >= ENOUGH else LEAST_SHARE
        return min(most, max(LEAST_SHARE, known))

    def share(self, text: str, seconds: float) -> float:
        """How much of `text` is spoken after `seconds`, 0 to 1, as far as can be told."""
        expected = self.expected(text) or USUAL_S * float(_measure(text)[1])
        return min(1.0, seconds / expected) if expected else 0.0


def _measure(text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Words and characters."""
    return np.array([float(len(text.split())), float(len("".join(text.split())))])
