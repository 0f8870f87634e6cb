"""What a user can set about a pool, with the defaults and their reasons."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How a pool is used."""

    explore_share: float = 0.03
    """Share of turns, 0 to 1, that are also sent to where knowledge is stale. Three in a hundred look at each of forty
    deployments about every two minutes at ten requests a second."""
    extra_share: float = 0.10
    """Most extra requests (explorations, cuts, hedges, retries), as a share of requests. One in ten covers 5 % of hangs
    twice."""
    hedge: bool = True
    """Whether a request that takes too long is left running beside the next one. It is paid for either way."""
    floor_s: float = 0.1
    """Seconds; no request is cut earlier: a network's round trip and a model's fastest answer take about so long."""
    ceiling_s: float = 4.0
    """Seconds; no request is waited for longer, however little is known."""
    breaker_failures: int = 5
    """Failures in a row that eject a deployment: with one in ten failing by chance, five in a row are rare."""
    breaker_open_s: float = 5.0
    """Seconds; how long the first ejection lasts, a deployment's restart; it doubles up to `breaker_longest_s`."""
    breaker_longest_s: float = 120.0
    """Seconds; longest ejection: what is well again is used again within two minutes."""
    max_attempts: int | None = None
    """Most requests for one turn, explorations aside; None: until every alternative was tried."""
