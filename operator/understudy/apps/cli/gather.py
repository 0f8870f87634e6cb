"""Collecting a `State`: the assistant's status from the API server, the pools from its proxies."""

import asyncio
from typing import Any, Protocol

from pydantic import ValidationError

from understudy.adapters.cluster.errors import NOT_FOUND, ClusterError
from understudy.apps.cli.state import Answer, State
from understudy.base.errors import UnderstudyError
from understudy.domain import naming
from understudy.domain.routing.pool.view import PoolsView

FORBIDDEN = 403
"""HTTP status: the user may not."""

AT_ONCE = 8
"""Proxies asked at a time: an assistant has a handful, and the API server relays each."""

PROXY_S = 10.0
"""Longest wait for one proxy's answer: it comes from memory, so a slow one is stuck."""

POOLS = "/v1/pools"


class CannotTell(UnderstudyError):
    """There is nothing to show; the message says what is missing."""


class Reader(Protocol):
    """What is needed of the cluster; see `adapters.cluster.inspection.Inspector`."""

    namespace: str

    async def assistants(self) -> list[dict[str, Any]]:
        """Every VoiceAssistant of the namespace."""
        ...

    async def assistant(self, name: str) -> dict[str, Any] | None:
        """One VoiceAssistant."""
        ...

    async def pods(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """Pods with these labels."""
        ...

    async def ask(self, pod: str, port: int, path: str, query: dict[str, str]) -> dict[str, Any]:
        """JSON from a pod's port."""
        ...


async def gather(reader: Reader, name: str | None) -> list[State]:
    """The assistant called `name`, or every one of the namespace.

    Raises:
        CannotTell: there is none, or the user may not look.
        ClusterError: the API server did not answer.
    """
    namespace = reader.namespace
    try:
        if name is None:
            found = await reader.assistants()
        else:
            one = await reader.assistant(name)
            found = [one] if one else []
    except ClusterError as error:
        verb = "list" if name is None else "get"
        raise _explained(error, verb, f"voiceassistants.{naming.GROUP}", namespace) from error
    if not found:
        what = f"no VoiceAssistant {name}" if name else "no VoiceAssistant"
        raise CannotTell(f"{what} in namespace {namespace}")
    return [await _state(reader, each) for each in found]


async def _state(reader: Reader, assistant: dict[str, Any]) -> State:
    name = assistant["metadata"]["name"]
    try:
        pods = await reader.pods(naming.labels(name, "proxy"))
    except ClusterError as error:
        raise _explained(error, "list", "pods", reader.namespace) from error
    ready = sorted(pod["metadata"]["name"] for pod in pods if _ready(pod))
    limit = asyncio.Semaphore(AT_ONCE)
    answers = await asyncio.gather(*(_answer(reader, pod, name, limit) for pod in ready))
    return _summary(assistant).model_copy(update={"proxies": tuple(answers), "starting": len(pods) - len(ready)})


async def _answer(reader: Reader, pod: str, name: str, limit: asyncio.Semaphore) -> Answer:
    """What `pod` says; that it says nothing is an answer too, unless the user may not ask."""
    query = {"assistant": f"{reader.namespace}/{name}"}
    try:
        async with limit, asyncio.timeout(PROXY_S):
            found = await reader.ask(pod, naming.ADMIN_PORT, POOLS, query)
        return Answer(pod=pod, pools=PoolsView.model_validate(found))
    except TimeoutError:
        return Answer(pod=pod, error=f"no answer within {PROXY_S:.0f} s")
    except ValidationError:
        return Answer(pod=pod, error="its answer is of another version than this command")
    except ClusterError as error:
        if error.status == FORBIDDEN:
            raise _explained(error, "get", "pods/proxy", reader.namespace) from error
        if error.status == NOT_FOUND:
            return Answer(pod=pod, error="it is gone, or of a version that cannot tell")
        return Answer(pod=pod, error=str(error))


def _explained(error: ClusterError, verb: str, resource: str, namespace: str) -> UnderstudyError:
    """`error` itself, or for want of a right, which one."""
    if error.status != FORBIDDEN:
        return error
    return CannotTell(f"you lack the right to `{verb}` `{resource}` in namespace {namespace}: {error}")


def _ready(pod: dict[str, Any]) -> bool:
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _summary(assistant: dict[str, Any]) -> State:
    metadata, status = assistant["metadata"], assistant.get("status") or {}
    rollout = status.get("rollout") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or []}
    ready = conditions.get("Ready") or {}
    return State(
        namespace=metadata["namespace"],
        name=metadata["name"],
        phase=status.get("phase") or "Initializing",
        step=status.get("step") or "",
        stable=(rollout.get("stable") or {}).get("name") or "",
        canary=(rollout.get("canary") or {}).get("name") or "",
        weight=status.get("weight") or 0,
        verdict=rollout.get("verdict") or "",
        message="" if ready.get("status") == "True" else ready.get("message") or "",
    )
