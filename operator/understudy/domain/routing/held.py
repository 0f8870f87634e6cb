"""Which routing document is in force, and what it needs before it can be."""

from collections.abc import Mapping

from understudy.base.errors import InvalidInput, StaleDocument
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.arm import must_rescue
from understudy.domain.routing.document import RevisionRef, RoutingDocument


def check_order(offered: RoutingDocument, in_force: RoutingDocument | None) -> bool:
    """Whether `offered` changes anything; False when it is the one in force.

    Raises:
        StaleDocument: it is older. A slow API server replica or a restored backup must not undo a rollback.
    """
    if in_force is None or offered.order() > in_force.order():
        return True
    if offered.order() < in_force.order():
        msg = f"generation {offered.generation} was offered while {in_force.generation} is in force"
        raise StaleDocument(msg)
    return False


def check_owner(offered: RoutingDocument, namespace: str, assistant: str) -> None:
    """Refuse a document of another assistant.

    Raises:
        InvalidInput: it names another one; applying it would send callers to a stranger.
    """
    if (offered.namespace, offered.assistant) != (namespace, assistant):
        raise InvalidInput(
            "routing.json", f"is about {offered.namespace}/{offered.assistant}, not {namespace}/{assistant}"
        )


def missing(document: RoutingDocument, held: Mapping[str, Snapshot]) -> tuple[RevisionRef, ...]:
    """Revisions that have to be fetched before `document` can be in force: those that new calls may take.

    A retained revision serves only calls that hold its snapshot already, so it holds nothing up.
    """
    return tuple(ref for ref in (document.stable, document.canary) if ref and ref.name not in held)


def rescue_target(document: RoutingDocument, served_by: str) -> RevisionRef | None:
    """The revision that takes over a call served by `served_by` at its next turn; None when it may stay."""
    if document.stable is None or document.stable.name == served_by or not must_rescue(document, served_by):
        return None
    return document.stable
