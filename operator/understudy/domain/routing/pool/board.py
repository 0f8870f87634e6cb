"""The ranking: deployments in order of their score. A change of one costs a binary search and a move of pointers."""

from bisect import bisect_left, insort
from collections.abc import Iterator


class Board:
    """Scores of `size` deployments, least first."""

    def __init__(self, scores: list[float]) -> None:
        self._scores = list(scores)
        self._order = sorted((score, index) for index, score in enumerate(scores))

    def __len__(self) -> int:
        """How many."""
        return len(self._order)

    def __iter__(self) -> Iterator[int]:
        """Indices, best first."""
        return (index for _, index in self._order)

    def top(self, count: int) -> list[int]:
        """The best `count` indices."""
        return [index for _, index in self._order[:count]]

    def score(self, index: int) -> float:
        """The score of one."""
        return self._scores[index]

    def put(self, index: int, score: float) -> None:
        """Change the score of one."""
        old = (self._scores[index], index)
        del self._order[bisect_left(self._order, old)]
        self._scores[index] = score
        insort(self._order, (score, index))
