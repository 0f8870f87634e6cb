"""Secrets as the kubelet mounts them: NAMESPACE/SECRET/KEY, read again when they may have changed."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from understudy.base.clock import Clock
from understudy.base.digest import short_digest
from understudy.domain.naming import CREDENTIALS_DIR, SECRET_ALLOWED_HOSTS, SECRET_KEYS

RECHECK_S = 1.0
"""Seconds for which a key is not looked up on disk again: far below the kubelet's own delay of a minute."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """A Secret as last read. Equal ones have equal content."""

    there: bool
    values: dict[str, str] = field(default_factory=dict, repr=False)
    """Key → text without surrounding white space, of the keys we read that are there and not empty."""
    version: str = ""
    """Changes with the content."""
    read_at: float = field(default=0.0, compare=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts its contents may go to besides the provider's own."""
        listed = re.split(r"[,\s]+", self.values.get(SECRET_ALLOWED_HOSTS, ""))
        return tuple(host for host in listed if host)


class Mounts:
    """Secrets by namespace and name under `root`."""

    def __init__(self, clock: Clock, root: Path = Path(CREDENTIALS_DIR)) -> None:
        self._clock = clock
        self._root = root
        self._kept: dict[tuple[str, str], Mounted] = {}

    def read(self, namespace: str, name: str) -> Mounted:
        """The Secret as it is on disk, at most `RECHECK_S` old. The mount is memory, so reading does not block."""
        now = self._clock.monotonic()
        kept = self._kept.get((namespace, name))
        if kept and now - kept.read_at < RECHECK_S:
            return kept
        folder = self._root / namespace / name
        found = {key: text for key in SECRET_KEYS if (text := _text(folder / key))}
        version = short_digest(found) if found else ""
        secret = Mounted(there=folder.is_dir(), values=found, version=version, read_at=now)
        self._kept[namespace, name] = secret
        return secret


def _text(path: Path) -> str | None:
    """The file's text without surrounding white space; None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
