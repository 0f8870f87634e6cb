"""A revision's content: one assistant with its fallback plan, resolved, as the proxies act on it.

Stored in a ControllerRevision's `data`. Fields are camelCase on the wire. Later versions may add fields with
defaults: stored snapshots are parsed by the current code before hashing, so a new default is not a new revision.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from understudy.base.digest import digest


class Document(BaseModel):
    """Base of the documents that programs exchange: frozen, camelCase on the wire, unknown fields dropped.

    Unknown fields are dropped rather than refused so that an older proxy can read a newer operator's document.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    def to_json(self) -> dict[str, Any]:
        """The document as JSON-able data with camelCase keys and no nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Account(Document):
    """A provider we can talk to. `base_url` is filled with the provider's own where the user gave none."""

    name: str
    provider: str
    base_url: str
    secret: str | None = None
    """Name of the Secret with `apiKey` (and `allowed-hosts` where `base_url` is not the provider's own host)."""
    region: str | None = None
    default_host: bool = True
    """Whether `base_url` is the provider's own, so that the key may go there without `allowed-hosts`."""


class ModelTarget(Document):
    """One place a model request can go, in the order of preference."""

    name: str
    account: str
    model: str
    """The name sent to the provider."""


class Tool(Document):
    """A function the model may call; carried out by a webhook."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema of the arguments."""


class Model(Document):
    """What the model is told and where requests go."""

    targets: tuple[ModelTarget, ...]
    system_prompt: str
    tools: tuple[Tool, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    attempt_timeout_ms: int = 4000
    """Longest wait for the first useful output of one target before the next is tried."""


class Transcriber(Document):
    """One transcriber, in the order of preference."""

    account: str
    provider: str
    model: str | None = None
    language: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    """Provider-specific settings under their API names, such as `keyterm`, `smartFormat`."""


class Voice(Document):
    """One voice, in the order of preference."""

    account: str
    provider: str
    voice_id: str
    model: str | None = None
    language: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class Webhook(Document):
    """Where tool calls go."""

    url: str
    timeout_ms: int = 5000
    secret: str | None = None


class Agent(Document):
    """What makes an agent pod; equal agents share a Deployment across revisions."""

    image: str
    template: dict[str, Any] = Field(default_factory=dict)
    """Strategic subset of a pod template: resources, nodeSelector, tolerations, affinity, imagePullSecrets, env."""
    calls_per_agent: int = 10
    end_of_turn: Literal["SmartTurn", "Silence"] = "SmartTurn"
    """How the agent decides that the caller has finished: a model of prosody, or plain silence."""
    end_of_turn_silence_ms: int = 1200
    """SmartTurn: the silence that ends a turn it called incomplete. Silence: the silence that ends a turn."""

    def digest(self) -> str:
        """Names the agent Deployment."""
        return digest(self.to_json())


class Snapshot(Document):
    """Everything that changes what a caller hears. No rollout policy, no SLO, no capacity, no Secret content."""

    schema_version: Literal[1] = 1
    accounts: dict[str, Account]
    model: Model
    transcribers: tuple[Transcriber, ...]
    voices: tuple[Voice, ...]
    turn_budget_ms: int = 1200
    webhook: Webhook | None = None
    agent: Agent
    max_call_duration_ms: int = 1_800_000

    def digest(self) -> str:
        """SHA-256 over the canonical content; equal digests mean equal behaviour."""
        return digest(self.to_json())

    def secrets(self) -> tuple[str, ...]:
        """Names of the Secrets a proxy has to mount to serve this revision, sorted."""
        names = {account.secret for account in self.accounts.values()}
        names.add(self.webhook.secret if self.webhook else None)
        return tuple(sorted(name for name in names if name))
