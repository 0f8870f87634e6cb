"""What every facade works with: the process's parts, keys, and the ties between a call and its upstream requests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.base.errors import ProviderError, ProviderRefused, UnderstudyError
from understudy.domain.revision.snapshot import Account, Snapshot

_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Egress:
    """The facades' surroundings."""

    context: ProxyContext
    metrics: EgressMetrics

    @property
    def session(self) -> ClientSession:
        """The process's connection pool."""
        return self.context.session_factory()

    def now(self) -> float:
        """Seconds on the ledger's clock."""
        return self.context.clock.monotonic()

    def key(self, call: Call, account: Account) -> str | None:
        """The key for `account`.

        Raises:
            ProviderRefused: there is none that may go there.
        """
        try:
            return self.context.credentials.key_for(call.namespace, account)
        except CredentialUnavailable as error:
            raise ProviderRefused(account.name, f"no usable key ({error.problem.reason})") from error

    def failed(self, part: str, call: Call, account: Account, cause: ProviderError) -> None:
        """Count a failed attempt; tell the credentials when it was the key."""
        self.metrics.failed(part, cause)
        if cause.status in _KEY_REFUSED:
            self.context.credentials.report_refused(call.namespace, account)

    def took_over(self, part: str, call: Call, account: Account) -> None:
        """A fallback produced output."""
        self.metrics.failovers.labels(part, account.name).inc()
        call.ledger.failover(part)


def account_of(snapshot: Snapshot, name: str) -> Account:
    """The account called `name`.

    Raises:
        ProviderRefused: the revision does not define it.
    """
    account = snapshot.accounts.get(name)
    if account is None:
        raise ProviderRefused(name, "the revision defines no such account")
    return account


class AgentGone(UnderstudyError):
    """The agent closed its request or its socket; nobody is left to answer."""


@contextmanager
def ends_with(call: Call) -> Iterator[None]:
    """While inside, the end of `call` cancels the running task, and with it its upstream requests."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("ends_with needs a running task")

    def cancel() -> None:
        task.cancel()

    call.resources.add(cancel)
    try:
        yield
    finally:
        call.resources.discard(cancel)
