"""The language model: what it is told, which tools it has, where its requests go (`spec.model`)."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, ConfigMapKeyRef, Identifier, Name
from understudy.api.markers import MapList, Opaque, Rule
from understudy.api.routing import Routing, Slack

MAX_DEPLOYMENTS = 128
"""Deployments of one model; three times the forty that are normal."""

MAX_TOOLS = 32
"""Tools of one assistant: models choose badly among more, and every one is sent with every request."""

MAX_PROMPT = 65_536
"""Characters of an inline system prompt; a longer one belongs into a ConfigMap."""


Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
"""OpenAI's words; which of them a model takes is the provider's to say."""


class Deployment(ApiModel):
    """One place where the model runs."""

    name: Name
    """Shown in metrics and in the call log."""
    account: Name
    """Which of spec.accounts serves it; one with provider openai or azure-openai."""
    model: Identifier | None = None
    """The model's name there. Absent: spec.model.name."""
    deployment: Identifier | None = None
    """azure-openai: the deployment's name. Absent: the model's name, which is what many call it."""


class Tool(ApiModel):
    """A function the model may call. The call is a POST to spec.server.url."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=64),
        Rule("self.matches('^[a-zA-Z0-9_-]+$')", "a tool's name has letters, digits, '_' and '-' only"),
    ]
    """The function's name, as the model and the webhook see it."""
    description: Annotated[str, Field(max_length=1024)] = ""
    """What it does and when to call it; written for the model."""
    parameters: Annotated[dict[str, Any], Opaque()] = Field(default_factory=dict)
    """JSON Schema of the arguments, an object. Absent: no arguments."""


class SystemPromptFrom(ApiModel):
    """A system prompt kept outside the assistant."""

    config_map_key_ref: ConfigMapKeyRef
    """Key of a ConfigMap. Its content is part of the revision: editing it is a rollout."""


class Model(ApiModel):
    """What the model is told and where its requests go."""

    rules: ClassVar = (
        Rule(
            "has(self.systemPrompt) != has(self.systemPromptFrom)",
            "write exactly one of systemPrompt and systemPromptFrom",
            at=".systemPrompt",
        ),
        Rule(
            "!has(self.slack) || !has(self.slack.betterDeployment) || "
            "(has(self.deployments) && self.deployments.exists(d, d.name == self.slack.betterDeployment))",
            "betterDeployment is not one of model.deployments; add it there, or name another",
            at=".slack.betterDeployment",
        ),
    )

    name: Identifier
    """The model, as the provider calls it, such as gpt-4o-mini."""
    system_prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT)] | None = None
    """What the model is told before the conversation."""
    system_prompt_from: SystemPromptFrom | None = None
    """Where the system prompt is kept instead."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Passed to the provider. Absent: the provider's default."""
    max_tokens: Annotated[int, Field(ge=1, le=32_768)] | None = None
    """Longest answer in tokens. Absent: the provider's default."""
    deployments: (
        Annotated[tuple[Deployment, ...], Field(min_length=1, max_length=MAX_DEPLOYMENTS), MapList()] | None
    ) = None
    """The pool: each request goes to the one that is fastest now, judged by live traffic. Their order means nothing;
    what is to be tried only when the pool is out belongs into a FallbackPlan's models. Absent: the only account with
    provider openai or azure-openai."""
    routing: Routing = Routing()
    """How requests are spread over the pool."""
    reasoning_effort: Effort | None = None
    """Passed to the provider, for models that reason. Each effort is learned by itself. Absent: the provider's
    default."""
    slack: Slack | None = None
    """What is done with milliseconds that a turn has left, or lacks. Absent: nothing."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=MAX_TOOLS), MapList()] = ()
    """Functions the model may call."""
