"""What a pool looks like at one moment, for people: the admin port and `kubectl understudy status` show it.

Times are milliseconds where a name ends in `_ms`, seconds where it ends in `_s`, and seconds since the epoch for `at`.
"""

from pydantic import BaseModel, ConfigDict


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # an older command line reads a newer proxy


class BreakerView(_Shown):
    """A deployment's breaker.

    Attributes:
        state: `Closed`, `Open` or `HalfOpen`.
        reason: what it was ejected for; empty while closed.
        until_s: rest of the ejection; 0 while closed and when half-open.
    """

    state: str = "Closed"
    reason: str = ""
    until_s: float = 0.0


class DeploymentView(_Shown):
    """One deployment, as the next request would see it.

    Attributes:
        name: what users call it.
        account: the account that is asked.
        rank: 1 is the best; fallbacks, which are asked in order after the pool, follow it.
        fallback: whether it is one of the plan's models behind the pool.
        expected_ms: median time to the first clause, cached prompt.
        deviation_ms: by how much one request is slower than that at one standard deviation.
        hang_share: probability that a request hangs, 0 to 1.
        cut_after_ms: when a request sent there now would be given up.
        share: part of the requests fired since the start that went there, 0 to 1.
        requests: how many that were.
        samples: how many taught something, other replicas' included.
        age_s: time since the latest of them; None: nothing is known of it.
        headroom: part of its rate limit that is left, 0 to 1; None: no limit is known.
        breaker: whether it is let in.
    """

    name: str
    account: str = ""
    rank: int
    fallback: bool = False
    expected_ms: float
    deviation_ms: float
    hang_share: float
    cut_after_ms: float
    share: float = 0.0
    requests: int = 0
    samples: int = 0
    age_s: float | None = None
    headroom: float | None = None
    breaker: BreakerView = BreakerView()


class FailoverView(_Shown):
    """A request that was fired again elsewhere.

    Attributes:
        at: when, seconds since the epoch.
        left: name of the deployment that was given up.
        taken: name of the next one.
        why: what for: `cut`, `hedged`, or a `Failure`'s word.
        waited_ms: how long it had been waited for.
    """

    at: float
    left: str
    taken: str
    why: str
    waited_ms: float


class PoolView(_Shown):
    """One revision's pool for one kind of request.

    Attributes:
        assistant: NAMESPACE/NAME.
        revision: name of the revision.
        kind: tells pools of one revision apart, such as a reasoning effort; empty for the usual one.
        at: when, seconds since the epoch.
        explore_share_spent: requests fired beside a turn's first to learn, per turn, since the start.
        explore_share: what is configured.
        extra_share_spent: requests beside each turn's first (explorations, cuts, hedges, retries, continuations), per
            turn, since the start.
        extra_share: what is configured.
        requests: turns, each of which is one request of an agent.
        fired: requests sent to deployments.
        explored: of which to learn about them.
        cut: of which because the one before was cut.
        hedged: of which beside one that went on.
        retried: of which because the one before failed.
        continued: of which to finish an answer that broke off.
        tokens_cancelled_estimated: tokens of streams that were cancelled; estimated, as no provider reports them.
        deployments: best first, then the fallbacks in order.
        failovers: the last ones, oldest first.
    """

    assistant: str = ""
    revision: str = ""
    kind: str = ""
    at: float
    explore_share_spent: float = 0.0
    explore_share: float = 0.0
    extra_share_spent: float = 0.0
    extra_share: float = 0.0
    requests: int = 0
    fired: int = 0
    explored: int = 0
    cut: int = 0
    hedged: int = 0
    retried: int = 0
    continued: int = 0
    tokens_cancelled_estimated: int = 0
    deployments: tuple[DeploymentView, ...] = ()
    failovers: tuple[FailoverView, ...] = ()


class SharingView(_Shown):
    """How knowledge is exchanged with other replicas.

    Attributes:
        state: `Off` (no store is configured), `Connecting`, `Shared`, or `Alone` (the store does not answer).
        replicas: other replicas heard of lately.
        sent: samples sent since the start.
        received: samples taken in since the start.
        dropped: own samples that were not sent because the store was away or slow.
        reason: why it is alone; empty otherwise.
    """

    state: str = "Off"
    replicas: int = 0
    sent: int = 0
    received: int = 0
    dropped: int = 0
    reason: str = ""


class PoolsView(_Shown):
    """What one proxy answers: every pool of one assistant that it holds.

    Attributes:
        pod: the proxy's.
        pools: those of revisions that calls use, the serving one first.
        sharing: how its knowledge is shared.
        live_calls: calls in progress by revision; None: a proxy of before this was told.
        generation: of the routing document in force.
        draining: whether it takes no new calls.
    """

    pod: str
    pools: tuple[PoolView, ...] = ()
    sharing: SharingView = SharingView()
    live_calls: dict[str, int] | None = None
    generation: int = 0
    draining: bool = False
