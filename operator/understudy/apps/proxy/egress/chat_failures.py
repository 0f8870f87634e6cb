"""What a provider's failure means to the pool."""

from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.http.errors import NotHttp
from understudy.base.errors import ProviderError
from understudy.domain.routing.completion import EmptyAnswer, Malformed
from understudy.domain.routing.pool.step import Failure
from understudy.domain.routing.sse import EventTooLong

KEY_REFUSED = frozenset({401, 403})

RATE_LIMITED = 429
"""Status of a provider that is full."""

OVERLOADED = frozenset({503, 529})
"""Full, where they say when to come back; otherwise broken."""

SERVER_ERROR = 500
"""Status from which it is the provider's fault."""


def failure_of(cause: ProviderError, retry_after_s: float | None) -> Failure:
    """The class of `cause`; `retry_after_s` is what the answer said, seconds."""
    if cause.status is not None:
        return _of_status(cause.status, retry_after_s)
    match cause.__cause__:
        case CredentialUnavailable():
            return Failure.AUTH
        case EmptyAnswer():
            return Failure.EMPTY
        case Malformed() | EventTooLong() | NotHttp():
            return Failure.MALFORMED
        case _:
            return Failure.BROKE


def _of_status(status: int, retry_after_s: float | None) -> Failure:
    if status in KEY_REFUSED:
        return Failure.AUTH
    if status == RATE_LIMITED or (status in OVERLOADED and retry_after_s is not None):
        return Failure.RATE_LIMITED
    return Failure.SERVER if status >= SERVER_ERROR else Failure.REQUEST
