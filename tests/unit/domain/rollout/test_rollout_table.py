"""The table of transitions."""

from pathlib import Path

import pytest

from understudy.api.status import Phase
from understudy.domain.rollout.diagram import mermaid
from understudy.domain.rollout.table import JUDGED, TABLE, UNDER_WAY, Trigger, UnknownTransition, follow

DOC = Path(__file__).parents[4] / "docs" / "architecture" / "rollout.md"


def test_what_cannot_happen_raises() -> None:
    """A mistake in the rules is loud, and changes nothing."""
    with pytest.raises(UnknownTransition, match="Finished cannot happen in phase RolledBack"):
        follow(Phase.ROLLED_BACK, Trigger.FINISHED)


def test_every_phase_has_a_way_in_and_a_way_out() -> None:
    """No phase is a trap, and none is dead wood."""
    reached = {Phase.INITIALIZING} | {target for row in TABLE.values() for target in row.values()}
    assert reached == set(TABLE) == set(Phase)
    assert {trigger for row in TABLE.values() for trigger in row} == set(Trigger)


def test_a_promotion_comes_from_a_judged_phase_only() -> None:
    """Nothing that no caller met becomes stable, the very first revision apart."""
    assert {phase for phase, row in TABLE.items() if Phase.PROMOTING in row.values()} <= JUDGED


def test_a_failure_ends_every_phase_in_which_something_new_meets_callers_or_will() -> None:
    """In pauses and after promotion too (P3)."""
    watched = {Phase.PREPARING, Phase.CANARY, Phase.PAUSED, Phase.BAKING}
    assert {phase for phase, row in TABLE.items() if Trigger.FAILED in row} == watched
    assert {TABLE[phase][Trigger.FAILED] for phase in watched} == {Phase.ROLLING_BACK}


def test_whatever_serves_can_be_undone() -> None:
    """Where a canary exists, undo takes the canary back; before anything served there is nothing to undo."""
    assert {phase for phase, row in TABLE.items() if Trigger.UNDONE in row} == (
        set(Phase) - UNDER_WAY - {Phase.INITIALIZING}
    )


def test_the_docs_show_the_table() -> None:
    """Drift fails: paste the text of `understudy.domain.rollout.diagram.mermaid()` into the page."""
    assert f"```mermaid\n{mermaid()}```\n" in DOC.read_text()
