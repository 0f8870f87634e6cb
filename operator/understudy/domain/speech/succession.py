"""Which transcriber listens next: the order of preference, from the one in use on, until one works."""

from collections.abc import Sequence

from understudy.base.errors import AllFailed, ProviderError
from understudy.domain.speech.listen_failure import FailureKind, kind_of, may_retry

RETRIES = 1
"""Times that the same provider is asked again without a final in between: a second failure is no accident, and each
costs the caller a replay."""


class Succession:
    """One call's transcribers.

    A fallback that works stays for the call, whatever becomes of those before it.

    Args:
        order: indices of the transcribers, the one to begin with first.
        budget_s: seconds within which the same provider may be asked again after a failure: the turn's.
    """

    def __init__(self, order: Sequence[int], budget_s: float) -> None:
        self._order = list(order)
        self._budget_s = budget_s
        self._causes: dict[int, ProviderError] = {}
        self._since: float | None = None
        self._retries = 0
        self.current: int | None = self._order[0] if self._order else None
        self.noise = False
        """Whether two transcribers heard no words in the same sound: from then on it is taken to be noise."""

    @property
    def failed_over(self) -> bool:
        """Whether something failed before the present transcriber, and nothing worked since."""
        return bool(self._causes)

    @property
    def failing_since(self) -> float | None:
        """When the failure began that is being dealt with."""
        return self._since

    @property
    def retrying(self) -> bool:
        """Whether the present transcriber is the one that just failed."""
        return self._retries > 0

    @property
    def upcoming(self) -> int | None:
        """Who would be next."""
        return self._next()

    def works(self) -> None:
        """The present transcriber gave a final: what failed before is past."""
        self._causes, self._since, self._retries = {}, None, 0

    def failed(self, cause: ProviderError, now: float, *, worked: bool, ready: bool = False) -> int | None:
        """The present one failed; who is next, or None when all did.

        Args:
            cause: why.
            now: seconds on a steady clock.
            worked: it gave transcripts.
            ready: the next one is connected, and so takes over sooner than this one could be asked again.
        """
        if worked and self._causes:
            self._causes = {}
        self._since = now if self._since is None else self._since
        if kind_of(cause) is FailureKind.EMPTY and self._is_noise():
            return self.current
        if not ready and self._may_retry(cause, now, worked=worked):
            return self.current
        if self.current is not None:
            self._causes[self.current] = cause
        self._retries = 0
        self.current = self._next()
        if self.current is None:
            self._back_to_the_suspected()
        return self.current

    def _back_to_the_suspected(self) -> None:
        """Where all others failed for certain, one that only found no words is the best there is: it is believed."""
        suspected = self._suspected()
        if suspected and not self.noise:
            self.noise, self.current = True, suspected[0]
            del self._causes[suspected[0]]

    def _suspected(self) -> list[int]:
        return [index for index, cause in self._causes.items() if kind_of(cause) is FailureKind.EMPTY]

    def _is_noise(self) -> bool:
        """Whether another transcriber found no words there either, or there is no other to be asked.

        Then the first of those that did not was in order all the time, and listens again.
        """
        suspected = self._suspected()
        if not suspected and self._next() is not None:
            return False
        self.noise = True
        if suspected:
            self.current = suspected[0]
            del self._causes[suspected[0]]
        return True

    def _may_retry(self, cause: ProviderError, now: float, *, worked: bool) -> bool:
        if not may_retry(cause, worked=worked) or self._retries >= RETRIES or self.budget_left(now) <= 0:
            return False
        self._retries += 1
        return True

    def budget_left(self, now: float) -> float:
        """Seconds left to ask the same provider again."""
        return self._budget_s - (now - self._since) if self._since is not None else self._budget_s

    def all_failed(self) -> AllFailed:
        """The error that names every cause."""
        return AllFailed("transcriber", list(self._causes.values()))

    def _next(self) -> int | None:
        at = self._order.index(self.current) if self.current is not None else -1
        rest = [*self._order[at + 1 :], *self._order[: at + 1]]
        return next((index for index in rest if index not in self._causes and index != self.current), None)
