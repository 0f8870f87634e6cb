"""One controller at a time: a coordination.k8s.io Lease.

The usual rules: a lease that somebody else renews is theirs; one that was not seen to change for its whole duration,
measured on our own clock, may be taken; whoever cannot renew for `RENEW_DEADLINE_S` stops. Giving it up on the way
out lets the successor start at once.

What keeps a paused old leader from undoing a decision is not the lease but the resourceVersion that every status and
routing write carries.
"""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from understudy.adapters.cluster.errors import ClusterError, Conflict
from understudy.apps.controller.ports import Cluster
from understudy.base.clock import Clock
from understudy.domain.desired.kinds import LEASE

log = logging.getLogger(__name__)

NAME = "understudy-controller"
DURATION_S = 15
"""How long a dead leader holds things up; half of a canary's routing lease."""

RENEW_DEADLINE_S = 10.0
"""From the last success to the last pause; that pause and a try of `RETRY_S` each still end before `DURATION_S`."""

RETRY_S = 2.0
"""Between tries to take or renew the lease, and the longest that a renewal may take."""


class LeadershipLost(Exception):
    """The lease could not be renewed in time; the process has to end."""


class Leadership:
    """Our claim to the lease `NAME` in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str, identity: str, clock: Clock) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._seen: tuple[str, float] = ("", 0.0)

    async def acquire(self) -> None:
        """Return once the lease is ours."""
        while True:
            try:
                if await self.claim():
                    log.info("leading as %s", self._identity)
                    return
            except ClusterError as error:
                log.warning("lease: %s", error)
            await asyncio.sleep(RETRY_S)

    async def hold(self) -> None:
        """Renew until that fails.

        Raises:
            LeadershipLost: always, in the end.
        """
        renewed = self._clock.monotonic()
        while self._clock.monotonic() - renewed < RENEW_DEADLINE_S:
            await asyncio.sleep(RETRY_S)
            try:
                async with asyncio.timeout(RETRY_S):
                    if not await self.claim():
                        break
                renewed = self._clock.monotonic()
            except (ClusterError, TimeoutError) as error:
                log.warning("lease: %r", error)
        raise LeadershipLost(self._identity)

    async def claim(self) -> bool:
        """Take or renew the lease; whether it is ours now.

        Raises:
            ClusterError: the API server refused or did not answer.
        """
        lease = await self._cluster.get(LEASE, self._namespace, NAME)
        try:
            if lease is None:
                await self._cluster.create(self._document({}, self._identity))
                return True
            if not self._may_take(lease):
                return False
            await self._cluster.replace(self._document(lease, self._identity))
        except Conflict:
            return False
        return True

    async def release(self) -> None:
        """Give the lease up if it is ours; failing to is only a delay for the successor."""
        try:
            lease = await self._cluster.get(LEASE, self._namespace, NAME)
            if lease and (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                await self._cluster.replace(self._document(lease, ""))
        except ClusterError as error:
            log.info("the lease was not given up: %s", error)

    def _may_take(self, lease: dict[str, Any]) -> bool:
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity", "") in ("", self._identity):
            return True
        version = lease["metadata"]["resourceVersion"]
        if self._seen[0] != version:
            self._seen = (version, self._clock.monotonic())
        return self._clock.monotonic() - self._seen[1] > float(spec.get("leaseDurationSeconds", DURATION_S))

    def _document(self, lease: dict[str, Any], holder: str) -> dict[str, Any]:
        spec = lease.get("spec") or {}
        now = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ours = spec.get("holderIdentity") == holder
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": lease.get("metadata") or {"name": NAME, "namespace": self._namespace},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": DURATION_S if holder else 1,
                "acquireTime": spec.get("acquireTime", now) if ours else now,
                "renewTime": now,
                "leaseTransitions": int(spec.get("leaseTransitions", 0)) + (0 if ours else 1),
            },
        }
