"""What is known of one deployment: how long it takes to the first clause, how much that varies, how often it hangs.

The logarithm of the median is believed to be at one of a few dozen levels (`levels.py`), to stay there for minutes and
then to jump to another one: a hidden Markov model, followed by Bayes' rule (a jump filter). Right after a sample the
present level counts; after minutes without one the belief is back at the deployment's habits, which are drawn to what
all deployments have in common while they are little known. Unlike a mean and a deviation, a belief can say "as fast as
ever or three times slower", which is what a first late answer means.

A request that was cut is a censored sample: it hung, or the level is above the time it was waited for; Bayes' rule says
how much of each. An update is O(1): a fixed number of levels.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from understudy.domain.routing.pool.levels import LOG_MEDIANS, Vector, bell, density, later

REGIME_S = 240.0
"""Mean time that a deployment stays at one level: regimes of real deployments last minutes."""

WANDER = 0.04
"""Part of the belief that moves to each neighbouring level with every sample: levels are not quite still."""

PRIOR_SECONDS = 0.5
"""Time to the first clause of a deployment that nothing is known of: small hosted models take 0.3 to 1 s."""

PRIOR_WIDTH = 0.5
"""Width of that belief: a factor of 1.6 either way."""

PRIOR_NOISE = 0.27
"""Standard deviation of the logarithm from request to request, before it is learned."""

LEAST_NOISE = 0.1
"""Nothing on a network varies by less than 10 %, and levels lie 13 % apart."""

MOST_NOISE = 0.7
"""More than this is not noise but a mixture of levels."""

NOISE_MEMORY = 40.0
"""Samples over which the noise is averaged."""

NOISE_WEIGHT = 10.0
"""Samples that the prior noise is worth."""

SPIKE = 3.0
"""Standard deviations past which a sample says something about hangs or levels and nothing about noise."""

HABIT_LOOKS = 12.0
"""Independent looks over which habits are averaged: about an hour's worth."""

COMMON_WEIGHT = 2.0
"""Looks that what all have in common is worth."""

COMMON_MEMORY = 400.0
"""Samples of all deployments together over which what they have in common is averaged."""

PRIOR_HANG = 0.03
"""Share of hangs assumed at first."""

HANG_WEIGHT = 60.0
"""Samples that the common share of hangs is worth to a single deployment."""

HANG_MEMORY_S = 300.0
"""Time constant over which a deployment's own hangs are forgotten: outages end."""

HUNG_DENSITY = 0.15
"""Density of the logarithmic time of a hung request that answers after all: anywhere within seconds."""

SHORT_WAIT = 0.3
"""Part of the answers that would have come later: with more, a cut says nothing about the deployment's health."""

KNOWN_AFTER = 30
"""Samples before answers that come together count as one: until then each moves the belief."""

FLOOR = 1e-9
"""Belief that no level falls below: the surest belief can be wrong."""


@dataclass(slots=True)
class Commons:
    """What all deployments have in common: what is assumed of one that little is known of.

    Attributes:
        levels: belief about a deployment nothing is known of.
        hang: share of requests that hang.
    """

    levels: Vector = field(default_factory=lambda: bell(math.log(PRIOR_SECONDS), PRIOR_WIDTH))
    hang: float = PRIOR_HANG
    _looks: float = 3.0
    _counted: float = HANG_WEIGHT

    def looked(self, belief: Vector, look: float) -> None:
        """A deployment was found at these levels; `look`: how independent that is of the last time."""
        self._looks = min(self._looks + look, COMMON_MEMORY)
        self.levels = self.levels + (look / self._looks) * (belief - self.levels)

    def count(self, hung: float) -> None:
        """Whether a request hung, as a probability."""
        self._counted = min(self._counted + 1.0, COMMON_MEMORY)
        self.hang += (hung - self.hang) / self._counted


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a deployment is expected to do now.

    Attributes:
        location: mean of the logarithm of seconds to the first clause, cold prompt tokens left out.
        spread: standard deviation of `location` itself: how little is known.
        noise: standard deviation of one request's logarithm around it.
        hang: probability that a request hangs.
    """

    location: float
    spread: float
    noise: float
    hang: float


class Estimate:
    """The state of one deployment; times on one clock, seconds.

    Attributes:
        at: when it was last heard of; None: never.
        samples: how often.
        noise: standard deviation of the logarithm from request to request.
        streak: requests in a row that were cut.
        belief: probability of each level, at `at`.
        habits: the same for a time about which nothing was heard.
    """

    __slots__ = (
        "_hang_weight",
        "_hangs",
        "_history",
        "_looks",
        "_moments",
        "_noise_weight",
        "_took_at",
        "at",
        "belief",
        "commons",
        "habits",
        "noise",
        "samples",
        "streak",
    )

    def __init__(self, commons: Commons | None = None) -> None:
        self.commons = commons or Commons()
        self.at: float | None = None
        self.samples = 0
        self.streak = 0
        self.noise = PRIOR_NOISE
        self._noise_weight = NOISE_WEIGHT
        self._hangs = self._hang_weight = 0.0
        self._took_at = -math.inf
        self._looks = 0.0
        self._history: Vector = np.zeros_like(LOG_MEDIANS)
        self.habits = self.belief = self.commons.levels
        self._moments = (*_moments(self.belief), *_moments(self.habits))

    @property
    def hang(self) -> float:
        """Probability that a request hangs: its own share, drawn to the common one while there are few samples."""
        return (self._hangs + HANG_WEIGHT * self.commons.hang) / (self._hang_weight + HANG_WEIGHT)

    def kept(self, now: float) -> float:
        """Probability that it is still at the level it was last seen at."""
        return 1.0 if self.at is None or now <= self.at else math.exp((self.at - now) / REGIME_S)

    def expected(self, now: float) -> Vector:
        """Probability of each level at `now`."""
        kept = self.kept(now)
        return self.belief * kept + self.habits * (1.0 - kept)

    def outlook(self, now: float) -> Outlook:
        """What is expected at `now`."""
        kept = self.kept(now)
        mean, square, mean0, square0 = self._moments
        location = kept * mean + (1.0 - kept) * mean0
        variance = kept * square + (1.0 - kept) * square0 - location * location
        return Outlook(location, math.sqrt(max(variance, 0.0)), self.noise, self.hang)

    def took(self, log_seconds: float, now: float) -> None:
        """A request's first clause came; `log_seconds` has cold prompt tokens taken out."""
        before, look = self._begin(now)
        hang = self.hang
        proper = before * ((1.0 - hang) * density(log_seconds, self.noise))
        hung = before * (hang * HUNG_DENSITY)
        total = float(proper.sum() + hung.sum())
        self.streak = 0
        self._took_at = now
        self._learn_noise(log_seconds - float(proper @ LOG_MEDIANS) / max(float(proper.sum()), FLOOR))
        self._end((proper + hung) / total, look, float(hung.sum()) / total)

    def waited(self, log_seconds: float, now: float) -> None:
        """A request was cut after this long without its first clause."""
        before, look = self._begin(now)
        hang = self.hang
        proper = before * ((1.0 - hang) * later(log_seconds, self.noise))
        hung = before * hang
        total = float(proper.sum() + hung.sum())
        if float(proper.sum()) < SHORT_WAIT * (1.0 - hang):
            self.streak += 1  # a wait that many answers would have outlasted says nothing
        self._end((proper + hung) / total, look, float(hung.sum()) / total)

    def looked_at(self, now: float, within_s: float) -> bool:
        """Whether an answer's time was learned so lately that another one says nothing new."""
        return self.samples >= KNOWN_AFTER and not self.streak and 0.0 <= now - self._took_at < within_s

    def answered(self) -> None:
        """A request did not hang; of how long it took nothing is learned."""
        self.samples += 1
        self._hang_weight += 1.0
        self.commons.count(0.0)

    def failed(self, now: float) -> None:
        """A request failed before its first clause: as bad for the turn as a hang, though it costs no time."""
        before, look = self._begin(now)
        self._end(before, look, 1.0)

    def _begin(self, now: float) -> tuple[Vector, float]:
        """The belief at `now`, and how independent a look at it is of the last one."""
        kept = self.kept(now) if self.at is not None else 0.0
        before = self.expected(now)
        since = max(0.0, now - self.at) if self.at is not None else 0.0
        faded = math.exp(-since / HANG_MEMORY_S)
        self._hangs *= faded
        self._hang_weight *= faded
        self.at = now if self.at is None else max(now, self.at)
        self.samples += 1
        return before, 1.0 - kept

    def _end(self, belief: Vector, look: float, hung: float) -> None:
        moved = (1.0 - 2.0 * WANDER) * belief + FLOOR
        moved[1:] += WANDER * belief[:-1]
        moved[:-1] += WANDER * belief[1:]
        self.belief = moved / moved.sum()
        self._hangs += hung
        self._hang_weight += 1.0
        self.commons.count(hung)
        self._remember(look)
        self._moments = (*_moments(self.belief), *_moments(self.habits))

    def _remember(self, look: float) -> None:
        """Let habits follow, by independent looks rather than by samples."""
        faded = 1.0 - look / HABIT_LOOKS
        self._looks = self._looks * faded + look
        self._history = self._history * faded + look * self.belief
        self.commons.looked(self.belief, look)
        self.habits = (self._history + COMMON_WEIGHT * self.commons.levels) / (self._looks + COMMON_WEIGHT)

    def _learn_noise(self, error: float) -> None:
        if abs(error) > SPIKE * self.noise:
            return
        self._noise_weight = min(self._noise_weight + 1.0, NOISE_MEMORY)
        variance = self.noise * self.noise
        variance += (error * error - variance) / self._noise_weight
        self.noise = min(max(math.sqrt(variance), LEAST_NOISE), MOST_NOISE)


def _moments(belief: Vector) -> tuple[float, float]:
    """Mean and mean square of the logarithmic median."""
    return float(belief @ LOG_MEDIANS), float(belief @ _SQUARES)


_SQUARES = LOG_MEDIANS * LOG_MEDIANS
