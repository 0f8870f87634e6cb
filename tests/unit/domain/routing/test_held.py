import pytest

from understudy.base.errors import InvalidInput, StaleDocument
from understudy.domain.revision.snapshot import Agent, Model, Snapshot
from understudy.domain.routing.document import RevisionRef, RoutingDocument
from understudy.domain.routing.held import check_order, check_owner, missing, rescue_target
from understudy.domain.routing.hosts import host_allowed

A, B, C = (RevisionRef(name=name, object_name=f"x-{name}", agent_service="s") for name in "abc")
SNAPSHOT = Snapshot(
    accounts={}, model=Model(targets=(), system_prompt=""), transcribers=(), voices=(), agent=Agent(image="i")
)


def document(generation: int = 1, lease: float = 0.0, **changes: object) -> RoutingDocument:
    return RoutingDocument.model_validate(
        {"namespace": "ns", "assistant": "x", "generation": generation, "lease_expires_at": lease, **changes}
    )


@pytest.mark.parametrize(
    ("offered", "in_force", "changes"),
    [
        (document(1), None, True),
        (document(2), document(1), True),
        (document(2, 5.0), document(1, 9.0), True),
        (document(1, 9.0), document(1, 5.0), True),
        (document(1, 5.0), document(1, 5.0), False),
    ],
)
def test_a_newer_document_wins(offered: RoutingDocument, in_force: RoutingDocument | None, changes: bool) -> None:  # noqa: FBT001
    assert check_order(offered, in_force) is changes


@pytest.mark.parametrize("older", [document(1), document(1, 99.0), document(2, 4.0)])
def test_an_older_document_is_refused(older: RoutingDocument) -> None:
    with pytest.raises(StaleDocument):
        check_order(older, document(2, 5.0))


def test_another_assistants_document_is_refused() -> None:
    check_owner(document(), "ns", "x")
    for namespace, name in (("ns", "y"), ("other", "x")):
        with pytest.raises(InvalidInput):
            check_owner(document(), namespace, name)


def test_only_what_new_calls_may_take_has_to_be_here() -> None:
    routing = document(stable=A, canary=B, retained=(C,))
    assert missing(routing, {}) == (A, B)
    assert missing(routing, {"a": SNAPSHOT}) == (B,)
    assert missing(routing, {"a": SNAPSHOT, "b": SNAPSHOT}) == ()


@pytest.mark.parametrize(
    ("routing", "served_by", "target"),
    [
        (document(stable=A, canary=B), "b", None),
        (document(stable=A, rejected=("b",)), "b", A),
        (document(stable=A, rejected=("b",)), "c", None),
        (document(stable=A, rejected=("b",), rescue="Pin"), "b", None),
        (document(rejected=("b",)), "b", None),
        (document(stable=A, rejected=("a",)), "a", None),
    ],
    ids=["in rollout", "rolled back", "another one rolled back", "pinned", "nowhere to go", "is stable again"],
)
def test_who_takes_over_a_call(routing: RoutingDocument, served_by: str, target: RevisionRef | None) -> None:
    assert rescue_target(routing, served_by) == target


@pytest.mark.parametrize(
    ("host", "allowed", "yes"),
    [
        ("api.example.com", ["api.example.com"], True),
        ("API.Example.com.", ["api.example.COM"], True),
        ("api.example.com", ["*.example.com"], True),
        ("a.b.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("evilexample.com", ["*.example.com"], False),
        ("api.example.com.evil.org", ["api.example.com", "*.example.com"], False),
        ("api.example.com", ["*"], False),
        ("api.example.com", ["*.com"], False),
        ("api.example.com", [], False),
        ("", ["", "*."], False),
    ],
)
def test_a_key_goes_only_to_listed_hosts(host: str, allowed: list[str], yes: bool) -> None:  # noqa: FBT001
    assert host_allowed(host, allowed) is yes
