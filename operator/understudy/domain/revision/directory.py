"""The accounts of one assistant: finding the one that is meant, and writing those that are used into the revision."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from understudy.api import accounts as api
from understudy.api.zones import in_zones
from understudy.base.errors import InvalidInput
from understudy.domain.revision.snapshot import Account, Limits
from understudy.domain.routing.hosts import host_allowed
from understudy.domain.routing.providers import AZURE_HOSTS, AZURE_OPENAI, DEFAULT_BASE_URL

_SECURE = frozenset({"https", "wss"})
_HTTPS = 443

RETIRED: Final = frozenset({"playht"})
"""Providers that their owner has shut down; an account with a base URL is somebody's own installation."""

_HOMES: Final[dict[str, tuple[str, ...]]] = {
    AZURE_OPENAI: AZURE_HOSTS,
    "assembly-ai": ("streaming.assemblyai.com", "streaming.eu.assemblyai.com"),
    "azure": (
        "*.stt.speech.microsoft.com",
        "*.tts.speech.microsoft.com",
        "*.api.cognitive.microsoft.com",
        "*.cognitiveservices.azure.com",
        *(f"*.{service}.speech.azure.{cloud}" for service in ("stt", "tts") for cloud in ("us", "cn")),
    ),
    "speechmatics": ("*.rt.speechmatics.com",),
}
"""Hosts that are a provider's own besides that of its default base URL; a key may go there by itself."""


class Directory:
    """spec.accounts by name.

    Args:
        accounts: as they are written.
        zones: those the caller's data may go to; None: anywhere.
    """

    def __init__(self, accounts: Iterable[api.Account], zones: Sequence[str] | None = None) -> None:
        self._accounts = {account.name: account for account in accounts}
        self.zones = zones

    def find(self, field: str, account: str | None, providers: Collection[str]) -> api.Account:
        """The account that `account` names, or that is meant when it is None: the only one with such a provider.

        Args:
            field: path of the object that needs the account, for the complaint.
            account: its name, if given.
            providers: the providers that will do.

        Raises:
            InvalidInput: there is no such account, it has another provider, several could be meant, or it is not known
                to be in one of the zones.
        """
        found = self._named(field, account, providers) if account else self._implied(field, providers)
        if not self.allowed(found):
            raise InvalidInput(f"{field}.account", self._outside(found), "DataZoneNotAllowed")
        return found

    def allowed(self, account: api.Account) -> bool:
        """Whether the caller's data may go there. An account without a region is in no zone: this fails closed."""
        return self.zones is None or in_zones(account.region, self.zones)

    def _named(self, field: str, account: str, providers: Collection[str]) -> api.Account:
        found = self._accounts.get(account)
        if found is None or found.provider not in providers:
            message = (
                f"spec.accounts has no account {account} with provider {_either(providers)}; add it or name another"
            )
            raise InvalidInput(f"{field}.account", message, "AccountNotFound")
        return found

    def _implied(self, field: str, providers: Collection[str]) -> api.Account:
        candidates = self.with_provider(providers)
        if len(candidates) != 1:
            message = f"say which account: spec.accounts has {len(candidates)} with provider {_either(providers)}"
            raise InvalidInput(f"{field}.account", message, "AccountNotFound")
        return candidates[0]

    def _outside(self, account: api.Account) -> str:
        where = f"is in {account.region}" if account.region else "has no region"
        return f"{account.name} {where}; spec.compliance.dataZones allows {_either(self.zones or ())}"

    def retired(self, name: str) -> bool:
        """Whether nobody is there to ask at the account called `name`."""
        return is_retired(self._accounts[name])

    def with_provider(self, providers: Collection[str]) -> tuple[api.Account, ...]:
        """The accounts with one of `providers`, in the order they are written."""
        return tuple(account for account in self._accounts.values() if account.provider in providers)

    def used(self, names: Iterable[str]) -> dict[str, Account]:
        """The named accounts as a revision holds them. Unused ones are no part of it: adding one changes no call."""
        return {name: resolved(self._accounts[name]) for name in sorted(set(names))}


def resolved(account: api.Account) -> Account:
    """`account` with its base URL filled in."""
    default = DEFAULT_BASE_URL.get(account.provider, "")
    base_url = (account.base_url or default).rstrip("/")
    return Account(
        name=account.name,
        provider=account.provider,
        base_url=base_url,
        secret=account.credentials_ref.name if account.credentials_ref else None,
        region=account.region,
        default_host=_at_home(base_url, account.provider),
        limits=_limits(account.limits),
        api_version=account.api_version,
        auth=account.auth or "ApiKey",
    )


def _limits(limits: api.AccountLimits | None) -> Limits | None:
    if limits is None or limits == api.AccountLimits():
        return None
    tokens = limits.tokens_per_minute
    return Limits(
        requests_per_minute=limits.requests_per_minute, tokens_per_minute=api.count(tokens) if tokens else None
    )


def is_retired(account: api.Account) -> bool:
    """Whether its provider is gone, and it has no base URL of its own."""
    return account.provider in RETIRED and account.base_url is None


def _at_home(url: str, provider: str) -> bool:
    """Whether the key may go to `url` by itself: a host of the provider's, by a connection that nobody can read."""
    given = urlsplit(url)
    if not url:
        return provider not in RETIRED  # Azure's host follows from the account's region
    if given.scheme not in _SECURE:
        return False
    if given.port in (None, _HTTPS) and host_allowed(given.hostname or "", _HOMES.get(provider, ())):
        return True
    default = DEFAULT_BASE_URL.get(provider)
    return default is not None and given.netloc.lower() == urlsplit(default).netloc


def _either(words: Collection[str]) -> str:
    return " or ".join(sorted(words))
