"""What extra requests cost: a price that rises while more than the share is spent and falls while less is.

The price is the multiplier of the constraint "extra requests ≤ share of requests", found by stochastic gradient: after
each turn it moves by what the turn spent beyond its share. Cuts weigh it against the time they save; so the share is
kept without a quota that would run out in the middle of an outage, when cutting matters most.
"""

from dataclasses import dataclass

STEP = 0.008
"""How much the price moves for one extra request, in turns that miss the aim: slowly, or cuts would leap about."""

MOST = 3.0
"""As much as a turn far over its budget: past it nothing but a hang would be cut."""

EXPLORE_BELOW = 1.0
"""Price up to which requests are spent on learning: while cuts need every one, nothing is explored."""

AIM = 0.9
"""Share of the allowance that is aimed at: the sum is to stay below the bound, not around it."""

MEMORY = 500.0
"""Turns over which the spending that is shown is averaged."""

HEDGE_BURST = 10.0
"""Hedges that may be fired in a row; an outage uses them up and then requests are cut instead of doubled."""


@dataclass(slots=True)
class Spending:
    """Of one pool.

    Attributes:
        share: most extra requests, as a share of requests.
        price: of one extra request, in turns that miss the aim.
        spent: extra requests per request, averaged.
        hedges: tokens left for overlapping requests.
    """

    share: float
    price: float = 0.1
    spent: float = 0.0
    hedges: float = HEDGE_BURST

    def turn(self, extra: int) -> None:
        """A turn ended that needed `extra` requests beside its first."""
        self.price = min(MOST, max(0.0, self.price + STEP * (extra - AIM * self.share)))
        self.spent += (extra - self.spent) / MEMORY
        self.hedges = min(HEDGE_BURST, self.hedges + self.share)

    def may_explore(self) -> bool:
        """Whether requests are to be had for learning."""
        return self.price <= EXPLORE_BELOW

    def hedge(self) -> bool:
        """Whether an overlapping request may be fired; takes its token."""
        if self.hedges < 1.0:
            return False
        self.hedges -= 1.0
        return True
