"""What can go wrong between us and the API server.

ClusterError(UnderstudyError)
├── Conflict       somebody else wrote first (409): read again and decide again
├── Refused        the API server will not take it (4xx): the same request will fail again
└── Unreachable    no answer, or 429 and 5xx: later
"""

from understudy.base.errors import UnderstudyError

CONFLICT = 409
"""HTTP status: somebody else wrote in between."""
NOT_FOUND = 404
"""HTTP status: there is no such object, or no such kind."""
_RETRYABLE = {408, 429}
_FIRST_SERVER_ERROR = 500


class ClusterError(UnderstudyError):
    """Root of the errors of the API server."""

    retryable = True

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Conflict(ClusterError):
    """Somebody else wrote first."""


class Refused(ClusterError):
    """The API server will not take it; the message is its own."""

    retryable = False


class Unreachable(ClusterError):
    """The API server did not answer, or could not."""


def error_for(status: int, message: str) -> ClusterError:
    """The error for an HTTP status outside 2xx."""
    if status == CONFLICT:
        return Conflict(message, status)
    if status in _RETRYABLE or status >= _FIRST_SERVER_ERROR:
        return Unreachable(message, status)
    return Refused(message, status)
