"""Prompt caches: which deployment has a call's dialogue, and what a cold prompt costs.

Providers cache the prefix of a prompt for minutes, where it was served. Time to the first clause grows with the tokens
that are not cached: by a power of them, whose exponent is learned over all deployments at once, since it belongs to the
model and not to the region. At a thousand tokens a hop costs little, at a hundred thousand most of the latency.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, field

CALLS = 4096
"""Calls remembered: some hundred bytes each."""

CACHED_S = 300.0
"""How long a prefix stays cached: providers say five to ten minutes of disuse."""

PRIOR_EXPONENT = 0.05
"""Exponent assumed at first: a cold dialogue of a thousand tokens costs 4 %, little, as with small models."""

PRIOR_VARIANCE = 0.03
"""How wrong that may be, squared: some tens of samples overrule it."""

MOST_EXPONENT = 1.0
"""Prefill is at most proportional to the tokens."""

MEAN_MEMORY = 200.0
"""Samples over which the usual size is averaged."""


def size(cold_tokens: int) -> float:
    """The regressor: logarithm of thousands of cold tokens plus one."""
    return math.log1p(cold_tokens / 1000.0)


@dataclass(slots=True)
class Served:
    """What one call left at deployments.

    Attributes:
        latest: the deployment that answered last.
        at: when that was.
        prompts: tokens of the latest prompt at each deployment, and when it was served there.
    """

    latest: str = ""
    at: float = 0.0
    prompts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def cached(self, key: str, now: float) -> int:
        """Tokens that are cached at `key`."""
        tokens, at = self.prompts.get(key, (0, 0.0))
        return tokens if now - at < CACHED_S else 0


class Warmth:
    """Who has which prompt."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, Served] = OrderedDict()
        self.exponent = PRIOR_EXPONENT
        self._variance = PRIOR_VARIANCE
        self._usual = 0.0
        self._seen = 0.0

    def of(self, call: str, now: float) -> Served | None:
        """What is known of a call; None when it is new or too long ago."""
        served = self._calls.get(call) if call else None
        return served if served is not None and now - served.at < CACHED_S else None

    def __contains__(self, call: str) -> bool:
        """Whether anything is remembered of a call."""
        return call in self._calls

    def served(self, call: str, key: str, tokens: int, now: float) -> None:
        """A request with `tokens` of prompt was answered at `key`."""
        if not call:
            return
        served = self._calls.setdefault(call, Served())
        self._calls.move_to_end(call)
        served.latest = key
        served.prompts[key] = (tokens, now)
        served.at = now
        if len(self._calls) > CALLS:
            self._calls.popitem(last=False)

    def learn(self, residual: float, cold_tokens: int, noise2: float) -> None:
        """Update the exponent: `residual` is the logarithm of seconds less what was expected."""
        value = size(cold_tokens)
        self._seen = min(self._seen + 1.0, MEAN_MEMORY)
        self._usual += (value - self._usual) / self._seen
        away = value - self._usual
        if abs(away) < 1e-3:  # noqa: PLR2004 - always the same size teaches nothing
            return
        gain = self._variance * away / (self._variance * away * away + noise2)
        limit = 2.0 * math.sqrt(noise2)
        self.exponent += gain * max(-limit, min(limit, residual))
        self.exponent = max(0.0, min(MOST_EXPONENT, self.exponent))
        self._variance = (1.0 - gain * away) * self._variance + 1e-6
