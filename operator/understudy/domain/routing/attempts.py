"""Alternatives in order of preference: which is next, and what became of those before it."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from understudy.base.errors import AllFailed, ProviderError

T = TypeVar("T")


class Attempts(Generic[T]):
    """Each alternative once, in order.

    Args:
        what: what the alternatives are, for the error: `model`, `transcriber`, `voice`.
        alternatives: the order of preference.
        first: index to start at; the rest follows in order and wraps round, so that a chain in mid-call begins with
            the one in use.
    """

    def __init__(self, what: str, alternatives: Sequence[T], first: int = 0) -> None:
        self.what = what
        self.causes: list[ProviderError] = []
        self._order = [*range(first, len(alternatives)), *range(first)]
        self._alternatives = alternatives
        self._tried = 0

    def __iter__(self) -> Iterator[tuple[int, T]]:
        """Index and alternative, those not yet tried."""
        while self._tried < len(self._order):
            index = self._order[self._tried]
            self._tried += 1
            yield index, self._alternatives[index]

    @property
    def failed_over(self) -> bool:
        """Whether something failed before the present alternative."""
        return bool(self.causes)

    def failed(self, cause: ProviderError) -> None:
        """The present alternative failed."""
        self.causes.append(cause)

    def all_failed(self) -> AllFailed:
        """The error that names every cause."""
        return AllFailed(self.what, self.causes)
