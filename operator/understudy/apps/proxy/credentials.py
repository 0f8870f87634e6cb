"""Provider keys from mounted Secrets: read when they change, given out only for the hosts they are meant for."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientSession

from understudy.apps.proxy.entra import EntraClient, EntraTokens, TokenUnavailable
from understudy.apps.proxy.mounted import Mounted, Mounts
from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.naming import CREDENTIALS_DIR, SECRET_ALLOWED_HOSTS, SECRET_ENTRA, SECRET_KEY
from understudy.domain.revision.snapshot import Account, Snapshot
from understudy.domain.routing.document import QualityOrder
from understudy.domain.routing.hosts import host_allowed
from understudy.domain.routing.providers import AZURE_OPENAI

REFUSED_FOR_S = 300.0
"""Seconds for which a provider's refusal of an unchanged key is reported: long enough to be seen in `kubectl`, short
enough to clear by itself when the provider's account was mended."""

TOKENS_EVERY_S = 1.0
"""Seconds between looks at whether a token is due: a new revision's is there before most first calls of it."""


class CredentialUnavailable(UnderstudyError):
    """No key may be sent to the account; `problem` says why, for the operator's condition."""

    def __init__(self, problem: CredentialProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Credentials:
    """Keys by namespace and account.

    Args:
        clock: the machine's clocks.
        root: holds NAMESPACE/SECRET/KEY.
        session: the process's client session, which Entra tokens are fetched with.
    """

    def __init__(
        self, clock: Clock, root: Path = Path(CREDENTIALS_DIR), session: Callable[[], ClientSession] | None = None
    ) -> None:
        self._clock = clock
        self._mounts = Mounts(clock, root)
        self._tokens = EntraTokens(clock, session or _no_session)
        self._refused: dict[tuple[str, str], tuple[Mounted, float]] = {}
        self._keys: dict[tuple[str, str, str, str], tuple[Mounted, str]] = {}
        """By namespace, account's name, Secret and host: the key that may go there, and what it was read from."""

    async def headers_for(self, namespace: str, account: Account) -> dict[str, str]:
        """What a request to the account's model has to carry; empty when the account names no Secret.

        Waits only for an account's very first Entra token, and that is fetched ahead by `keep_tokens`.

        Raises:
            CredentialUnavailable: as `key_for`; or Entra gives no token.
        """
        if account.auth == "EntraToken":
            return {"Authorization": f"Bearer {await self._token(namespace, account)}"}
        key = self.key_for(namespace, account)
        if key is None:
            return {}
        return {"api-key": key} if account.provider == AZURE_OPENAI else {"Authorization": f"Bearer {key}"}

    def key_for(self, namespace: str, account: Account) -> str | None:
        """The account's API key; None when the account names no Secret.

        Raises:
            CredentialUnavailable: the Secret or its key is missing, or the host is not one it may go to.
        """
        if account.secret is None:
            return None
        place = (namespace, account.name, account.secret, "" if account.default_host else account.base_url)
        kept = self._keys.get(place)
        if kept is not None and kept[0] is self._mounts.read(namespace, account.secret):
            return kept[1]
        self._keys.pop(place, None)
        secret = self._checked(namespace, account.secret, account.name, (SECRET_KEY,))
        if not account.default_host:
            _check_host(secret, account.secret, account.name, account.base_url)
        self._keys[place] = (secret, secret.values[SECRET_KEY])
        return secret.values[SECRET_KEY]

    def secret_for(self, namespace: str, secret: str, url: str) -> str:
        """The `apiKey` of a Secret used for `url`, whose host must be in its `allowed-hosts` (webhooks).

        Raises:
            CredentialUnavailable: as `key_for`; the problem's account is `webhook`.
        """
        found = self._checked(namespace, secret, "webhook", (SECRET_KEY,))
        _check_host(found, secret, "webhook", url)
        return found.values[SECRET_KEY]

    def version(self, namespace: str, account: Account) -> str:
        """Changes when the account's Secret does, or its Entra token: what an ejection for a bad key lasts until."""
        if account.secret is None:
            return ""
        version = self._mounts.read(namespace, account.secret).version
        if account.auth != "EntraToken":
            return version
        try:
            return f"{version}/{self._tokens.generation(self._client(namespace, account))}"
        except CredentialUnavailable:
            return version

    def report_refused(self, namespace: str, account: Account) -> None:
        """A provider answered 401 or 403 to the account's key."""
        if account.secret is None:
            return
        secret = self._mounts.read(namespace, account.secret)
        self._refused[namespace, account.secret] = (secret, self._clock.monotonic())
        if account.auth == "EntraToken":
            for client in self._clients([(namespace, account)]):
                self._tokens.refused(client)

    async def keep_tokens(self, wanted: Callable[[], Iterable[tuple[str, Account]]]) -> None:
        """For ever: fetch Entra tokens before they are needed, for the namespaces and accounts that `wanted` gives."""
        while True:
            clients = set(self._clients(wanted()))
            await asyncio.gather(*(self._tokens.token(client) for client in clients), return_exceptions=True)
            self._tokens.forget(clients)
            await asyncio.sleep(TOKENS_EVERY_S)

    def problems(self, namespace: str, snapshots: Iterable[Snapshot]) -> tuple[CredentialProblem, ...]:
        """What is wrong with the keys that `snapshots` need, each account once, sorted by account."""
        found: dict[str, CredentialProblem] = {}
        for snapshot in snapshots:
            for account in snapshot.accounts.values():
                if account.secret and (problem := self._problem_of(namespace, account, account.secret)):
                    found[account.name] = problem
            if snapshot.webhook and snapshot.webhook.secret:
                try:
                    self.secret_for(namespace, snapshot.webhook.secret, snapshot.webhook.url)
                except CredentialUnavailable as error:
                    found[error.problem.account] = error.problem
        return tuple(found[name] for name in sorted(found))

    def quality_problems(self, namespace: str, order: QualityOrder) -> tuple[CredentialProblem, ...]:
        """What is wrong with the keys that scores of calls need. No revision needs them."""
        account, found = order.judge_account, []
        if account and account.secret and (problem := self._problem_of(namespace, account, account.secret)):
            found.append(problem)
        if order.webhook and order.webhook.secret_ref:
            try:
                self.secret_for(namespace, order.webhook.secret_ref.name, order.webhook.url)
            except CredentialUnavailable as error:
                found.append(error.problem.model_copy(update={"account": "quality.webhook"}))
        return tuple(found)

    def _problem_of(self, namespace: str, account: Account, secret: str) -> CredentialProblem | None:
        try:
            if account.auth == "EntraToken":
                failure = self._tokens.failure(self._client(namespace, account))
                if failure:
                    return _token_problem(account, secret, failure)
            else:
                self.key_for(namespace, account)
        except CredentialUnavailable as error:
            return error.problem
        known, since = self._refused.get((namespace, secret), (None, 0.0))
        still = known == self._mounts.read(namespace, secret) and self._clock.monotonic() - since < REFUSED_FOR_S
        return _problem(account.name, secret, "Refused", "the provider refused its key") if still else None

    async def _token(self, namespace: str, account: Account) -> str:
        try:
            return await self._tokens.token(self._client(namespace, account))
        except TokenUnavailable as error:
            raise CredentialUnavailable(_token_problem(account, account.secret or "", error)) from error

    def _client(self, namespace: str, account: Account) -> EntraClient:
        """Who asks for the account's token.

        Whoever keeps the Secret says where its client secret goes: over TLS anywhere, otherwise where it allows.
        """
        name = account.secret or ""
        secret = self._checked(namespace, name, account.name, SECRET_ENTRA)
        if not account.default_host:
            _check_host(secret, name, account.name, account.base_url)
        tenant, client_id, client_secret = (secret.values[key] for key in SECRET_ENTRA)
        url, scope = secret.values.get("tokenUrl", ""), secret.values.get("scope", "")
        if url and urlsplit(url).scheme != "https":
            _check_host(secret, name, account.name, url)
        return EntraClient(tenant, client_id, client_secret, url, scope)

    def _clients(self, wanted: Iterable[tuple[str, Account]]) -> Iterator[EntraClient]:
        for namespace, account in wanted:
            if account.auth == "EntraToken":
                try:
                    yield self._client(namespace, account)
                except CredentialUnavailable:
                    continue

    def _checked(self, namespace: str, name: str, account: str, keys: tuple[str, ...]) -> Mounted:
        secret = self._mounts.read(namespace, name)
        if not secret.there:
            raise CredentialUnavailable(_problem(account, name, "MissingSecret", "is not there"))
        missing = [key for key in keys if key not in secret.values]
        if missing:
            message = f"has no key {', '.join(map(repr, missing))}"
            raise CredentialUnavailable(_problem(account, name, "MissingKey", message))
        return secret


def _check_host(secret: Mounted, name: str, account: str, url: str) -> None:
    host = urlsplit(url).hostname or ""
    if not host_allowed(host, secret.hosts):
        message = f"does not list {host} in its key {SECRET_ALLOWED_HOSTS!r}"
        raise CredentialUnavailable(_problem(account, name, "HostNotAllowed", message))


def _token_problem(account: Account, secret: str, error: TokenUnavailable) -> CredentialProblem:
    reason = "TokenRefused" if error.refused else "TokenUnavailable"
    return _problem(account.name, secret, reason, f"brings no token: {error}")


def _problem(account: str, secret: str, reason: str, message: str) -> CredentialProblem:
    return CredentialProblem(account=account, secret=secret, reason=reason, message=f"Secret {secret!r} {message}")


def _no_session() -> ClientSession:
    raise RuntimeError("these credentials were made without a client session")
