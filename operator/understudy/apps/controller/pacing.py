"""When a status is worth writing: at once when a human or a proxy would see a difference, else every other second."""

from typing import Any

from understudy.api.status import VoiceAssistantStatus
from understudy.apps.controller.ports import Key
from understudy.base.clock import Clock

INTERVAL_S = 2.0
"""Between writes that only carry the judge's sums and reading positions: what a killed operator has to read again."""

_NUMBERS = {"judges", "cursors", "canaryCalls", "stableCalls", "stepCalls", "shadow", "enoughAt"}
_READING_NUMBERS = {"value", "stableValue", "canaryCalls", "stableCalls", "evidence", "proof", "callsNeeded", "message"}


def to_json(status: VoiceAssistantStatus) -> dict[str, Any]:
    """`status` as it is written."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def visible(status: dict[str, Any]) -> dict[str, Any]:
    """`status` without the numbers that move with every call."""
    rollout = {key: value for key, value in status.get("rollout", {}).items() if key not in _NUMBERS}
    rollout["readings"] = [
        {key: value for key, value in reading.items() if key not in _READING_NUMBERS}
        for reading in rollout.get("readings", ())
    ]
    conditions = [
        {key: value for key, value in condition.items() if key != "message"}
        for condition in status.get("conditions", ())
    ]
    return {**status, "rollout": rollout, "conditions": conditions}


class Pacer:
    """Remembers when each assistant's status was written."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: dict[Key, float] = {}

    def wait_s(self, key: Key, old: dict[str, Any], new: dict[str, Any]) -> float | None:
        """Seconds until `new` should replace `old`: 0 for at once, None for never, because nothing differs."""
        if old == new:
            return None
        if visible(old) != visible(new):
            return 0.0
        return max(0.0, self._written.get(key, 0.0) + INTERVAL_S - self._clock.monotonic())

    def wrote(self, key: Key) -> None:
        """The status was written now."""
        self._written[key] = self._clock.monotonic()

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self._written.pop(key, None)
