"""How much more an account takes before it answers 429: from `limits`, and from what its headers say.

OpenAI and Azure OpenAI answer with `x-ratelimit-remaining-requests`, `-limit-requests`, `-reset-requests` and the same
for tokens (OpenAI, "Rate limits", headers). Providers refill continuously and enforce over seconds, so a minute's
limit is a bucket that holds a sixth of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE_S = 60.0
"""Seconds in the minute that limits are given by."""

BURST_S = 10.0
"""Seconds' worth of the limit that may be spent at once."""

LOW = 0.2
"""Share of what is left from which on a deployment gets less than its part."""

HEADER_TRUST_S = 15.0
"""How long a header's word holds."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Bucket:
    """A limit by the minute.

    Attributes:
        per_minute: the limit.
        left: what may be spent now.
        at: when that was, seconds.
    """

    per_minute: float
    left: float = field(default=-1.0)
    at: float = 0.0

    @property
    def size(self) -> float:
        """The most it holds."""
        return max(1.0, self.per_minute * BURST_S / MINUTE_S)

    def available(self, now: float) -> float:
        """What may be spent at `now`."""
        if self.left < 0:
            return self.size
        return min(self.size, self.left + (now - self.at) * self.per_minute / MINUTE_S)

    def spend(self, amount: float, now: float) -> None:
        """Take `amount`; may go below nothing by one request, which the next ones wait for."""
        self.left = max(0.0, self.available(now) - amount)
        self.at = now


@dataclass(slots=True)
class Headroom:
    """One deployment's."""

    requests: Bucket | None = None
    tokens: Bucket | None = None
    said: float = 1.0
    """Share left by the latest headers."""
    said_until: float = 0.0

    def share(self, now: float, tokens: int = 0) -> float:
        """What is left, 0 to 1; 0: the next request would be refused."""
        share = 1.0
        if self.requests is None and self.tokens is None and now >= self.said_until:
            return share
        if self.requests is not None:
            left = self.requests.available(now)
            share = 0.0 if left < 1.0 else min(share, left / self.requests.size)
        if self.tokens is not None:
            left = self.tokens.available(now)
            share = 0.0 if left < min(tokens, self.tokens.size) else min(share, left / self.tokens.size)
        if now < self.said_until:
            share = min(share, self.said)
        return share

    def spend(self, tokens: int, now: float) -> None:
        """A request goes out."""
        if self.requests is not None:
            self.requests.spend(1.0, now)
        if self.tokens is not None:
            self.tokens.spend(tokens, now)

    def refused(self, now: float) -> None:
        """It answered 429: nothing is left."""
        for bucket in (self.requests, self.tokens):
            if bucket is not None:
                bucket.left, bucket.at = 0.0, now

    def headers(self, headers: Mapping[str, str], now: float) -> None:
        """Take in an answer's headers; names in lower case."""
        for kind in ("requests", "tokens"):
            name = f"x-ratelimit-remaining-{kind}"
            if name not in headers:
                continue
            left, limit = _number(headers[name]), _number(headers.get(f"x-ratelimit-limit-{kind}"))
            if left is None or not limit:
                continue
            share = max(0.0, min(1.0, left / limit))
            reset = seconds(headers.get(f"x-ratelimit-reset-{kind}"))
            if now >= self.said_until or share <= self.said:
                self.said = share
                self.said_until = now + min(HEADER_TRUST_S, reset if reset is not None else HEADER_TRUST_S)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: `retry-after-ms`, or `retry-after` in seconds; None when it does not say."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    return _number(headers.get("retry-after"))


def seconds(text: str | None) -> float | None:
    """A reset header's time: `6m0s`, `20ms`, `1.5`; None when it is none."""
    if not text:
        return None
    parts = _DURATION.findall(text)
    if parts:
        return sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    return _number(text)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and value >= 0 else None
