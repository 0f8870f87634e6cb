"""A restriction in the routing document reaches calls in progress, and calls of revisions made before it (T4)."""

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Registry
from understudy.apps.proxy.keys import Keys
from understudy.base.clock import ManualClock
from understudy.domain.revision.snapshot import Agent, Model, Snapshot, Transcriber
from understudy.domain.routing.document import Arm, RevisionRef, RoutingDocument

STABLE = RevisionRef(name="aaaaaaaa", object_name="x-aaaaaaaa", agent_service="s")
REVISION = Snapshot(
    accounts={},
    model=Model(targets=(), system_prompt=""),
    transcribers=tuple(Transcriber(account=name, provider=name) for name in ("deepgram", "gladia", "azure")),
    voices=(),
    agent=Agent(image="i"),
)


def document(generation: int, fit: tuple[str, ...] | None) -> RoutingDocument:
    return RoutingDocument(
        namespace="ns", assistant="desk", generation=generation, stable=STABLE, fallback_transcribers=fit
    )


def test_a_call_in_progress_loses_those_that_may_not_hear_it_and_gets_them_back() -> None:
    clock = ManualClock()
    assistant = Assistant("ns", "desk")
    assistant.snapshots[STABLE.name] = REVISION
    assistant.apply(document(1, None), 0)
    registry = Registry({"ns/desk": assistant}, Keys(clock), clock)
    call = registry.open(assistant, "CA1", Arm.STABLE, STABLE.name)
    assert call.snapshot() is REVISION
    assistant.apply(document(2, ("deepgram", "azure")), 0)
    assert [each.provider for each in call.snapshot().transcribers] == ["deepgram", "azure"]
    assert call.snapshot() is call.snapshot()
    assert call.snapshot().model is REVISION.model
    assistant.apply(document(3, None), 0)
    assert call.snapshot() is REVISION


def test_the_document_is_read_as_it_is_written() -> None:
    """By proxies that know of restrictions; others drop the field."""
    written = document(1, ("deepgram", "azure"))
    assert RoutingDocument.model_validate(written.to_json()) == written
    assert "fallbackTranscribers" not in document(1, None).to_json()
