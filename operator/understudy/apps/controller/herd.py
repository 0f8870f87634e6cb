"""Proxies of a few assistants at a time: a new image must not restart every proxy of the cluster at once.

A Deployment that does not exist yet is never held back, and neither is one whose pods stay the same. Whoever is stuck
makes room after a while; so a broken image stops at a few assistants instead of all, and delays the rest.
"""

from typing import Any

from understudy.apps.controller.ports import Key
from understudy.base.clock import Clock

AT_ONCE = 5
"""Assistants whose proxies are replaced at once: each brings a pod more than usual to the nodes."""

PATIENCE_S = 600.0
"""Longest that an assistant takes up one of these places; a proxy that waits for calls to end does not count."""

RETRY_S = 5.0
"""When one that was held back looks again."""


def is_complete(deployment: dict[str, Any]) -> bool:
    """Whether every pod is of the newest template and available."""
    status, replicas = deployment.get("status") or {}, (deployment.get("spec") or {}).get("replicas", 1)
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    counts = (status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    return bool(current and min(counts) >= replicas)


class Herd:
    """Who is replacing proxies now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moving: dict[Key, float] = {}

    def may_write(self, key: Key, live: dict[str, Any] | None, desired: dict[str, Any]) -> bool:
        """Whether the Deployment may be written now.

        Args:
            key: the assistant.
            live: its proxy Deployment as it is, or None.
            desired: the same as it should be.
        """
        if live is None or _image(live) == _image(desired):
            self.look(key, live)
            return True
        now = self._clock.monotonic()
        others = sum(key != each and now - since < PATIENCE_S for each, since in self._moving.items())
        if others >= AT_ONCE:
            return False
        self._moving[key] = now
        return True

    def look(self, key: Key, live: dict[str, Any] | None) -> None:
        """Note whether the assistant's proxies are being replaced, also by a process before this one."""
        if live is None or is_complete(live):
            self._moving.pop(key, None)
        else:
            self._moving.setdefault(key, self._clock.monotonic())

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self._moving.pop(key, None)


def _image(deployment: dict[str, Any]) -> str:
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
