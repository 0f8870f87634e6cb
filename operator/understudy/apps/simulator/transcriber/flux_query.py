"""What a client may ask of Flux: parameters of the URL, and `Configure`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MULTILINGUAL = "flux-general-multi"
MODELS = ("flux-general-en", MULTILINGUAL)
ENCODINGS = ("linear16", "mulaw", "alaw")
"""Of those that Flux takes, the ones that are simulated: linear32 and opus are not."""

PARAMETERS = frozenset(
    {
        "model",
        "encoding",
        "sample_rate",
        "eager_eot_threshold",
        "eot_threshold",
        "eot_timeout_ms",
        "keyterm",
        "language_hint",
        "profanity_filter",
        "numerals",
        "redact",
        "mip_opt_out",
        "tag",
    }
)
"""All that a client may ask for."""

RANGES = {"eot_threshold": (0.5, 1.0), "eager_eot_threshold": (0.3, 0.9), "eot_timeout_ms": (500, 60_000)}

SURE, EAGER = 0.95, 0.5
"""Confidence that a turn is over, in messages that say that it is, and that it might be."""

NEVER_MS = 1e9
"""Silence that never comes."""


@dataclass(frozen=True)
class Turns:
    """How sure Flux must be that a turn is over.

    Attributes:
        threshold: confidence that ends a turn; 1: it is never ended by confidence.
        timeout_ms: silence that ends it all the same.
        eager: confidence that a turn might be over; None: not told.
    """

    threshold: float = 0.7
    timeout_ms: float = 5000
    eager: float | None = None

    def silence_ms(self, usual_ms: float) -> float:
        """Silence that ends a turn, where it is `usual_ms` at the threshold that Flux has by itself."""
        sure_ms = NEVER_MS if self.threshold >= 1 else usual_ms * self.threshold / Turns.threshold
        return min(sure_ms, self.timeout_ms)

    def confidence(self, event: str) -> float:
        """How sure it is at that event."""
        return {"EndOfTurn": max(SURE, self.threshold), "EagerEndOfTurn": self.eager or EAGER}.get(event, 0.0)

    def thresholds(self) -> dict[str, float]:
        """As `ConfigureSuccess` has them."""
        eager = {} if self.eager is None else {"eager_eot_threshold": self.eager}
        return {"eot_threshold": self.threshold, "eot_timeout_ms": self.timeout_ms} | eager


def turns(query: Mapping[str, str]) -> Turns:
    """Those that the URL asks for."""
    return _changed(Turns(), {name: float(query[name]) for name in RANGES if name in query})


def _changed(before: Turns, values: Mapping[str, float]) -> Turns:
    return replace(
        before,
        threshold=values.get("eot_threshold", before.threshold),
        timeout_ms=values.get("eot_timeout_ms", before.timeout_ms),
        eager=values.get("eager_eot_threshold", before.eager),
    )


def configured(before: Turns, said: Mapping[str, Any]) -> Turns | str:
    """After a `Configure`; text: what is wrong with it."""
    values = {name: value for name, value in (said.get("thresholds") or {}).items() if value is not None}
    wrong = _out_of_range(values)
    return wrong or _changed(before, values)


def complaint(query: Mapping[str, str]) -> str | None:
    """What is wrong with the URL."""
    unknown = sorted(query.keys() - PARAMETERS)
    rate = query.get("sample_rate", "")
    if unknown:
        return f"unexpected query parameter {unknown[0]}"
    if query.get("model") not in MODELS:
        return "model must be one of Flux's"
    if query.get("encoding") not in ENCODINGS or not rate.isdigit():
        return "raw audio needs encoding and sample_rate"
    if "language_hint" in query and query["model"] != MULTILINGUAL:
        return f"language_hint is for {MULTILINGUAL}"
    return _out_of_range({name: query[name] for name in RANGES if name in query})


def _out_of_range(values: Mapping[str, Any]) -> str | None:
    for name, value in values.items():
        if name not in RANGES:
            return f"unknown threshold {name}"
        least, most = RANGES[name]
        try:
            fits = least <= float(value) <= most
        except (TypeError, ValueError):
            fits = False
        if not fits:
            return f"{name} must be between {least} and {most}"
    return None
