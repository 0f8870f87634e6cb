"""How long the voice will take once the model has answered: that much of a turn's budget is not the model's."""

PRIOR_S = 0.25
"""Of a voice that was not heard yet: the usual ones take 0.1 to 0.4 s to their first audio."""

MEMORY = 20.0
"""Turns over which a voice's time is averaged: its speed changes over minutes."""


class Reserve:
    """Seconds from the first text to the first audio, by voice account."""

    def __init__(self) -> None:
        self._mean: dict[tuple[str, str], tuple[float, float]] = {}

    def of(self, namespace: str, account: str) -> float:
        """What the account's voice is expected to take, seconds."""
        return self._mean.get((namespace, account), (PRIOR_S, 0.0))[0]

    def learn(self, namespace: str, account: str, seconds: float) -> None:
        """It took this long."""
        mean, seen = self._mean.get((namespace, account), (PRIOR_S, 0.0))
        seen = min(seen + 1.0, MEMORY)
        self._mean[namespace, account] = (mean + (seconds - mean) / (seen + 1.0), seen)
