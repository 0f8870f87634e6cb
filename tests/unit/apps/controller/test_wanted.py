"""Which revisions have pods, and which are kept for an undo."""

from typing import Any

import pytest

from tests.unit.domain.desired.samples import snapshot, stored
from understudy.api.status import (
    PendingUndo,
    Phase,
    Rejected,
    RetainedRevision,
    Revision,
    RolloutStatus,
    VoiceAssistantStatus,
)
from understudy.apps.controller.wanted import agents_in_play, revisions_in_play, revisions_kept
from understudy.domain.desired.revisions import StoredRevision, expired_revisions
from understudy.domain.rollout.inputs import Request, Verb

HISTORY = tuple(stored(snapshot(model=f"m{number}", agent_image=f"agent:{number}"), number) for number in range(1, 16))
AT = "2026-01-01T00:00:00.000Z"


def of(number: int) -> Revision:
    ref = HISTORY[number - 1].reference("front-desk")
    return Revision(name=ref.name, object_name=ref.object_name, agent_service=ref.agent_service)


def status(**rollout: Any) -> VoiceAssistantStatus:
    return VoiceAssistantStatus(rollout=RolloutStatus(**rollout))


def numbers(names: frozenset[str]) -> list[int]:
    return [each.number for each in HISTORY if each.object_name in names]


def retained(number: int) -> RetainedRevision:
    return RetainedRevision(**of(number).model_dump(), until=AT)


@pytest.mark.parametrize(
    ("state", "playing"),
    [
        ({"phase": Phase.STABLE, "stable": of(3)}, [3]),
        ({"phase": Phase.CANARY, "stable": of(3), "canary": of(4)}, [3, 4]),
        ({"phase": Phase.PROMOTING, "stable": of(4), "previous": of(3)}, [3, 4]),
        ({"phase": Phase.BAKING, "stable": of(4), "previous": of(3)}, [3, 4]),
        ({"phase": Phase.STABLE, "stable": of(4), "previous": of(3)}, [4]),
        ({"phase": Phase.STABLE, "stable": of(4), "retained": (retained(2),)}, [2, 4]),
        ({"phase": Phase.STABLE, "stable": of(4), "undo": PendingUndo(id="x", revision=of(1), since=AT)}, [1, 4]),
    ],
    ids=["stable", "canary", "promoting", "baking", "baked", "live calls", "an undo that waits for pods"],
)
def test_pods_stand_for_those_who_speak_or_may_have_to_at_once(state: dict[str, Any], playing: list[int]) -> None:
    """The one before stable stays up while it bakes, and not for ever."""
    found = status(**state)
    assert numbers(revisions_in_play(found)) == playing
    assert agents_in_play(found) == {of(number).agent_service for number in playing}


def kept(state: VoiceAssistantStatus, desired: StoredRevision, *requests: Request) -> list[int]:
    names = revisions_kept(state, HISTORY, desired, requests)
    gone = {each.object_name for each in expired_revisions(HISTORY, names)}
    return [each.number for each in HISTORY if each.object_name not in gone]


def test_what_undo_may_return_to_does_not_expire_however_old_it_is() -> None:
    """Besides the newest ten that nobody uses: the one before stable, a rejected one, and one that a request names."""
    serving = status(stable=of(14), previous=of(1), rejected=Rejected(name=of(3).name, at=AT), retained=(retained(2),))
    undo = Request(Verb.UNDO, "x", of(4).name)
    assert kept(serving, HISTORY[14], undo) == list(range(1, 16))
    assert kept(status(stable=of(14)), HISTORY[14]) == list(range(4, 16))
