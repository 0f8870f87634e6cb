"""Accounts: the providers an assistant can talk to (`spec.accounts`)."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, BaseUrl, LocalRef, Name
from understudy.api.markers import MapList, Only, Rule

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

MODELS = Only(("openai", "azure-openai"))
AZURE = Only(("azure-openai",))

Zone = Annotated[
    str,
    Field(min_length=1, max_length=32),
    Rule(
        "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        "a region or zone has lower-case letters, digits and '-', such as eastus or eu",
    ),
]
"""A region or a data zone; providers' own names of regions have up to 20 characters."""

_COUNT = {"k": 1_000, "M": 1_000_000}


def count(text: str) -> int:
    """A number such as 200k or 2M, which the API server has accepted."""
    found = re.fullmatch(r"([0-9]+)([kM]?)", text)
    if found is None:
        raise ValueError(f"{text!r} is no number: write one such as 200k or 2M")
    return int(found[1]) * _COUNT.get(found[2], 1)


class AccountLimits(ApiModel):
    """What the provider allows this account."""

    requests_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Requests in a minute."""
    tokens_per_minute: (
        Annotated[
            str,
            Field(min_length=1, max_length=16),
            Rule(
                "self.matches('^[1-9][0-9]*[kM]?$')",
                "write a number of tokens such as 200k or 2M, in quotes without k or M",
            ),
        ]
        | None
    ) = None
    """Tokens in a minute, such as 200k or 2M."""


class Account(ApiModel):
    """A provider we can talk to, with the key for it."""

    rules: ClassVar = (
        Rule(
            "has(self.credentialsRef) || has(self.baseUrl)",
            "give credentialsRef, the Secret with the apiKey; only an account with its own baseUrl can do without",
            reason="FieldValueRequired",
            at=".credentialsRef",
        ),
        Rule(
            "self.provider != 'azure-openai' || has(self.baseUrl)",
            "azure-openai needs baseUrl: your resource's endpoint, such as https://my-resource.openai.azure.com",
            reason="FieldValueRequired",
            at=".baseUrl",
        ),
        Rule(
            "self.provider != 'azure' || has(self.region) || has(self.baseUrl)",
            "azure needs region, the Speech resource's such as eastus, or baseUrl, where an endpoint of its own is",
            reason="FieldValueRequired",
            at=".region",
        ),
        Rule(
            "!has(self.auth) || self.auth != 'EntraToken' || has(self.credentialsRef)",
            "give credentialsRef: the Secret with tenantId, clientId and clientSecret",
            reason="FieldValueRequired",
            at=".credentialsRef",
        ),
    )

    name: Name
    """What deployments, transcribers and voices call this account."""
    provider: AccountProvider
    """The provider, which decides the protocol. openai also reaches everything that speaks OpenAI's API at baseUrl;
    azure is Azure's speech, azure-openai its models."""
    base_url: BaseUrl | None = None
    """Where the provider is. Absent: its public endpoint, listed in docs/reference/speech-providers.md; azure's is that
    of its region. azure-openai needs your resource's endpoint, such as https://my-resource.openai.azure.com; playht has
    none of its own any more. The key goes to a host that is not the provider's own only when the Secret's key
    allowed-hosts lists it."""
    credentials_ref: LocalRef | None = None
    """Secret in the assistant's namespace with the provider's key under apiKey (playht: USER:KEY); for EntraToken with
    tenantId, clientId and clientSecret instead, and tokenUrl and scope in a cloud of its own. Only the routing-proxy
    reads it."""
    auth: Annotated[Literal["ApiKey", "EntraToken"] | None, AZURE] = None
    """azure-openai: ApiKey (when absent) sends the key; EntraToken gets a Microsoft Entra token with the Secret's
    client, and renews it before it ends."""
    api_version: Annotated[
        str | None,
        Field(min_length=1, max_length=32),
        Rule(
            "self.matches('^20[0-9]{2}-[0-9]{2}-[0-9]{2}(-preview)?$')",
            "write a dated version such as 2024-10-21, or remove it: the v1 API has none",
        ),
        AZURE,
    ] = None
    """azure-openai: the dated version of the API, which then is asked at deployment URLs. Absent: the v1 API."""
    region: Zone | None = None
    """Where the account's data is processed: a region of Azure's such as eastus, or a zone such as eu. With
    compliance.dataZones, an account without one is not used. azure: the Speech resource's region."""
    limits: Annotated[AccountLimits | None, MODELS] = None
    """What the provider allows model requests of this account; they keep below it. Absent: its headers are followed."""


Accounts = Annotated[tuple[Account, ...], Field(min_length=1, max_length=MAX_ACCOUNTS), MapList()]
