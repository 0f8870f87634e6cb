"""Rate limits of an account, and the headers in which OpenAI and Azure OpenAI tell of them.

OpenAI: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets written as `1s`, `6m0s` or `120ms`: the time
until nothing is used ("Rate limits", in OpenAI's documentation). Azure OpenAI: the same names with resets in whole
seconds. A 429 of either has `retry-after` in seconds and `retry-after-ms`.
"""

import math

from understudy.apps.simulator.script import Limits

MINUTE_S = 60.0
"""Seconds in the minute that limits are given by."""


class _Bucket:
    """One limit; what was used comes back evenly."""

    def __init__(self, per_minute: int, burst_s: float, now: float) -> None:
        self.per_minute = per_minute
        self._size = max(1.0, per_minute * burst_s / MINUTE_S)
        self._left = self._size
        self._at = now

    def left(self, now: float) -> float:
        return min(self._size, self._left + (now - self._at) * self.per_minute / MINUTE_S)

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` is there; more than the bucket holds is let in when it is full."""
        return max(0.0, min(amount, self._size) - self.left(now)) * MINUTE_S / self.per_minute

    def spend(self, amount: float, now: float) -> None:
        self._left = max(0.0, self.left(now) - amount)
        self._at = now

    def full_in_s(self, now: float) -> float:
        return (self._size - self.left(now)) * MINUTE_S / self.per_minute


class Meter:
    """What an account has used of its limits."""

    def __init__(self, limits: Limits, now: float) -> None:
        per_minute = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
        self._buckets = {kind: _Bucket(limit, limits.burst_s, now) for kind, limit in per_minute.items() if limit}

    def spend(self, tokens: int, now: float) -> float:
        """Let one request in and return 0, or return the seconds after which it would be."""
        amounts = {"requests": 1, "tokens": tokens}
        wait_s = max((bucket.wait_s(amounts[kind], now) for kind, bucket in self._buckets.items()), default=0.0)
        if wait_s <= 0:
            for kind, bucket in self._buckets.items():
                bucket.spend(amounts[kind], now)
        return wait_s

    def headers(self, now: float, *, azure: bool) -> dict[str, str]:
        """Of every answer; none without limits."""
        told: dict[str, str] = {}
        for kind, bucket in self._buckets.items():
            reset_s = bucket.full_in_s(now)
            told[f"x-ratelimit-limit-{kind}"] = str(bucket.per_minute)
            told[f"x-ratelimit-remaining-{kind}"] = str(int(bucket.left(now)))
            told[f"x-ratelimit-reset-{kind}"] = str(math.ceil(reset_s)) if azure else duration(reset_s)
        return told


def retry_headers(wait_s: float) -> dict[str, str]:
    """Of a 429."""
    return {"retry-after": str(math.ceil(wait_s)), "retry-after-ms": str(math.ceil(wait_s * 1000))}


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: `120ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, MINUTE_S)
    shown = f"{round(rest, 3):g}s"
    return f"{minutes:.0f}m{shown}" if minutes else shown
