"""Routing documents as the operator would write them."""

from pathlib import Path

from understudy.apps.proxy.lastgood import REVISIONS, write_atomically
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot, Transcriber, Voice
from understudy.domain.routing.document import KEY, RevisionRef, RoutingDocument

NAMESPACE, NAME = "demo", "front-desk"
STABLE, CANARY = "aaaaaaaa", "bbbbbbbb"


def snapshot(prompt: str, **changes: object) -> Snapshot:
    """A small revision that tells itself apart by its prompt."""
    content = {
        "accounts": {"sim": Account(name="sim", provider="openai", base_url="http://127.0.0.1:1/v1", secret="sim")},  # noqa: S106 - a name
        "model": Model(targets=(ModelTarget(name="sim", account="sim", model="m"),), system_prompt=prompt),
        "transcribers": (Transcriber(account="sim", provider="deepgram"),),
        "voices": (Voice(account="sim", provider="openai", voice_id="shimmer"),),
        "agent": Agent(image="agent"),
        **changes,
    }
    return Snapshot.model_validate(content)


def ref(name: str, agents: str) -> RevisionRef:
    """A revision spoken for by the pods at `agents`, `host:port,host:port`."""
    return RevisionRef(name=name, object_name=f"{NAME}-{name}", agent_service=agents)


def document(generation: int, **changes: object) -> RoutingDocument:
    """A routing document of the assistant under test."""
    return RoutingDocument.model_validate(
        {"namespace": NAMESPACE, "assistant": NAME, "generation": generation, **changes}
    )


def publish_revision(root: Path, name: str, content: Snapshot) -> None:
    """What the operator does first: write the revision."""
    path = root / NAMESPACE / NAME / REVISIONS / f"{NAME}-{name}.json"
    write_atomically(path, content.model_dump_json(by_alias=True))


def publish(root: Path, routing: RoutingDocument) -> None:
    """What the operator does then: write the document."""
    write_atomically(root / NAMESPACE / NAME / KEY, routing.model_dump_json(by_alias=True))
