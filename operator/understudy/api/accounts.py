"""Accounts: the providers an assistant can talk to (`spec.accounts`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, BaseUrl, LocalRef, Name
from understudy.api.markers import MapList, NotBuilt, Rule

MAX_ACCOUNTS = 128
"""Accounts of one assistant: forty deployments are normal, each may be an account of its own, times three."""

AccountProvider = Literal[
    "openai",
    "azure-openai",
    "deepgram",
    "cartesia",
    "assembly-ai",
    "azure",
    "gladia",
    "google",
    "speechmatics",
    "11labs",
    "playht",
]

NOT_BUILT_ACCOUNTS = ("azure-openai", "assembly-ai", "azure", "gladia", "google", "speechmatics", "11labs", "playht")


class AccountLimits(ApiModel):
    """What the provider allows this account."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Requests in a minute."""
    tokens_per_minute: Annotated[str, Field(min_length=1, max_length=16)] | None = None
    """Tokens in a minute, such as 200k."""


class Account(ApiModel):
    """A provider we can talk to, with the key for it."""

    rules: ClassVar = (
        Rule(
            "has(self.credentialsRef) || has(self.baseUrl)",
            "give credentialsRef, the Secret with the apiKey; only an account with its own baseUrl can do without",
            reason="FieldValueRequired",
            at=".credentialsRef",
        ),
    )

    name: Name
    """What deployments, transcribers and voices call this account."""
    provider: Annotated[
        AccountProvider,
        NotBuilt("use openai (also for anything that speaks its API), deepgram or cartesia", NOT_BUILT_ACCOUNTS),
    ]
    """The provider, which decides the protocol. openai also reaches everything that speaks OpenAI's API at baseUrl."""
    base_url: BaseUrl | None = None
    """Where the provider is. Absent: its public endpoint (openai https://api.openai.com/v1, deepgram
    wss://api.deepgram.com, cartesia wss://api.cartesia.ai). The key goes to another host only when the Secret's key
    allowed-hosts lists it."""
    credentials_ref: LocalRef | None = None
    """Secret in the assistant's namespace with the provider's key under apiKey. Only the routing-proxy reads it."""
    region: Annotated[str | None, Field(min_length=1, max_length=64), NotBuilt("put the region into baseUrl")] = None
    """Region of the account, for providers that have one endpoint a region."""
    limits: Annotated[AccountLimits | None, NotBuilt("leave it out; the provider's own refusals are followed")] = None
    """What the provider allows; requests keep below it."""


Accounts = Annotated[tuple[Account, ...], Field(min_length=1, max_length=MAX_ACCOUNTS), MapList()]
