"""The stored revisions as a table, and two of them compared."""

import inspect
import io
from typing import Any

import pytest

from tests.unit.apps.cli.fake_reader import CANARY, NAME, STABLE, FakeReader, assistant, revision
from tests.unit.apps.cli.scenes import ROLLBACK
from tests.unit.apps.cli.snapshots import PROMPT, content, document, snapshot
from understudy.api.status import RolloutStatus, Transition
from understudy.apps.cli import differing, history, terminal
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.stored import documents, find
from understudy.apps.cli.summary import summary
from understudy.domain.desired.revisions import StoredRevision, parse_revisions
from understudy.domain.rollout import undoing

OLDEST = "99999999"
KINDER = snapshot(model={**content()["model"], "systemPrompt": PROMPT.replace("kind", "very kind")})
NEWER = snapshot(
    model={**content()["model"], "temperature": 0.4, "maxTokens": 9, "reasoningEffort": "low"}, turnBudgetMs=9
)
DOCUMENTS = [document(1, OLDEST, snapshot()), document(2, STABLE, KINDER), document(3, CANARY, NEWER)]
NOW = 1_767_225_600.0 + 7200
"""Two hours after they were made."""


def transition(to: str, reason: str, message: str) -> dict[str, str]:
    return {"at": "2026-01-01T01:00:00.000Z", "from": "Canary", "to": to, "reason": reason, "message": message}


ROLLOUT = RolloutStatus.model_validate({
    "phase": "RolledBack", "stable": revision(STABLE), "rejected": {"name": CANARY, "at": "2026-01-01T01:00:00.000Z"},
    "lastRollback": ROLLBACK,
    "history": [
        transition("Promoting", "Promoting", f"{STABLE} passed every SLO: all well"),
        transition("RollingBack", "RollingBack", f"{CANARY} fails turn-latency: slow"),
    ],
})  # fmt: skip


@pytest.fixture
def revisions() -> tuple[StoredRevision, ...]:
    return parse_revisions(DOCUMENTS)


def text(page: Any) -> str:
    return terminal.text_of(page, io.StringIO(), 120)


def test_each_revision_says_what_changed_and_what_became_of_it(revisions: tuple[StoredRevision, ...]) -> None:
    newest, middle, oldest = history.told(revisions, ROLLOUT, {CANARY: 60.0})
    assert (newest.number, newest.name, newest.age_s, newest.role) == (3, CANARY, 60.0, "rejected")
    assert newest.changed == "systemPrompt (+1 -1 lines); temperature added; maxTokens added; and 2 more"
    assert newest.outcome == "rolled back: SloFailed"
    assert (middle.role, middle.outcome) == ("stable", "promoted: Promoting")
    assert (oldest.role, oldest.changed, oldest.outcome) == ("", "the oldest that is kept", "")


def test_what_was_promoted_after_a_rollback_was_promoted(revisions: tuple[StoredRevision, ...]) -> None:
    again = {**transition("Promoting", "PromotionRequested", f"{CANARY} is promoted"), "at": "2027-06-01T00:00:00.000Z"}
    retried = ROLLOUT.model_copy(update={"history": (*ROLLOUT.history, Transition.model_validate(again))})
    assert history.told(revisions, retried, {})[0].outcome == "promoted: PromotionRequested"


def test_what_an_undo_returned_to_was_not_rolled_back(revisions: tuple[StoredRevision, ...]) -> None:
    again = transition("RollingBack", "RollingBack", f"{OLDEST}{history.UNDONE}{STABLE} on request r1")
    undone = ROLLOUT.model_copy(update={"history": (*ROLLOUT.history, Transition.model_validate(again))})
    assert history.told(revisions, undone, {})[2].outcome == "serves again: undo"
    assert history.UNDONE in inspect.getsource(undoing), "the words are the rule's"


def test_the_page_has_the_story_below(revisions: tuple[StoredRevision, ...]) -> None:
    page = text(history.page(history.told(revisions, ROLLOUT, {CANARY: 7200.0}), ROLLOUT, NOW))
    lines = page.splitlines()
    assert lines[0].split() == ["NO", "REVISION", "AGE", "IS", "CHANGED", "LAST", "ROLLOUT"]
    assert lines[1].split()[:4] == ["3", CANARY, "2h", "rejected"]
    assert lines[-1] == f"1h ago  Canary → RollingBack  RollingBack: {CANARY} fails turn-latency: slow"


@pytest.mark.parametrize("wanted", ["2", STABLE, STABLE[:3], f"{NAME}-{STABLE}"])
def test_a_revision_is_found_by_what_people_call_it(revisions: tuple[StoredRevision, ...], wanted: str) -> None:
    assert find(revisions, wanted, NAME).name == STABLE


@pytest.mark.parametrize("wanted", ["7", "abc", "", f"{NAME}-"])
def test_one_that_is_not_there_is_said(revisions: tuple[StoredRevision, ...], wanted: str) -> None:
    with pytest.raises(CannotTell, match=f"no revision {wanted} of {NAME}; there are: 1"):
        find(revisions, wanted, NAME)


def test_a_beginning_that_fits_several_is_not_guessed_at() -> None:
    alike = parse_revisions([document(11, "abcd0000", snapshot()), document(12, "abcd1111", KINDER)])
    with pytest.raises(CannotTell, match="more than one revision abcd"):
        find(alike, "abcd", NAME)


async def test_a_missing_right_to_revisions_is_named() -> None:
    reader = FakeReader()
    reader.denied["revisions"] = 403
    with pytest.raises(CannotTell, match=r"you lack the right to `list` `controllerrevisions\.apps`"):
        await documents(reader, NAME)


@pytest.mark.parametrize(
    ("wanted", "name"), [("stable", STABLE), ("canary", CANARY), ("newest", CANARY), ("1", OLDEST)]
)
def test_arms_can_be_named_instead_of_revisions(revisions: tuple[StoredRevision, ...], wanted: str, name: str) -> None:
    rollout = {"stable": revision(STABLE), "canary": revision(CANARY)}
    state = summary(assistant(rollout=rollout), NOW)
    assert differing.chosen(revisions, state, wanted).name == name


def test_an_arm_that_is_not_there_is_said(revisions: tuple[StoredRevision, ...]) -> None:
    with pytest.raises(CannotTell, match="has no canary now"):
        differing.chosen(revisions, summary(assistant(), NOW), "canary")


def test_two_revisions_are_compared_by_part(revisions: tuple[StoredRevision, ...]) -> None:
    page = text(differing.page(revisions[0], revisions[2]))
    assert page.splitlines()[0] == f"revision 1 ({OLDEST}) → revision 3 ({CANARY})"
    assert "model.temperature: absent  + 0.4" in page
    assert "turnBudgetMs: - 1200  + 9" in page
    prompt = text(differing.page(revisions[0], revisions[1]))
    assert "-Be kind." in prompt
    assert "+Be very kind." in prompt


def test_a_revision_does_not_differ_from_itself(revisions: tuple[StoredRevision, ...]) -> None:
    assert text(differing.page(revisions[0], revisions[0])).endswith("no difference")
