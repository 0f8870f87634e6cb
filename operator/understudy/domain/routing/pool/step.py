"""What passes between a `Turn` and whoever does its I/O."""

from enum import Enum
from typing import NamedTuple


class Failure(Enum):
    """Why a request failed, as far as it matters for what is done next."""

    RATE_LIMITED = "rate_limited"
    """429, or 503/529 with Retry-After: the deployment is fine, and full."""
    SERVER = "server"
    """Another 5xx."""
    AUTH = "auth"
    """401, 403: nothing helps until the Secret changes."""
    REQUEST = "request"
    """Another 4xx: this request is not to its liking; says nothing about the next one."""
    BROKE = "broke"
    """The connection failed or the stream ended early: DNS, TLS, refused, reset, cut."""
    MALFORMED = "malformed"
    """Not the protocol."""
    EMPTY = "empty"
    """A proper answer with nothing in it."""


class Why(Enum):
    """What a request was fired for."""

    FASTEST = "fastest"
    EXPLORE = "explore"
    BETTER = "better"
    """The user prefers it when there is time."""
    STAY = "stay"
    """The call's prompt is cached there."""
    CUT = "cut"
    """The one before took too long and was cancelled."""
    HEDGE = "hedge"
    """The one before takes long and goes on."""
    RETRY = "retry"
    """The one before failed."""
    FALLBACK = "fallback"
    """The pool is out; the plan's models follow in order."""
    CONTINUE = "continue"
    """The one before stopped after output had been forwarded; this one is to finish the sentence."""
    SHADOW = "shadow"
    """No caller waits for it: a mirrored turn, whatever it was fired for there."""


class Ask(NamedTuple):
    """One request of an agent.

    Attributes:
        call: the call's id, for prompt caches; empty when it has none.
        tokens: estimated tokens of the prompt with the dialogue.
        first_turn: whether nothing of the call is cached anywhere yet: exploring is cheapest then.
        budget_s: seconds from now in which the first clause should be there.
        repeatable: whether it may be fired twice at all. `n > 1` and the Responses API may not.
    """

    call: str = ""
    tokens: int = 0
    first_turn: bool = True
    budget_s: float = 1.0
    repeatable: bool = True


class Shot(NamedTuple):
    """One request at one deployment.

    Attributes:
        id: counts up within the turn.
        target: index into the pool's targets.
        why: what it was fired for.
        exploring: whether it was sent to learn about the deployment.
        at: when it was fired, seconds.
        cut_at: when it is given up unless its first clause is there, seconds.
    """

    id: int
    target: int
    why: Why
    exploring: bool
    at: float
    cut_at: float


class Step(NamedTuple):
    """What is to be done now.

    Attributes:
        fire: requests to send.
        cancel: ids of shots to cancel.
        wake_at: when `Turn.tick` is to be called, seconds, unless something happens before; None: only events count.
        over: nothing is in flight and nothing is left to try.
    """

    fire: tuple[Shot, ...] = ()
    cancel: tuple[int, ...] = ()
    wake_at: float | None = None
    over: bool = False


class Sample(NamedTuple):
    """What one shot taught, about one deployment; replicas exchange these.

    Attributes:
        key: the deployment's, as in `Knowledge`.
        at: when it was known, seconds since the epoch where it leaves the process.
        seconds: time to the first clause; for a cut one, how long it was waited for; None for a failure.
        censored: it was cut or cancelled before its first clause: the true time is longer.
        cold_tokens: prompt tokens that were not cached there.
        failure: why it failed; None when it did not.
        retry_after_s: what the provider asked for, seconds.
    """

    key: str
    at: float
    seconds: float | None = None
    censored: bool = False
    cold_tokens: int = 0
    failure: Failure | None = None
    retry_after_s: float | None = None
