"""Every manifest that the API server is asked about."""

from tests.api.cases import accounts, assistants, plans, rollouts, transcribers, voices
from tests.api.cases.case import Case

CASES: tuple[Case, ...] = (
    *accounts.cases(),
    *assistants.cases(),
    *plans.cases(),
    *rollouts.cases(),
    *transcribers.cases(),
    *voices.cases(),
)

__all__ = ["CASES", "Case"]
