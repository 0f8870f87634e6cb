"""How long a call goes on without a part that it needs."""

FAILED_S = 6.0
"""Seconds a call goes on without any model, transcriber or voice: a caller who hears nothing says it again after about
four, and that is the last chance of an alternative that has come back. Then the line is closed, not left dead."""


class Patience:
    """Watches the failure of one call."""

    def __init__(self) -> None:
        self._since: float | None = None

    def over(self, failure: str, now: float) -> bool:
        """Whether `failure` (empty: none) has lasted for `FAILED_S` at `now`, in seconds on any steady clock."""
        if not failure:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= FAILED_S
