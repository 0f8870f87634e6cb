"""A revision's content: one assistant with its fallback plan, resolved, as the proxies act on it.

Stored in a ControllerRevision's `data`. Fields are camelCase on the wire. Later versions may add fields with
defaults: stored snapshots are parsed by the current code before hashing, so a new default is not a new revision.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
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


class Limits(Document):
    """What a provider allows an account; the proxies stay below it."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


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
    limits: Limits | None = None
    api_version: str | None = None
    """Azure OpenAI: the `api-version` of deployment URLs; None: the v1 API, which has none."""
    auth: Literal["ApiKey", "EntraToken"] = "ApiKey"
    """Azure OpenAI: whether the Secret holds a key (`api-key` header) or what a Microsoft Entra token is got with."""


class ModelTarget(Document):
    """One place a model request can go."""

    name: str
    account: str
    model: str
    """The name sent to the provider."""
    deployment: str | None = None
    """Azure OpenAI's name of the deployment, which goes into the URL."""


class Pool(Document):
    """How requests are spread over `Model.targets`; see `domain/routing/pool/settings.py` for what each one does."""

    explore_percent: float = 3.0
    max_extra_percent: float = 10.0
    hedge: bool = True
    max_attempts: int | None = None
    breaker_failures: int = 5
    breaker_open_ms: int = 5000
    hold: Literal["FirstClause", "FirstByte"] = "FirstClause"
    """What the proxy waits for before it forwards: until then a request is fired again without a seam."""


class Graceful(Document):
    """What is said and done when no model answers."""

    ask_to_repeat: str | None = None
    """Said in place of the answer."""
    ask_to_repeat_max: int = 2
    """Times in a row."""
    simpler_prompt: str | None = None
    """System prompt of the attempts that begin when the turn's budget is gone."""


class Slack(Document):
    """What is done with milliseconds saved or lost (L7); None in `Model.slack` when the user wants none of it."""

    better_target: str | None = None
    """Name of the target asked first when it is expected to answer within what is left of the budget."""
    better_voice_model: str | None = None
    """Model of the first voice when the model's answer came early enough."""
    early_ms: int = 300
    """Slack from which on the better voice is used."""
    filler: str | None = None
    """Said first when the first clause will not be there in time; its audio is cached."""


class Tool(Document):
    """A function the model may call; carried out by a webhook."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """JSON Schema of the arguments."""


class Model(Document):
    """What the model is told and where requests go."""

    targets: tuple[ModelTarget, ...]
    """The pool: requests go to the fastest."""
    fallbacks: tuple[ModelTarget, ...] = ()
    """Tried in this order when the pool is out."""
    system_prompt: str
    tools: tuple[Tool, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    attempt_timeout_ms: int = 4000
    """Longest wait for the first useful output of one target: the ceiling of the deadline that is learned."""
    reasoning_effort: str | None = None
    """Sent along, for models that reason; what is learned is learned for each effort."""
    pool: Pool = Pool()
    graceful: Graceful | None = None
    slack: Slack | None = None

    @model_validator(mode="before")
    @classmethod
    def _stored_before_pools(cls, data: Any) -> Any:
        """Read a revision from before there were pools: its targets were an order of preference, and stay one.

        It behaves as it did, and equals what its assistant asks for now, so that an upgrade rolls nothing out.
        """
        if not isinstance(data, dict) or "pool" in data or not {"systemPrompt", "targets"} <= data.keys():
            return data
        return {**data, "targets": data["targets"][:1], "fallbacks": data["targets"][1:]}


TurnDetection = Literal["Agent", "Provider"]


class Transcriber(Document):
    """One transcriber, in the order of preference."""

    account: str
    provider: str
    model: str | None = None
    language: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    """Provider-specific settings under their API names, such as `keyterm`, `smartFormat`."""
    turn_detection: TurnDetection = "Agent"
    """Who finds the end of the caller's turn; the same for every transcriber of a revision."""


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
    standby: Literal["Cold", "Connected"] = "Cold"
    """Whether the transcriber next in order is connected while the one before it works."""
    handover: Literal["WholeWords", "Immediate"] = "WholeWords"
    """Whether a voice's audio is held until a word, or a clause of a voice without word times, is whole."""

    def digest(self) -> str:
        """SHA-256 over the canonical content; equal digests mean equal behaviour."""
        return digest(self.to_json())

    def secrets(self) -> tuple[str, ...]:
        """Names of the Secrets a proxy has to mount to serve this revision, sorted."""
        names = {account.secret for account in self.accounts.values()}
        names.add(self.webhook.secret if self.webhook else None)
        return tuple(sorted(name for name in names if name))


def turn_detection(snapshot: Snapshot) -> TurnDetection:
    """Who finds the end of the caller's turn."""
    return snapshot.transcribers[0].turn_detection if snapshot.transcribers else "Agent"
