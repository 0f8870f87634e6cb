"""What is known of one deployment: how long it takes to the first clause, how much that varies, how often it hangs.

The logarithm of the time is followed by a Kalman filter whose state drifts back to the deployment's own long-run mean
(an Ornstein-Uhlenbeck process): right after a sample the latest regime counts, and after minutes without one the
estimate is the long-run mean again, with the spread that the deployment has shown. An update is O(1).

A request that was cut is a censored sample: either it hung, or it came from the tail, or the deployment has become
slower; the posterior of each decides what is learned. Samples that contradict the estimate twice in a row are a new
regime, and are believed at once.
"""

import math
from dataclasses import dataclass

REVERT_S = 150.0
"""Time constant of the drift to the long-run mean: regimes of real deployments last minutes."""

STILL_S = 5.0
"""Seconds in which a mean does not move enough to compute how far: 3 % of the way."""

PRIOR_SECONDS = 0.6
"""Time to the first clause of a deployment that nothing is known of: small hosted models take 0.3 to 1 s."""

PRIOR_SPREAD = 0.6
"""Standard deviation of a deployment's logarithmic mean before anything is known: a factor of 1.8 either way."""

PRIOR_NOISE = 0.35
"""Standard deviation of the logarithm from request to request, before it is learned."""

LEAST_NOISE = 0.08
"""Nothing on a network varies by less than 8 %."""

MOST_NOISE = 0.9
"""More than this is not noise but a mixture of regimes."""

OUTLIER = 2.6
"""Standard deviations past which a sample is an outlier: 1 % of proper samples."""

JUMP_SPREAD = 0.5
"""Standard deviation of the mean after a jump."""

HANG_MEMORY = 150.0
"""Samples over which the share of hangs is averaged: 5 % of hangs are then seen seven times."""

PRIOR_HANG = 0.02
"""Share of hangs assumed at first."""

PRIOR_HANG_SAMPLES = 12.0
"""Weight of that assumption, in samples."""

_SQRT2 = math.sqrt(2.0)
_SQRT2PI = math.sqrt(2.0 * math.pi)


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
    """The state of one deployment; times on one clock, seconds."""

    __slots__ = (
        "at",
        "hang_weight",
        "hangs",
        "long_run",
        "long_run_weight",
        "noise2",
        "samples",
        "since_jump",
        "streak",
        "streak_hangs",
        "variance",
        "wander2",
        "x",
    )

    def __init__(self, location: float | None = None) -> None:
        self.x = math.log(PRIOR_SECONDS) if location is None else location
        self.variance = PRIOR_SPREAD**2
        self.noise2 = PRIOR_NOISE**2
        self.long_run = self.x
        self.long_run_weight = 0.0
        self.wander2 = PRIOR_SPREAD**2
        """Variance of the mean over regimes."""
        self.hangs = PRIOR_HANG * PRIOR_HANG_SAMPLES
        self.hang_weight = PRIOR_HANG_SAMPLES
        self.at: float | None = None
        self.samples = 0
        self.streak = 0
        """Outliers in a row; positive: too slow, cut ones included; negative: too fast."""
        self.streak_hangs = 0.0
        """How much of the streak was taken for hangs."""

    @property
    def hang(self) -> float:
        """Probability that a request hangs."""
        return self.hangs / self.hang_weight

    @property
    def noise(self) -> float:
        """Standard deviation of the logarithm from request to request."""
        return math.sqrt(self.noise2)

    def outlook(self, now: float) -> Outlook:
        """What is expected at `now`."""
        x, variance = self._drifted(now)
        return Outlook(x, math.sqrt(variance), math.sqrt(self.noise2), self.hangs / self.hang_weight)

    def drift(self, now: float) -> float:
        """How far the mean has moved since the last sample, back to the long run."""
        if self.at is None or now - self.at < STILL_S:
            return 0.0
        return (self.long_run - self.x) * (1.0 - math.exp((self.at - now) / REVERT_S))

    def took(self, log_seconds: float, now: float) -> None:
        """A request's first clause came; `log_seconds` has cold prompt tokens taken out."""
        self._move_to(now)
        self.samples += 1
        error = log_seconds - self.x
        total = self.variance + self.noise2
        score = error / math.sqrt(total)
        if abs(score) > OUTLIER:
            self._outlier(error, 1 if score > 0 else -1)
        else:
            self.streak = 0
            self.streak_hangs = 0.0
        if abs(score) > OUTLIER and abs(self.streak) < 2:  # noqa: PLR2004 - the first may be a spike
            error = math.copysign(OUTLIER * math.sqrt(total), error)
        gain = self.variance / (self.variance + self.noise2)
        self.x += gain * error
        self.variance *= 1.0 - gain
        self._learn_noise(error, gain)
        self._remember()
        self._count_hang(0.0)

    def waited(self, log_seconds: float, now: float) -> None:
        """A request was cut after this long without its first clause."""
        self._move_to(now)
        self.samples += 1
        noise = math.sqrt(self.noise2)
        score = (log_seconds - self.x) / math.sqrt(self.variance + self.noise2)
        tail = 0.5 * math.erfc(score / _SQRT2)
        hang = self.hang
        hung = hang / (hang + (1.0 - hang) * tail) if hang > 0 else 0.0
        self._count_hang(hung)
        self.streak = max(self.streak, 0) + 1
        self.streak_hangs += hung
        if self.streak > 1 and score > 0.5:  # noqa: PLR2004 - see below
            # Twice in a row: a deployment that has become slower explains that better than two hangs do.
            self.hangs = max(PRIOR_HANG, self.hangs - 0.7 * self.streak_hangs)
            self.streak_hangs = 0.0
            self.x = max(self.x, log_seconds + 0.5 * noise)
            self.variance = max(self.variance, JUMP_SPREAD**2)
            return
        density = math.exp(-0.5 * score * score) / _SQRT2PI
        excess = noise * density / max(tail, 1e-9)
        gain = self.variance / (self.variance + self.noise2)
        self.x += (1.0 - hung) * gain * min(excess, 3.0 * noise)
        # It may have become slower: less is known than before.
        self.variance += 0.05

    def failed(self, now: float) -> None:
        """A request failed before its first clause: as bad for the turn as a hang, though it costs no time."""
        self._move_to(now)
        self.samples += 1
        self._count_hang(1.0)

    def _outlier(self, error: float, sign: int) -> None:
        self.streak = self.streak + sign if self.streak * sign > 0 else sign
        if abs(self.streak) > 1:
            self.variance = max(self.variance, min(error * error, 1.0))

    def _drifted(self, now: float) -> tuple[float, float]:
        if self.at is None or now <= self.at:
            return self.x, self.variance
        kept = math.exp((self.at - now) / REVERT_S)
        x = self.long_run + (self.x - self.long_run) * kept
        return x, self.wander2 + (self.variance - self.wander2) * kept * kept

    def _move_to(self, now: float) -> None:
        self.x, self.variance = self._drifted(now)
        self.at = now if self.at is None else max(self.at, now)

    def _learn_noise(self, error: float, gain: float) -> None:
        # The innovation's variance is noise + variance of the mean; what is left after the update is mostly noise.
        left = error * error * (1.0 - gain)
        rate = 1.0 / min(30.0, 3.0 + self.samples)
        self.noise2 += rate * (left - self.noise2)
        self.noise2 = min(max(self.noise2, LEAST_NOISE**2), MOST_NOISE**2)

    def _remember(self) -> None:
        """Let the long-run mean and the spread over regimes follow, slowly."""
        self.long_run_weight = min(self.long_run_weight + 1.0, 60.0)
        rate = 1.0 / (1.0 + self.long_run_weight)
        error = self.x - self.long_run
        self.long_run += rate * error
        self.wander2 += 0.5 * rate * (error * error + 0.02 - self.wander2)
        self.wander2 = min(max(self.wander2, 0.01), 1.0)

    def _count_hang(self, hung: float) -> None:
        kept = 1.0 - 1.0 / HANG_MEMORY
        self.hangs = self.hangs * kept + hung
        self.hang_weight = self.hang_weight * kept + 1.0
