"""Whose an object is: the metadata that every owned object starts from."""

from dataclasses import dataclass
from typing import Any

from understudy.domain import naming
from understudy.domain.desired.kinds import VOICE_ASSISTANT, Kind


@dataclass(frozen=True, slots=True)
class Owner:
    """The VoiceAssistant that objects belong to."""

    namespace: str
    name: str
    uid: str

    def reference(self) -> dict[str, Any]:
        """The owner reference: deletion of the assistant reaches our objects without the operator.

        `blockOwnerDeletion` stays unset: it asks for a right on the owner's finalizers, and no deletion shall wait.
        """
        return {
            "apiVersion": VOICE_ASSISTANT.api_version,
            "kind": VOICE_ASSISTANT.kind,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
        }


def make_object(kind: Kind, owner: Owner, name: str, component: str, **body: Any) -> dict[str, Any]:
    """An object of `kind` called `name`, labelled and owned; `body` holds the top-level fields besides metadata."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": name,
            "namespace": owner.namespace,
            "labels": naming.labels(owner.name, component),
            "ownerReferences": [owner.reference()],
        },
        **body,
    }


def with_label(document: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    """A copy of `document` that carries one more label."""
    metadata = document["metadata"]
    return {**document, "metadata": {**metadata, "labels": {**metadata["labels"], key: value}}}
