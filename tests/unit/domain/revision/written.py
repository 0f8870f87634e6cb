"""A small assistant as a user writes it, changed here and there, and what it resolves to."""

from typing import Any

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.domain.revision.automatic import NOW, Rules
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.resolve import Resolution, resolve
from understudy.domain.revision.snapshot import Snapshot

IMAGE = "agent:1"


def account(name: str, provider: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "provider": provider, "credentialsRef": {"name": f"{name}-key"}, **more}


def written(**changes: Any) -> dict[str, Any]:
    """A small assistant's spec with some fields replaced."""
    accounts = [account("llm", "openai"), account("ears", "deepgram"), account("mouth", "cartesia")]
    return {
        "accounts": accounts,
        "model": {"name": "gpt-4o-mini", "systemPrompt": "You answer the phone."},
        "transcriber": {"provider": "deepgram"},
        "voice": {"provider": "openai", "voiceId": "shimmer"},
        **changes,
    }


def resolved(
    plan: dict[str, Any] | None = None,
    prompt: str | None = None,
    *,
    installation: Restriction = UNRESTRICTED,
    rules: Rules = NOW,
    **changes: Any,
) -> Resolution:
    if plan is not None:
        changes["fallbackPlanRef"] = {"name": "house-rules"}
    spec = VoiceAssistantSpec.model_validate(written(**changes))
    shared = None if plan is None else FallbackPlanSpec.model_validate(plan)
    return resolve(spec, shared, prompt, IMAGE, installation=installation, rules=rules)


def snapshot(plan: dict[str, Any] | None = None, prompt: str | None = None, **changes: Any) -> Snapshot:
    return resolved(plan, prompt, **changes).snapshot
