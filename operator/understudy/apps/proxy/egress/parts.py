"""What every facade works with: the process's parts, keys, and the ties between a call and its upstream requests."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.apps.proxy.egress.reserve import Reserve
from understudy.apps.proxy.egress.voice_memory import VoiceMemory
from understudy.apps.proxy.egress.voice_slack import Fillers
from understudy.apps.proxy.http.transport import Transport
from understudy.base.errors import AllFailed, ProviderError, ProviderRefused, UnderstudyError
from understudy.domain.revision.snapshot import Account, Snapshot

log = logging.getLogger(__name__)

LOOK_S = 0.02
"""Seconds between looks at whether the agent is still there: a cancelled answer costs a provider one more token."""

_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Egress:
    """The facades' surroundings."""

    context: ProxyContext
    metrics: EgressMetrics
    reserve: Reserve = field(default_factory=Reserve)
    """What the voices need of a turn's budget."""
    fillers: Fillers = field(default_factory=Fillers)
    """Audio of what is said while an answer is awaited."""
    voices: VoiceMemory = field(default_factory=VoiceMemory)
    """What is known of the voices."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """Work that outlives the request it was begun for, such as reading the end of an answer."""

    @property
    def session(self) -> ClientSession:
        """The process's connection pool."""
        return self.context.session_factory()

    @property
    def transport(self) -> Transport:
        """The process's way to the models' providers."""
        return self.context.transport

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

    async def headers(self, call: Call, account: Account) -> dict[str, str]:
        """What a request to the account's model has to carry.

        Raises:
            ProviderRefused: there is no key that may go there.
        """
        try:
            return await self.context.credentials.headers_for(call.namespace, account)
        except CredentialUnavailable as error:
            raise ProviderRefused(account.name, f"no usable key ({error.problem.reason})") from error

    def failed(self, part: str, call: Call, account: Account, cause: ProviderError) -> None:
        """Count a failed attempt; tell the credentials when it was the key."""
        self.metrics.failed(part, cause)
        if cause.status in _KEY_REFUSED:
            self.context.credentials.report_refused(call.namespace, account)

    def voice_began(self, call: Call, account: Account | None) -> None:
        """The first audio of an utterance came from `account`; None: it was kept."""
        took = call.ledger.voice_audio(self.now())
        if took is not None and account is not None:
            self.reserve.learn(call.namespace, account.name, took)

    def unavailable(self, part: str, call: Call, causes: AllFailed) -> None:
        """Every alternative failed: unless one comes back in time, the session ends the call."""
        log.warning("a call of %s has no %s: %s", call.assistant, part, causes)
        call.failure = _failure(part)

    def available(self, part: str, call: Call) -> None:
        """An alternative worked; another part's failure stays."""
        if call.failure == _failure(part):
            call.failure = ""

    def took_over(self, part: str, call: Call, account: Account) -> None:
        """A fallback produced output."""
        self.metrics.failovers.labels(part, account.name).inc()
        call.ledger.failover(part)


def _failure(part: str) -> str:
    """A word for the cause of a dropped call: ModelUnavailable, TranscriberUnavailable, VoiceUnavailable."""
    return f"{part.capitalize()}Unavailable"


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
def ends_with(call: Call, request: web.Request) -> Iterator[None]:
    """While inside, the end of `call` or of the agent's connection cancels the running task, and its upstream work.

    The server could cancel handlers of lost connections by itself, but only all of them, and the front door's must
    live on to account for their calls; so the connection is looked at.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("ends_with needs a running task")
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def cancel() -> None:
        task.cancel()

    def look() -> None:
        nonlocal timer
        if request.transport is None:
            task.cancel()
        else:
            timer = loop.call_later(LOOK_S, look)

    timer = loop.call_later(LOOK_S, look)
    call.resources.add(cancel)
    try:
        yield
    finally:
        if timer:
            timer.cancel()
        call.resources.discard(cancel)
