"""How a transcriber fails, in words for metrics, logs and the next decision."""

from enum import StrEnum

from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderTimeout


class FailureKind(StrEnum):
    """What went wrong."""

    REFUSED = "refused"
    """An error status, or no usable key."""
    OPEN_TIMEOUT = "open_timeout"
    """The handshake took too long."""
    CLOSED = "closed"
    """The connection could not be made, broke or was closed."""
    ERROR = "error"
    """The provider said that it cannot go on."""
    PROTOCOL = "protocol"
    """A message that is none of the protocol."""
    DEAF = "deaf"
    """The caller speaks, and no transcript comes."""
    EMPTY = "empty"
    """The caller speaks, and transcripts have no words: it may be noise."""
    UNANSWERED = "unanswered"
    """A request to finalise went unanswered."""
    STALLED = "stalled"
    """The connection takes no more audio."""


HEARS_NOTHING = frozenset({FailureKind.DEAF, FailureKind.EMPTY, FailureKind.UNANSWERED})
"""Failures of a connection that stands: when the provider stopped hearing is not known."""


class TranscriberFailed(ProviderBroke):
    """A transcriber that was listening failed.

    Attributes:
        kind: how.
        transient: the provider itself says that another try may do.
    """

    def __init__(self, provider: str, kind: FailureKind, reason: str, *, transient: bool = False) -> None:
        super().__init__(provider, reason)
        self.kind = kind
        self.transient = transient


class TranscriberSilent(ProviderTimeout):
    """A transcriber that keeps its connection does nothing useful.

    Attributes:
        kind: how.
    """

    def __init__(self, provider: str, kind: FailureKind, reason: str) -> None:
        super().__init__(provider, reason)
        self.kind = kind


def kind_of(cause: ProviderError) -> FailureKind:
    """How `cause` counts."""
    if isinstance(cause, TranscriberFailed | TranscriberSilent):
        return cause.kind
    if isinstance(cause, ProviderRefused):
        return FailureKind.REFUSED
    return FailureKind.OPEN_TIMEOUT if isinstance(cause, ProviderTimeout) else FailureKind.CLOSED


TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same provider may be asked again at once."""


def may_retry(cause: ProviderError, *, worked: bool) -> bool:
    """Whether a provider that failed like this may be asked again before others; `worked`: it gave transcripts."""
    kind = kind_of(cause)
    if isinstance(cause, TranscriberFailed) and cause.transient:
        return True
    if kind is FailureKind.CLOSED:
        return worked
    return worked and kind is FailureKind.REFUSED and cause.status in TRANSIENT_STATUS
