"""Provider keys from mounted Secrets: read when they change, given out only for the hosts they are meant for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.naming import CREDENTIALS_DIR, SECRET_ALLOWED_HOSTS, SECRET_KEY
from understudy.domain.revision.snapshot import Account, Snapshot
from understudy.domain.routing.hosts import host_allowed

RECHECK_S = 1.0
"""Seconds for which a key is not looked up on disk again: far below the kubelet's own delay of a minute."""

REFUSED_FOR_S = 300.0
"""Seconds for which a provider's refusal of an unchanged key is reported: long enough to be seen in `kubectl`, short
enough to clear by itself when the provider's account was mended."""


class CredentialUnavailable(UnderstudyError):
    """No key may be sent to the account; `problem` says why, for the operator's condition."""

    def __init__(self, problem: CredentialProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Secret:
    """A mounted Secret as last read; `key` is None when there is none, `hosts` is empty when it names none."""

    mounted: bool
    key: str | None
    hosts: tuple[str, ...] = ()
    read_at: float = field(default=0.0, compare=False)


class Credentials:
    """Keys by namespace and account. `root` holds NAMESPACE/SECRET/{apiKey,allowed-hosts}."""

    def __init__(self, clock: Clock, root: Path = Path(CREDENTIALS_DIR)) -> None:
        self._clock = clock
        self._root = root
        self._secrets: dict[tuple[str, str], _Secret] = {}
        self._refused: dict[tuple[str, str], tuple[_Secret, float]] = {}

    def key_for(self, namespace: str, account: Account) -> str | None:
        """The account's API key; None when the account names no Secret.

        Raises:
            CredentialUnavailable: the Secret or its key is missing, or the host is not one it may go to.
        """
        if account.secret is None:
            return None
        return self._checked(namespace, account.secret, account.name, account.base_url, default=account.default_host)

    def secret_for(self, namespace: str, secret: str, url: str) -> str:
        """The `apiKey` of a Secret used for `url`, whose host must be in its `allowed-hosts` (webhooks).

        Raises:
            CredentialUnavailable: as `key_for`; the problem's account is `webhook`.
        """
        return self._checked(namespace, secret, "webhook", url, default=False)

    def report_refused(self, namespace: str, account: Account) -> None:
        """A provider answered 401 or 403 to the account's key."""
        if account.secret:
            secret = self._read(namespace, account.secret)
            self._refused[namespace, account.secret] = (secret, self._clock.monotonic())

    def problems(self, namespace: str, snapshots: Iterable[Snapshot]) -> tuple[CredentialProblem, ...]:
        """What is wrong with the keys that `snapshots` need, each account once, sorted by account."""
        found: dict[str, CredentialProblem] = {}
        for snapshot in snapshots:
            for account in snapshot.accounts.values():
                if account.secret and (problem := self._problem_of(namespace, account)):
                    found[account.name] = problem
            if snapshot.webhook and snapshot.webhook.secret:
                try:
                    self.secret_for(namespace, snapshot.webhook.secret, snapshot.webhook.url)
                except CredentialUnavailable as error:
                    found[error.problem.account] = error.problem
        return tuple(found[name] for name in sorted(found))

    def _problem_of(self, namespace: str, account: Account) -> CredentialProblem | None:
        try:
            self.key_for(namespace, account)
        except CredentialUnavailable as error:
            return error.problem
        secret = account.secret or ""
        known, since = self._refused.get((namespace, secret), (None, 0.0))
        still = known == self._read(namespace, secret) and self._clock.monotonic() - since < REFUSED_FOR_S
        return _problem(account.name, secret, "Refused", "the provider refused its key") if still else None

    def _checked(self, namespace: str, name: str, account: str, url: str, *, default: bool) -> str:
        secret = self._read(namespace, name)
        if not secret.mounted:
            raise CredentialUnavailable(_problem(account, name, "MissingSecret", "is not there"))
        if secret.key is None:
            raise CredentialUnavailable(_problem(account, name, "MissingKey", f"has no key {SECRET_KEY!r}"))
        host = urlsplit(url).hostname or ""
        if not default and not host_allowed(host, secret.hosts):
            message = f"does not list {host} in its key {SECRET_ALLOWED_HOSTS!r}"
            raise CredentialUnavailable(_problem(account, name, "HostNotAllowed", message))
        return secret.key

    def _read(self, namespace: str, name: str) -> _Secret:
        """The Secret as it is on disk, at most `RECHECK_S` old. The mount is memory, so reading does not block."""
        now = self._clock.monotonic()
        kept = self._secrets.get((namespace, name))
        if kept and now - kept.read_at < RECHECK_S:
            return kept
        folder = self._root / namespace / name
        key = _text(folder / SECRET_KEY)
        hosts = tuple(part for part in re.split(r"[,\s]+", _text(folder / SECRET_ALLOWED_HOSTS) or "") if part)
        secret = _Secret(mounted=folder.is_dir(), key=key or None, hosts=hosts, read_at=now)
        self._secrets[namespace, name] = secret
        return secret


def _problem(account: str, secret: str, reason: str, message: str) -> CredentialProblem:
    return CredentialProblem(account=account, secret=secret, reason=reason, message=f"Secret {secret!r} {message}")


def _text(path: Path) -> str | None:
    """The file's text without surrounding white space; None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
