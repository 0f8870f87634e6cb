"""Every manifest that the API server is asked about."""

from tests.api.cases import (
    accounts,
    assistants,
    azure,
    compliance,
    plans,
    pools,
    quality,
    rollouts,
    transcribers,
    voices,
    zones,
)
from tests.api.cases.case import Case

CASES: tuple[Case, ...] = (
    *accounts.cases(),
    *assistants.cases(),
    *azure.cases(),
    *compliance.cases(),
    *plans.cases(),
    *pools.cases(),
    *quality.cases(),
    *rollouts.cases(),
    *transcribers.cases(),
    *voices.cases(),
    *zones.cases(),
)

__all__ = ["CASES", "Case"]
