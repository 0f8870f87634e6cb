"""Where a rollout can go from where it is: the whole of it, as a table."""

from enum import StrEnum

from understudy.api.status import Phase
from understudy.base.errors import UnderstudyError


class Trigger(StrEnum):
    """What can happen to a rollout."""

    REVISED = "Revised"
    """The spec asks for a revision that is neither stable nor the canary."""
    RESTORED = "Restored"
    """The spec asks for stable again, or for the one before while it is warm: nobody is to blame."""
    READY = "Ready"
    """What was waited for can take calls."""
    STEPPED = "Stepped"
    """The next step begins."""
    PAUSED = "Paused"
    RESUMED = "Resumed"
    FAILED = "Failed"
    """The canary is worse, is not getting ready, or cannot be judged and the policy says rollback; or what was promoted
    turns out to be worse while it bakes."""
    ABORTED = "Aborted"
    FINISHED = "Finished"
    """Every step is done and every SLO passed, or someone asked for promotion."""
    SETTLED = "Settled"
    """Every proxy that counts does what was decided."""
    BAKE_STARTED = "BakeStarted"
    """The same, and the policy wants the promoted revision watched."""
    RETRIED = "Retried"
    UNDONE = "Undone"
    """Someone wants an earlier revision back."""


class UnknownTransition(UnderstudyError):
    """Something happened that cannot happen in this phase: a mistake in the rules, never in the world."""


_BACK_AND_FORTH = {Trigger.REVISED: Phase.PREPARING, Trigger.RESTORED: Phase.STABLE}
"""A new spec is followed at once, in every phase in which there is a stable revision."""

_ENDED = {Trigger.FAILED: Phase.ROLLING_BACK, Trigger.ABORTED: Phase.ROLLING_BACK}

TABLE: dict[Phase, dict[Trigger, Phase]] = {
    Phase.INITIALIZING: {Trigger.REVISED: Phase.INITIALIZING, Trigger.READY: Phase.STABLE},
    Phase.STABLE: {Trigger.REVISED: Phase.PREPARING, Trigger.UNDONE: Phase.ROLLING_BACK},
    Phase.PREPARING: {**_BACK_AND_FORTH, **_ENDED, Trigger.READY: Phase.CANARY},
    Phase.CANARY: {
        **_BACK_AND_FORTH,
        **_ENDED,
        Trigger.STEPPED: Phase.CANARY,
        Trigger.PAUSED: Phase.PAUSED,
        Trigger.FINISHED: Phase.PROMOTING,
    },
    Phase.PAUSED: {
        **_BACK_AND_FORTH,
        **_ENDED,
        Trigger.STEPPED: Phase.CANARY,
        Trigger.PAUSED: Phase.PAUSED,
        Trigger.RESUMED: Phase.CANARY,
        Trigger.FINISHED: Phase.PROMOTING,
        Trigger.RETRIED: Phase.PREPARING,
    },
    Phase.PROMOTING: {
        **_BACK_AND_FORTH,
        Trigger.SETTLED: Phase.STABLE,
        Trigger.BAKE_STARTED: Phase.BAKING,
        Trigger.UNDONE: Phase.ROLLING_BACK,
    },
    Phase.BAKING: {
        **_BACK_AND_FORTH,
        **_ENDED,
        Trigger.FINISHED: Phase.STABLE,
        Trigger.UNDONE: Phase.ROLLING_BACK,
    },
    Phase.ROLLING_BACK: {
        **_BACK_AND_FORTH,
        Trigger.SETTLED: Phase.ROLLED_BACK,
        Trigger.RETRIED: Phase.PREPARING,
        Trigger.UNDONE: Phase.ROLLING_BACK,
    },
    Phase.ROLLED_BACK: {
        **_BACK_AND_FORTH,
        Trigger.RETRIED: Phase.PREPARING,
        Trigger.UNDONE: Phase.ROLLING_BACK,
    },
}
"""phase → what happened → next phase."""

UNDER_WAY = frozenset({Phase.PREPARING, Phase.CANARY, Phase.PAUSED})
"""Phases that have a canary."""

JUDGED = frozenset({Phase.CANARY, Phase.PAUSED})
"""Phases in which callers meet the canary: observations are evidence and the SLOs hold."""

WARM = frozenset({Phase.PROMOTING, Phase.BAKING})
"""Phases in which stable's predecessor may have to take over at once."""


def follow(phase: Phase, trigger: Trigger) -> Phase:
    """The phase after `trigger` in `phase`.

    Raises:
        UnknownTransition: the table has no such entry.
    """
    try:
        return TABLE[phase][trigger]
    except KeyError:
        msg = f"{trigger} cannot happen in phase {phase}"
        raise UnknownTransition(msg) from None
