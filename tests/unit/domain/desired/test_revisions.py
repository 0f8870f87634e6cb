"""History: what is the same revision, what is new, what may be forgotten."""

from typing import Any

import pytest

from tests.unit.domain.desired.samples import OWNER, snapshot, stored
from understudy.base.errors import InvalidInput
from understudy.domain.desired.choice import Era, choose_revision
from understudy.domain.desired.revisions import (
    StoredRevision,
    expired_revisions,
    find_revision,
    make_revision,
    new_revision,
    parse_revisions,
)
from understudy.domain.revision.automatic import NOW
from understudy.domain.revision.resolve import Resolution

ONE, TWO = stored(snapshot()), stored(snapshot(model="better"), 2)


def test_a_revision_survives_being_stored() -> None:
    assert parse_revisions([make_revision(OWNER, TWO), make_revision(OWNER, ONE)]) == (ONE, TWO)


def test_a_default_added_later_is_no_new_revision() -> None:
    """Stored content that lacks a field is hashed as if it had the default: an upgrade starts no rollout."""
    document = make_revision(OWNER, ONE)
    del document["data"]["turnBudgetMs"]
    document["metadata"]["name"] = "front-desk-0ldd1ges"
    (parsed,) = parse_revisions([document])
    assert find_revision([parsed], snapshot()) is parsed
    assert parsed.name == "0ldd1ges"


def test_a_revision_that_cannot_be_read_is_left_alone() -> None:
    broken = make_revision(OWNER, TWO) | {"data": {"model": 7}}
    assert parse_revisions([make_revision(OWNER, ONE), broken]) == (ONE,)


def test_a_new_revision_gets_the_next_number_and_is_named_by_its_content() -> None:
    made = new_revision(OWNER, (ONE,), TWO.snapshot)
    assert (made.number, made.object_name) == (2, f"front-desk-{TWO.snapshot.digest()[:8]}")


def numbered(count: int) -> list[StoredRevision]:
    return [stored(snapshot(model=f"m{number}"), number) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("count", "used", "expired"),
    [(10, [], []), (12, [], [1, 2]), (12, [1], [2]), (13, [1, 2, 3], []), (14, [1, 14], [2, 3])],
    ids=["within the limit", "oldest first", "one in use is skipped", "those in use do not count", "both"],
)
def test_only_unused_revisions_beyond_the_limit_expire(count: int, used: list[int], expired: list[int]) -> None:
    history = numbered(count)
    in_use = [each.object_name for each in history if each.number in used]
    assert [each.number for each in expired_revisions(history, in_use)] == expired


def resolving(model: str) -> Any:
    return lambda era: Resolution(snapshot(model=model, agent_image=era.agent_image), ("careful",))


def test_the_same_spec_is_the_same_revision() -> None:
    choice = choose_revision(OWNER, (ONE, TWO), resolving("good"), "agent:1", [])
    assert (choice.revision, choice.is_new, choice.warnings) == (ONE, False, ("careful",))


def test_a_newer_default_agent_of_an_upgraded_operator_is_no_change_of_the_assistant() -> None:
    choice = choose_revision(OWNER, (ONE, TWO), resolving("good"), "agent:2", [ONE.name])
    assert (choice.revision, choice.is_new) == (ONE, False)


def test_the_newer_default_agent_comes_with_the_next_change() -> None:
    choice = choose_revision(OWNER, (ONE,), resolving("better"), "agent:2", [ONE.name])
    assert choice.is_new
    assert choice.revision.snapshot.agent.image == "agent:2"


def earlier_rules(earlier: str, now: str) -> Any:
    """A spec that means something else since the operator learned new providers."""
    return lambda era: Resolution(snapshot(model=now if era.rules is NOW else earlier))


def test_an_upgrade_by_which_more_accounts_could_take_over_is_no_change_of_the_assistant() -> None:
    """Nobody's audio goes anywhere new because the operator learned a provider."""
    resolve = earlier_rules("good", "wider")
    choice = choose_revision(OWNER, (ONE,), resolve, "agent:1", [ONE.name], untouched=True)
    assert (choice.revision, choice.is_new) == (ONE, False)


def test_new_rules_come_with_the_next_change_of_the_spec() -> None:
    """An account that was added to take over does, though the revision of before would still fit by the old rules."""
    resolve = earlier_rules("good", "wider")
    choice = choose_revision(OWNER, (ONE,), resolve, "agent:1", [ONE.name], untouched=False)
    assert choice.is_new
    assert choice.revision.snapshot == snapshot(model="wider")


def test_a_revision_that_is_no_longer_in_force_is_not_kept_by_old_rules() -> None:
    resolve = earlier_rules("good", "wider")
    assert choose_revision(OWNER, (ONE, TWO), resolve, "agent:1", [TWO.name], untouched=True).is_new


def test_a_spec_that_cannot_be_resolved_raises() -> None:
    def refuse(_: Era) -> Resolution:
        raise InvalidInput("spec.model", "no")

    with pytest.raises(InvalidInput, match=r"spec\.model"):
        choose_revision(OWNER, (ONE,), refuse, "agent:1", [])
