"""What the controller needs of the world; `adapters.cluster` and the tests' fakes provide it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from understudy.api.rollout import Slo
from understudy.domain.desired.kinds import Kind
from understudy.domain.slo.promql import Subject
from understudy.domain.slo.query import Sample


class Key(NamedTuple):
    """Which assistant."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """As users write it."""
        return f"{self.namespace}/{self.name}"


class Cluster(Protocol):
    """The API server; every method raises `adapters.cluster.errors.ClusterError` when it cannot."""

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """The object, or None if there is none."""
        ...

    async def list(
        self, kind: Kind, namespace: str | None, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Every object with these labels, of one namespace or (None) of all."""
        ...

    async def apply(self, document: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply, with force."""
        ...

    async def create(self, document: dict[str, Any]) -> dict[str, Any]:
        """Create; `Conflict` if it exists."""
        ...

    async def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put; `Conflict` unless it names the current version."""
        ...

    async def replace_status(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put the status; `Conflict` unless it names the current version."""
        ...

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Delete exactly this one; fine if it is gone."""
        ...


class Asks(Protocol):
    """Who asks Prometheus, again and again, while somebody is judged by what it says."""

    def sync(self, key: Key, slos: Iterable[Slo], subject: Subject) -> None:
        """Ask exactly for `slos` (those without a query are passed over); none: stop asking, and forget."""
        ...

    def samples(self, key: Key) -> Mapping[str, tuple[Sample, ...]]:
        """What came, by the name of the SLO, oldest first."""
        ...

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        ...
