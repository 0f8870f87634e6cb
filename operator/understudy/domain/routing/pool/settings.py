"""What a user can set about a pool, with the defaults and their reasons."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How a pool is used.

    Attributes:
        explore_share: share of turns, 0 to 1, that are also sent to where knowledge is stale. Three in a hundred look
            at each of forty deployments about every two minutes at ten requests a second.
        extra_share: most extra requests (cuts, hedges, retries), as a share of requests. One in ten covers 5 % of
            hangs twice.
        hedge: whether a request that takes too long is left running beside the next one. It is paid for either way.
        floor_s: no request is cut earlier: a network's round trip and a model's fastest answer take about so long.
        ceiling_s: no request is waited for longer, however little is known.
        breaker_failures: failures in a row that eject a deployment.
        breaker_open_s: how long the first ejection lasts; it doubles up to `breaker_longest_s`.
        breaker_longest_s: longest ejection.
        max_attempts: most requests for one turn; None: until every alternative was tried.
    """

    explore_share: float = 0.03
    extra_share: float = 0.10
    hedge: bool = True
    floor_s: float = 0.1
    ceiling_s: float = 4.0
    breaker_failures: int = 5
    breaker_open_s: float = 5.0
    breaker_longest_s: float = 120.0
    max_attempts: int | None = None
