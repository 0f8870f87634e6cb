"""The pods an assistant runs in: `spec.agent` and `spec.proxy`.

A user writes a subset of a pod template. What would let them read someone else's Secret (volumes, `valueFrom`, service
accounts) is not in it: writing a VoiceAssistant must not be a way to more rights than that.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, LocalRef, duration_between
from understudy.api.markers import MapList, NotBuilt, Opaque

MAX_REPLICAS = 500
"""Pods of one kind for one assistant; a nudge against typing errors."""

Quantities = Annotated[dict[str, int | str], Field(max_length=16)]
"""Resource name → quantity."""

LabelText = Annotated[str, Field(max_length=317)]


class Resources(ApiModel):
    """A container's resources."""

    requests: Quantities | None = None
    """What is reserved, such as cpu: 500m."""
    limits: Quantities | None = None
    """What is the most."""


class Toleration(ApiModel):
    """A toleration, as in a pod."""

    key: LabelText | None = None
    """Taint key."""
    operator: Literal["Exists", "Equal"] | None = None
    """Equal when absent."""
    value: LabelText | None = None
    """Taint value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Every effect when absent."""
    toleration_seconds: int | None = None
    """How long, with NoExecute."""


class PodTemplate(ApiModel):
    """The part of a pod template that is yours to set."""

    resources: Resources | None = None
    """Resources of the container."""
    node_selector: Annotated[dict[str, LabelText], Field(max_length=32)] | None = None
    """Labels of the nodes to run on."""
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] | None = None
    """Taints to run in spite of."""
    affinity: Annotated[dict[str, Any] | None, Opaque()] = None
    """Affinity, as in a pod."""
    image_pull_secrets: Annotated[tuple[LocalRef, ...], Field(max_length=16)] | None = None
    """Secrets to pull the image with."""
    priority_class_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Priority of the pods."""


class EnvVariable(ApiModel):
    """An environment variable with a literal value; agents hold no secrets."""

    name: Annotated[str, Field(min_length=1, max_length=128)]
    """Its name."""
    value: Annotated[str, Field(max_length=4096)] = ""
    """Its value."""


class AgentTemplate(PodTemplate):
    """The part of an agent pod's template that is yours to set."""

    env: Annotated[tuple[EnvVariable, ...], Field(max_length=64), MapList()] | None = None
    """Variables for your agent image. Names we set ourselves stay ours."""


class Replicas(ApiModel):
    """How many pods."""

    min: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 1
    """Pods that are always there. Together they take min times capacity.callsPerAgent calls."""
    max: Annotated[int | None, Field(ge=1, le=MAX_REPLICAS), NotBuilt("set min to what the peak needs")] = None
    """Most pods under load."""


class EndOfTurn(ApiModel):
    """How the agent tells that the caller has finished."""

    strategy: Literal["SmartTurn", "Silence"] = "SmartTurn"
    """SmartTurn: a model listens to the prosody. Silence: a pause is enough; for synthetic callers."""
    silence: Annotated[DurationText, duration_between("100ms", "5s", "1200ms")] = "1200ms"
    """SmartTurn: the pause that ends a turn which sounded unfinished. Silence: the pause that ends every turn."""


class Agent(ApiModel):
    """The conversation's pods. Changing image, template, endOfTurn or capacity.callsPerAgent makes new pods."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """Image of the agent. Absent: the one that came with the operator."""
    replicas: Replicas = Replicas()
    """How many agent pods."""
    template: AgentTemplate | None = None
    """Resources, scheduling, pull secrets, variables."""
    end_of_turn: EndOfTurn = EndOfTurn()
    """How the agent tells that the caller has finished."""


class Proxy(ApiModel):
    """The routing-proxy's pods. No part of the revision."""

    replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 2
    """Pods; with one, a restart refuses new calls until it is back."""
    template: PodTemplate | None = None
    """Resources, scheduling, pull secrets."""
