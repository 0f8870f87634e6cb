"""From the objects that the API server has to a `State`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from understudy.api.rollout import DEFAULT_SLOS, RolloutSpec, Slo
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.state import Agents, Made, State
from understudy.domain import naming

_SLOS: TypeAdapter[tuple[Slo, ...]] = TypeAdapter(tuple[Slo, ...])


def summary(assistant: dict[str, Any], now: float) -> State:
    """What the VoiceAssistant itself says.

    Raises:
        CannotTell: it was written by another version than this command's.
    """
    metadata, spec = assistant["metadata"], assistant.get("spec") or {}
    try:
        status = VoiceAssistantStatus.model_validate(assistant.get("status") or {})
        policy = RolloutSpec.model_validate(spec.get("rollout") or {})
        slos = _SLOS.validate_python(spec["slos"]) if spec.get("slos") else DEFAULT_SLOS
    except ValidationError as error:
        first = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CannotTell(
            f"{metadata['name']} was written by another version than this command's ({first}): install the plugin of "
            "the operator's version"
        ) from error
    rollout = status.rollout
    ready = next((each for each in status.conditions if each.type == "Ready"), None)
    return State(
        namespace=metadata["namespace"],
        name=metadata["name"],
        phase=status.phase.value,
        step=status.step,
        stable=rollout.stable.name if rollout.stable else "",
        canary=rollout.canary.name if rollout.canary else "",
        weight=status.weight,
        verdict=rollout.verdict.value if rollout.verdict else "",
        message=ready.message if ready and ready.status != "True" else "",
        at=now,
        status=status,
        policy=policy,
        slos=slos,
    )


def agents(pods: Sequence[dict[str, Any]], deployments: Sequence[dict[str, Any]]) -> dict[str, Agents]:
    """Agent pods ready and wanted, by the name of Deployment and Service; those without a Deployment by what is there.

    Args:
        pods: every agent pod of the assistant.
        deployments: their Deployments; none where we may not look.
    """
    ready: dict[str, int] = {}
    for pod in pods:
        labels = pod["metadata"]["labels"]
        name = naming.agent(labels[naming.LABEL_INSTANCE], labels.get(naming.LABEL_AGENT, ""))
        ready[name] = ready.get(name, 0) + is_ready(pod)
    wanted = {each["metadata"]["name"]: int((each.get("spec") or {}).get("replicas") or 0) for each in deployments}
    return {name: Agents(ready=ready.get(name, 0), wanted=wanted.get(name)) for name in sorted({*ready, *wanted})}


def made(revisions: Sequence[dict[str, Any]]) -> dict[str, Made]:
    """Number and age of each stored revision, by its short digest."""
    return {
        each["metadata"]["name"].rsplit("-", 1)[-1]: Made(number=int(each.get("revision", 0)), at=created(each))
        for each in revisions
    }


def created(document: dict[str, Any]) -> float:
    """When the object was made, seconds since the epoch; 0 where it does not say."""
    text = document["metadata"].get("creationTimestamp")
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod takes calls: Ready, and not being deleted."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
