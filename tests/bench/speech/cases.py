"""The cases: every kind of failure, every ordered pair of providers, random instants; all of it from a seed."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from understudy.domain.speech.transcribers import registry as transcribers
from understudy.domain.speech.voices import registry as voices

SEED = 5

RECOVERS = 0.25
"""Share of failures after which the same provider is well again at once."""

CONNECTED = 0.5
"""Share of the transcriber cases with a connected standby."""

CLOSE_CODES = (1001, 1011, 1013, 4000)
STATUSES = (401, 429, 500, 503)

FAILURES_A_HEALTHY = 200
"""For each so many failures one healthy call for each provider, and one at least."""

SPEECH_MS = 5000
"""Faults of transcribers strike up to here in the caller's audio, pauses included."""

CHUNKS = 100
"""Faults of voices strike up to here: the utterance has some more of them."""

REQUESTS, CHUNKS_OF_REQUEST = 3, 20
"""The same for voices that are asked anew for each clause: in one of the first requests, up to here."""

Fault = dict[str, Any]
Kind = Callable[[random.Random], Fault]


def _anywhere(kind: str) -> Kind:
    return lambda draw: {"kind": kind, "atMs": draw.randrange(0, SPEECH_MS)}


def _chunk(kind: str) -> Kind:
    return lambda draw: {"kind": kind, "at": draw.randrange(0, CHUNKS)}


TRANSCRIBER_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "hang": lambda _: {"kind": "hang"},
        "status": lambda draw: {"kind": "status", "status": draw.choice(STATUSES)},
        "refuse": lambda draw: {"kind": draw.choice(["refuse", "reset"])},
        "drop": _anywhere("drop"),
        "close": lambda draw: _anywhere("close")(draw) | {"code": draw.choice(CLOSE_CODES)},
        "error": _anywhere("error"),
        "malformed": _anywhere("malformed"),
        "deaf": lambda _: {"kind": "no-output"},
        "deaf_later": _anywhere("no-output"),
        "hears_silence": _anywhere("empty"),
        "stuck": _anywhere("stuck"),
    }
)

VOICE_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "hang": lambda _: {"kind": "hang"},
        "status": lambda draw: {"kind": "status", "status": draw.choice(STATUSES)},
        "refuse": lambda draw: {"kind": draw.choice(["refuse", "reset"])},
        "no_audio": lambda _: {"kind": "no-output"},
        "silence": _chunk("silent-audio"),
        "stall": _chunk("stall"),
        "truncate": _chunk("truncate"),
        "cut": _chunk("cut"),
        "close": lambda draw: _chunk("close")(draw) | {"code": draw.choice(CLOSE_CODES)},
        "error": _chunk("error"),
        "malformed": _chunk("malformed"),
    }
)

NONE = "none"
"""The kind of cases without a failure: how long things take otherwise."""

LOUD = frozenset({"status", "refuse", "drop", "close", "error", "malformed"})
"""Kinds of which the provider itself tells: they are detected when that arrives."""

AT_OPENING = frozenset({"hang", "status", "refuse"})
"""Kinds that strike before a connection is there."""

Part = Literal["transcriber", "voice"]


@dataclass(frozen=True)
class Case:
    """One failure.

    Attributes:
        primary, fallback: providers, as in manifests; of Deepgram's two protocols, `deepgram/flux` is the second.
    """

    number: int
    part: Part
    kind: str
    primary: str
    fallback: str

    @property
    def name(self) -> str:
        """Its assistant's."""
        return f"c{self.number}"

    def draw(self, what: str) -> random.Random:
        """Chance of its own for each thing."""
        return random.Random(f"{SEED}:{self.number}:{self.kind}:{self.primary}:{self.fallback}:{what}")

    @property
    def recovers(self) -> bool:
        """Whether the primary is well again after the first failure."""
        return self.draw("recovers").random() < RECOVERS

    @property
    def connected(self) -> bool:
        """Whether the standby is connected."""
        return self.draw("standby").random() < CONNECTED

    def faults(self) -> list[Fault]:
        """What the script says of the primary: the failure, and, if it does not recover, refusals from then on."""
        if self.kind == NONE:
            return []
        kinds = TRANSCRIBER_KINDS if self.part == "transcriber" else VOICE_KINDS
        first = kinds[self.kind](self.draw("fault")) | {"count": 1}
        if "at" in first and _by_clause(self.primary):
            draw = self.draw("request")
            first |= {"after": draw.randrange(REQUESTS), "at": draw.randrange(CHUNKS_OF_REQUEST)}
        later = first.get("after", 0) + 1 if self.part == "voice" and _over_http(self.primary) else 1
        return [first] if self.recovers else [first, {"kind": "status", "status": 503, "after": later}]


def _by_clause(voice: str) -> bool:
    """Whether the voice is asked anew for each clause."""
    return not vars(voices.CODECS[voice])["traits"].pieces


def _over_http(voice: str) -> bool:
    """Whether each clause is an HTTP request."""
    return "open" not in vars(voices.CODECS[voice])


def transcriber_providers() -> list[str]:
    """Those that are built."""
    return [*sorted(transcribers.CODECS), "deepgram/flux"]


def voice_providers() -> list[str]:
    """Those that are built."""
    return sorted(voices.CODECS)


def pairs(providers: Sequence[str]) -> list[tuple[str, str]]:
    """Every ordered pair of two; of one provider, its two accounts."""
    return list(itertools.permutations(providers, 2)) or [(each, each) for each in providers]


def plan(number: int, parts: Sequence[Part], providers: Mapping[Part, Sequence[str]]) -> list[Case]:
    """`number` failures over the parts (three of five for transcribers), and some cases without one."""
    share = {"transcriber": 0.6, "voice": 0.4} if len(parts) > 1 else dict.fromkeys(parts, 1.0)
    cases: list[tuple[Part, str, str, str]] = []
    for part in parts:
        kinds = TRANSCRIBER_KINDS if part == "transcriber" else VOICE_KINDS
        every = list(itertools.product(kinds, pairs(providers[part])))
        draw = random.Random(f"{SEED}:{part}")
        wanted = round(number * share[part])
        rounds = [draw.sample(every, len(every)) for _ in range(wanted // max(len(every), 1) + 1)]
        chosen = list(itertools.chain(*rounds))[:wanted]
        cases += [(part, kind, *pair) for kind, pair in chosen]
        cases += [(part, NONE, each, each) for each in providers[part]] * max(1, wanted // FAILURES_A_HEALTHY)
    mixed = random.Random(SEED).sample(cases, len(cases))
    return [Case(at, *case) for at, case in enumerate(mixed)]
