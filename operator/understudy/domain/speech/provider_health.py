"""Which transcribers new calls should not begin with, and when one that failed is tried again.

A live call never comes back to a provider because it recovered. For new calls a provider that failed is probed by
itself (a connection opened and closed) after a pause that doubles; when that works, one call at a time may begin with
it, and when that call got a transcript, all may.
"""

from dataclasses import dataclass, replace

BREAK_AFTER = 2
"""Failures in a row, over all calls, after which new calls begin with another: one may be one call's accident."""

FIRST_PAUSE_S = 2.0
"""Pause before the first probe: most outages are restarts of a few seconds."""

LONGEST_PAUSE_S = 60.0
"""Longest pause between probes: a provider is found again a minute after it recovered at the latest."""

TRIAL_S = 10.0
"""Longest that one trial, a probe or a call, keeps others from it."""

Key = tuple[str, str, str]
"""Namespace, account, provider."""


@dataclass(frozen=True, slots=True)
class _State:
    failures: int = 0
    pause_s: float = FIRST_PAUSE_S
    closed_until: float = 0.0
    probed: bool = False
    trial_until: float = 0.0


class ProviderHealth:
    """One proxy's view; `now` is seconds on a steady clock. Bounded by the accounts in manifests."""

    def __init__(self) -> None:
        self._states: dict[Key, _State] = {}

    def failed(self, key: Key, now: float) -> None:
        """A call left the provider, could not reach it, or a probe failed."""
        state = self._states.get(key, _State())
        failures = state.failures + 1
        pause = min(state.pause_s * 2, LONGEST_PAUSE_S) if state.closed_until else FIRST_PAUSE_S
        if failures < BREAK_AFTER:
            self._states[key] = replace(state, failures=failures)
        elif now >= state.closed_until or state.probed:
            self._states[key] = _State(failures, pause, now + pause)

    def works(self, key: Key) -> None:
        """A call got a transcript."""
        self._states.pop(key, None)

    def admits(self, key: Key, now: float) -> bool:
        """Whether a new call may begin with the provider; if that is a trial, the next one may not meanwhile."""
        state = self._states.get(key)
        if state is None or not state.closed_until:
            return True
        if not state.probed or now < state.trial_until:
            return False
        self._states[key] = replace(state, trial_until=now + TRIAL_S)
        return True

    def wants_probe(self, key: Key, now: float) -> bool:
        """Whether the provider is to be probed now; if so, not again for a while."""
        state = self._states.get(key)
        if state is None or not state.closed_until or state.probed or now < max(state.closed_until, state.trial_until):
            return False
        self._states[key] = replace(state, trial_until=now + TRIAL_S)
        return True

    def probed(self, key: Key) -> None:
        """A probe found the provider in order: the next call may try it."""
        state = self._states.get(key)
        if state is not None:
            self._states[key] = replace(state, probed=True, trial_until=0.0)


def preferred(keys: list[Key], health: ProviderHealth, now: float) -> list[int]:
    """Indices of `keys` in the order for a new call: as listed, but those that fail at the end."""
    first: int | None = next((i for i, key in enumerate(keys) if health.admits(key, now)), None)
    if first is None:
        return list(range(len(keys)))
    return [*range(first, len(keys)), *range(first)]
