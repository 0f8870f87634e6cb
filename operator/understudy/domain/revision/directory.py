"""The accounts of one assistant: finding the one that is meant, and writing those that are used into the revision."""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from understudy.api import accounts as api
from understudy.base.errors import InvalidInput
from understudy.domain.revision.snapshot import Account
from understudy.domain.routing.providers import DEFAULT_BASE_URL

_SECURE = frozenset({"https", "wss"})


class Directory:
    """spec.accounts by name."""

    def __init__(self, accounts: Iterable[api.Account]) -> None:
        self._accounts = {account.name: account for account in accounts}

    def find(self, field: str, account: str | None, providers: Collection[str]) -> api.Account:
        """The account that `account` names, or that is meant when it is None: the only one with such a provider.

        Args:
            field: path of the object that needs the account, for the complaint.
            account: its name, if given.
            providers: the providers that will do.

        Raises:
            InvalidInput: there is no such account, it has another provider, or several could be meant.
        """
        wanted = " or ".join(sorted(providers))
        if account is not None:
            found = self._accounts.get(account)
            if found is None or found.provider not in providers:
                message = f"spec.accounts has no account {account} with provider {wanted}; add it or name another"
                raise InvalidInput(f"{field}.account", message, "AccountNotFound")
            return found
        candidates = self.with_provider(providers)
        if len(candidates) != 1:
            message = f"say which account: spec.accounts has {len(candidates)} with provider {wanted}"
            raise InvalidInput(f"{field}.account", message, "AccountNotFound")
        return candidates[0]

    def with_provider(self, providers: Collection[str]) -> tuple[api.Account, ...]:
        """The accounts with one of `providers`, in the order they are written."""
        return tuple(account for account in self._accounts.values() if account.provider in providers)

    def used(self, names: Iterable[str]) -> dict[str, Account]:
        """The named accounts as a revision holds them. Unused ones are no part of it: adding one changes no call."""
        return {name: resolved(self._accounts[name]) for name in sorted(set(names))}


def resolved(account: api.Account) -> Account:
    """`account` with its base URL filled in."""
    default = DEFAULT_BASE_URL[account.provider]
    base_url = (account.base_url or default).rstrip("/")
    return Account(
        name=account.name,
        provider=account.provider,
        base_url=base_url,
        secret=account.credentials_ref.name if account.credentials_ref else None,
        default_host=_same_host(base_url, default),
    )


def _same_host(url: str, default: str) -> bool:
    """Whether the key may go to `url` as to `default`: the same host, by a connection that nobody can read."""
    given = urlsplit(url)
    return given.scheme in _SECURE and given.netloc.lower() == urlsplit(default).netloc
