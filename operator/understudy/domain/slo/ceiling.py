"""A proxy's own watch over a canary: beyond a hard ceiling it gets no new calls, whoever else is up or down.

The bets are on the ceiling alone; stable is not asked. They start over with each canary and each proxy process, and are
kept in memory: what they protect from is the minutes in which nobody else can act.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from understudy.api.rollout import Slo
from understudy.domain.calls.observation import CallObservation, Stopped
from understudy.domain.slo import measure, wagers

ALPHA = 0.01
"""Chance that a canary which lies *at* its ceilings is ever stopped by one proxy; what lies well below is next to never
stopped."""

STAKES = (0.3, 0.6, 0.97)
"""Bets, as shares of the stake at which a single good call would take everything."""

SHARES = (0.20, 0.35, 0.45)
"""Of the wealth, for each of STAKES: most for a canary of which nothing works."""

LEAST_CALLS = 3
"""Calls before a stop: with fewer, a short hiccup of a provider is too likely a reason."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the canary's calls said about one ceiling."""

    slo: Slo
    limit: float
    """The ceiling as badness in [0, 1]."""
    calls: int = 0
    total: float = 0.0
    log_wealth: tuple[float, ...] = ()

    def after(self, bad: float) -> "Tally":
        """This, and one more call of badness `bad`."""
        gains = wagers.against(self.limit, bad, STAKES)
        grown = wagers.played(self.log_wealth, self.calls, gains)
        return replace(self, calls=self.calls + 1, total=self.total + bad, log_wealth=grown)

    def beyond(self, needed: float) -> bool:
        """Whether the canary is beyond this ceiling at odds of `needed`."""
        return self.calls >= LEAST_CALLS and wagers.odds(self.log_wealth, self.calls, SHARES) >= needed


class CeilingWatch:
    """Holds one canary's calls on one proxy against its ceilings, as they end."""

    def __init__(self, revision: str, ceilings: Iterable[Slo]) -> None:
        """A watch that has seen no call.

        Args:
            revision: short digest of the canary.
            ceilings: SLOs; those without a ceiling, and dry runs, are passed over.
        """
        limits = ((slo, measure.ceiling(slo)) for slo in ceilings if not slo.dry_run)
        self._revision = revision
        self._tallies = tuple(Tally(slo, limit) for slo, limit in limits if limit is not None)
        self._needed = max(1, len(self._tallies)) / ALPHA
        self._stopped: Stopped | None = None

    @property
    def stopped(self) -> Stopped | None:
        """Why the canary gets no new calls here; None while it does. Once said it stands."""
        return self._stopped

    def add(self, call: CallObservation) -> Stopped | None:
        """Hear a call that ended; each is shown once.

        Returns:
            What stops the canary, when this is the call that does.
        """
        if self._stopped or call.revision != self._revision:
            return None
        self._tallies = tuple(_heard(tally, call) for tally in self._tallies)
        beyond = next((tally for tally in self._tallies if tally.beyond(self._needed)), None)
        self._stopped = _said(beyond, call) if beyond else None
        return self._stopped


def _heard(tally: Tally, call: CallObservation) -> Tally:
    bad = measure.badness(tally.slo, call)
    return tally if bad is None else tally.after(bad)


def _said(tally: Tally, call: CallObservation) -> Stopped:
    return Stopped(
        revision=call.revision,
        slo=tally.slo.name,
        value_percent=measure.shown_percent(tally.slo, tally.total / tally.calls),
        ceiling_percent=measure.shown_percent(tally.slo, tally.limit),
        calls=tally.calls,
        at=call.recorded_at,
    )
