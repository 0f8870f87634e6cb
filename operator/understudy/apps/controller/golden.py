"""Golden calls: read from their ConfigMap while a `replay` step wants them, and parsed once for each version of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.ports import Key
from understudy.base.errors import InvalidInput
from understudy.domain.calls.golden import GoldenCall, parse_calls
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.table import UNDER_WAY

MAX_BYTES = 256 * 1024
"""Of all golden calls together, as they are written and as the routing document holds them. A ConfigMap takes 1 MiB,
all proxies read the document whenever it changes, and fifty calls of eight turns take 50 KiB. What is larger is not
played: the replay fails and says so."""


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden calls of a step, or why there are none."""

    calls: tuple[GoldenCall, ...] = ()
    error: str = ""


NONE = Golden()
"""No step wants any."""


def wanted(spec: VoiceAssistantSpec, status: VoiceAssistantStatus) -> str | None:
    """Name of the ConfigMap with the golden calls of the step under way; None where it is not needed now."""
    rollout, steps = status.rollout, stepping.steps_of(spec.rollout)
    if rollout.phase not in UNDER_WAY or rollout.step_index >= len(steps):
        return None
    replay = steps[rollout.step_index].replay
    return replay.calls_ref.name if replay else None


class GoldenReader:
    """Remembers what the last version of each assistant's ConfigMap said, for as long as a replay wants it."""

    def __init__(self) -> None:
        self._read: dict[Key, tuple[str, Golden]] = {}

    async def read(self, key: Key, name: str, config_map: dict[str, Any] | None) -> Golden:
        """What ConfigMap `name` says.

        Parsed in a thread: a quarter of a megabyte of YAML takes seconds, and others' rollbacks do not wait for it.
        """
        if config_map is None:
            return Golden(error=f"there is no ConfigMap {name} in this namespace; create it, or name another")
        version = f"{config_map['metadata'].get('uid')}/{config_map['metadata'].get('resourceVersion')}"
        known = self._read.get(key)
        if known is None or known[0] != version:
            found = await asyncio.to_thread(parse, name, config_map.get("data") or {})
            known = self._read[key] = (version, found)
        return known[1]

    def forget(self, key: Key) -> None:
        """No replay wants it now."""
        self._read.pop(key, None)


def parse(name: str, data: Mapping[str, str]) -> Golden:
    """The golden calls in `data` of ConfigMap `name`."""
    if (size := sum(len(text.encode()) for text in data.values())) > MAX_BYTES:
        return Golden(error=_too_large(name, size))
    try:
        calls = parse_calls(data)
    except InvalidInput as error:
        return Golden(error=f"ConfigMap {name}: {error}")
    size = sum(len(call.model_dump_json().encode()) for call in calls)
    return Golden(error=_too_large(name, size)) if size > MAX_BYTES else Golden(calls)


def _too_large(name: str, size: int) -> str:
    return (
        f"ConfigMap {name}: its golden calls take {size / 1024:.0f} KiB, and {MAX_BYTES // 1024} KiB are allowed; "
        "write fewer or shorter ones"
    )
