"""VoiceAssistant: who answers the phone, with what, and how a change to it reaches callers."""

from typing import Annotated, ClassVar

from understudy.api.accounts import Accounts
from understudy.api.base import ApiModel, DurationText, LocalRef, duration_between
from understudy.api.compliance import COMPLIANCE_RULES
from understudy.api.language_model import Model
from understudy.api.operations import Capacity, Compliance, Server
from understudy.api.pods import Agent, Proxy
from understudy.api.quality import QUALITY_RULES, Quality
from understudy.api.references import MODEL_RULES, listed, single
from understudy.api.rollout import RolloutSpec, Slos
from understudy.api.transcriber import Transcriber
from understudy.api.voice import Voice
from understudy.api.zones import ZONE_RULES


class VoiceAssistantSpec(ApiModel):
    """What answers the phone. A change to what callers hear becomes a revision and is rolled out by weight."""

    rules: ClassVar = (
        *MODEL_RULES,
        *single("transcriber"),
        *single("voice"),
        *listed("transcriber", "transcribers"),
        *listed("voice", "voices"),
        *ZONE_RULES,
        *COMPLIANCE_RULES,
        *QUALITY_RULES,
    )

    accounts: Accounts
    """The providers this assistant can talk to."""
    model: Model
    """What thinks: the language model, its prompt and its tools."""
    transcriber: Transcriber
    """What hears."""
    voice: Voice
    """What speaks."""
    fallback_plan_ref: LocalRef | None = None
    """FallbackPlan in the same namespace; used where the assistant has no list of its own. Editing the plan is a
    rollout of every assistant that refers to it."""
    turn_budget: Annotated[DurationText, duration_between("200ms", "10s", "1200ms")] = "1200ms"
    """From the caller's last word to the assistant's first. Everything in a turn draws from it, retries too."""
    server: Server | None = None
    """Your webhook, for tool calls."""
    capacity: Capacity = Capacity()
    """How many calls, and how long."""
    compliance: Compliance | None = None
    """What providers must be allowed to hear."""
    rollout: RolloutSpec = RolloutSpec()
    """How a change reaches callers."""
    slos: Slos | None = None
    """What a change is judged by. Absent: turn latency, dropped calls and quality with common thresholds."""
    quality: Quality | None = None
    """Who scores finished calls, besides the proxy's own signals."""
    agent: Agent = Agent()
    """The conversation's pods."""
    proxy: Proxy = Proxy()
    """The routing-proxy's pods."""
