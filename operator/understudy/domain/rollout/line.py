"""Who may roll out a change of a shared FallbackPlan now, and who waits (`maxConcurrentRollouts`).

Everyone decides from the same view, each assistant's status, and in the order of names: so nobody has to hand out
places, and an operator that was killed gives nobody's place away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from understudy.api.status import Phase, VoiceAssistantStatus

_HOLDING = frozenset({Phase.PREPARING, Phase.CANARY, Phase.PAUSED, Phase.PROMOTING, Phase.BAKING})
"""Phases that take up a place. A rollback frees it."""

_TAKEN_BACK = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK})


@dataclass(frozen=True, slots=True)
class Member:
    """An assistant that goes by the plan."""

    name: str
    phase: Phase
    plan: str
    """`status.rollout.plan`: what its stable revision, or its rollout, goes by."""
    for_plan: bool = False
    """`status.rollout.forPlan`: whether its last rollout began because the plan changed."""

    @classmethod
    def of(cls, name: str, status: VoiceAssistantStatus) -> "Member":
        """The member as its status describes it."""
        return cls(name, status.rollout.phase, status.rollout.plan, status.rollout.for_plan)

    @property
    def under_way(self) -> bool:
        """Whether it takes up a place."""
        return self.phase in _HOLDING


def plan_changed(known: str, now: str) -> bool:
    """Whether the plan is the same and reads differently; an assistant that changed plans changed its own spec."""
    return known != now and bool(known) and bool(now) and _name(known) == _name(now)


def _name(plan: str) -> str:
    return plan.rpartition("@")[0]


def place(me: Member, others: Iterable[Member], plan: str, limit: int) -> str:
    """Why `me` may not begin a rollout now; empty: it may.

    Args:
        me: who asks.
        others: everyone else who goes by the plan, in the same namespace.
        plan: what the plan reads now, `NAME@GENERATION`.
        limit: its `maxConcurrentRollouts`.
    """
    if me.under_way or not plan_changed(me.plan, plan):
        return ""
    known = sorted(others, key=lambda each: each.name)
    if back := [each.name for each in known if each.phase in _TAKEN_BACK and each.for_plan and each.plan == plan]:
        return f"{_listed(back)} was taken back after {plan} had changed; change the plan again, or retry it there"
    ahead = [each.name for each in known if each.under_way]
    ahead += [each.name for each in known if not each.under_way and _goes_first(each, me, plan)]
    if len(ahead) < limit:
        return ""
    return f"{_listed(ahead)} first: at most {limit} at a time roll out a change of {_name(plan)}"


def _goes_first(other: Member, me: Member, plan: str) -> bool:
    """Whether `other` has yet to take the plan in and comes before `me`."""
    waits = other.phase in (Phase.STABLE, *_TAKEN_BACK) and plan_changed(other.plan, plan)
    return waits and other.name < me.name


MAX_NAMED = 3
"""Names in a message; with the number of the rest they say enough."""


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")
