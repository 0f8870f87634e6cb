"""Why a call has no score."""

from enum import StrEnum


class Result(StrEnum):
    """What became of one score."""

    OK = "ok"
    NO_SCORE = "no_score"
    """There was an answer, and it was no score."""
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """Answered with an error status."""
    BROKE = "broke"
    """Not reached, or the connection broke."""
    NO_KEY = "no_key"
    """Its Secret is missing, incomplete or not for that host."""
    BUSY = "busy"
    """The judge's account is near its rate limit, which live calls may need."""
    QUEUE_FULL = "queue_full"
    OVER_BUDGET = "over_budget"


class ScoreFailed(Exception):
    """There is no score.

    Attributes:
        result: why.
        again: whether asking once more may help.
    """

    def __init__(self, result: Result, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.result = result
        self.again = again
