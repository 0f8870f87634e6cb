"""Collecting a `State`: the assistant's status from the API server, the pools from its proxies."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from pydantic import ValidationError

from understudy.adapters.cluster.errors import NOT_FOUND, ClusterError
from understudy.apps.cli import summary
from understudy.apps.cli.errors import ASSISTANTS, FORBIDDEN, CannotTell, explained, unknown
from understudy.apps.cli.ports import Reader
from understudy.apps.cli.state import Answer, State
from understudy.domain import naming
from understudy.domain.routing.pool.view import PoolsView

AT_ONCE = 8
"""Proxies asked at a time: an assistant has a handful, and the API server relays each."""

PROXY_S = 10.0
"""Longest wait for one proxy's answer: it comes from memory, so a slow one is stuck."""

POOLS = "/v1/pools"


async def gather(reader: Reader, name: str | None, now: float) -> list[State]:
    """The assistant called `name`, or every one of the namespace.

    Raises:
        CannotTell: there is none, or the user may not look.
        ClusterError: the API server refused.
    """
    found = [await one(reader, name)] if name else await _all(reader)
    return [await _state(reader, each, now) for each in found]


async def one(reader: Reader, name: str) -> dict[str, Any]:
    """The VoiceAssistant called `name`.

    Raises:
        CannotTell: there is none, no such kind, or the user may not look.
        ClusterError: the API server refused.
    """
    try:
        found = await reader.assistant(name)
    except ClusterError as error:
        raise explained(error, "get", ASSISTANTS, reader.namespace) from error
    if found is None:
        raise await _absent(reader, name)
    return found


async def _absent(reader: Reader, name: str) -> CannotTell:
    """What to say of an assistant that is not there: which are, or that the kind itself is not."""
    try:
        others = await reader.assistants()
    except ClusterError as error:
        missing = explained(error, "list", ASSISTANTS, reader.namespace)
        if error.status == NOT_FOUND and isinstance(missing, CannotTell):
            return missing
        return CannotTell(f"no VoiceAssistant {name} in namespace {reader.namespace}")
    return unknown(name, reader.namespace, [each["metadata"]["name"] for each in others])


async def _all(reader: Reader) -> list[dict[str, Any]]:
    try:
        found = await reader.assistants()
    except ClusterError as error:
        raise explained(error, "list", ASSISTANTS, reader.namespace) from error
    if not found:
        raise CannotTell(f"no VoiceAssistant in namespace {reader.namespace}: choose another namespace with -n")
    return found


async def _state(reader: Reader, assistant: dict[str, Any], now: float) -> State:
    name = assistant["metadata"]["name"]
    state = summary.summary(assistant, now)
    try:
        pods = await reader.pods(naming.labels(name, "proxy"))
        agents = await reader.pods(naming.labels(name, "agent"))
    except ClusterError as error:
        raise explained(error, "list", "pods", reader.namespace) from error
    deployments = await _if_allowed(reader.deployments(naming.labels(name, "agent")))
    revisions = await _if_allowed(reader.revisions(naming.labels(name, "revision")))
    ready = sorted(pod["metadata"]["name"] for pod in pods if summary.is_ready(pod))
    limit = asyncio.Semaphore(AT_ONCE)
    answers = await asyncio.gather(*(_answer(reader, pod, name, limit) for pod in ready))
    return state.model_copy(
        update={
            "proxies": tuple(answers),
            "starting": len(pods) - len(ready),
            "agents": summary.agents(agents, deployments),
            "made": summary.made(revisions),
        }
    )


async def _if_allowed(listing: Awaitable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What only adds to the page: without the right to it the page is still worth showing."""
    try:
        return await listing
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        return []


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
            raise explained(error, "get", "pods/proxy", reader.namespace) from error
        if error.status == NOT_FOUND:
            return Answer(pod=pod, error="it is gone, or of a version that cannot tell")
        return Answer(pod=pod, error=str(error))
