"""What the command needs of the cluster; see `adapters.cluster.inspection.Inspector`."""

from typing import Any, Protocol


class Reader(Protocol):
    """Reads one namespace."""

    namespace: str

    async def assistants(self) -> list[dict[str, Any]]:
        """Every VoiceAssistant of the namespace."""
        ...

    async def assistant(self, name: str) -> dict[str, Any] | None:
        """One VoiceAssistant."""
        ...

    async def pods(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """Pods with these labels."""
        ...

    async def deployments(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """Deployments with these labels."""
        ...

    async def revisions(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        """ControllerRevisions with these labels."""
        ...

    async def ask(self, pod: str, port: int, path: str, query: dict[str, str]) -> dict[str, Any]:
        """JSON from a pod's port."""
        ...


class Asker(Reader, Protocol):
    """Reads, and asks the operator for something."""

    async def annotate(self, name: str, annotation: str, value: str) -> None:
        """Set one annotation of a VoiceAssistant."""
        ...
