"""The error tree.

UnderstudyError
├── InvalidInput            a user's document is wrong; names the field and what to write instead
├── Unauthorized            a call token or signature is missing, wrong or expired
├── StaleDocument           a routing document older than the one in force
├── ProviderError           a provider failed; `retryable` says whether another try may help
│   ├── ProviderRefused     answered with an error status
│   ├── ProviderTimeout     nothing useful within the deadline
│   └── ProviderBroke       the connection or the stream ended early
└── AllFailed               every alternative was tried; carries each one's cause
"""


class UnderstudyError(Exception):
    """Root of every error this product raises on purpose."""

    retryable: bool = False


class InvalidInput(UnderstudyError):
    """A document is wrong.

    Attributes:
        field: path of the field, such as `spec.voice.fallbackPlan.voices[1].account`.
        reason: a CamelCase word for a condition's `reason`.
    """

    def __init__(self, field: str, message: str, reason: str = "InvalidSpec") -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = reason


class Unauthorized(UnderstudyError):
    """A call token or signature is missing, wrong or expired."""


class StaleDocument(UnderstudyError):
    """A routing document older than the one in force was offered; the newer stays."""


class ProviderError(UnderstudyError):
    """A provider failed.

    Attributes:
        provider: the account's name.
        status: the HTTP status where there was one.
    """

    retryable = True

    def __init__(self, provider: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.status = status


class ProviderRefused(ProviderError):
    """The provider answered with an error status."""


class ProviderTimeout(ProviderError):
    """The provider sent nothing useful within the deadline."""


class ProviderBroke(ProviderError):
    """The connection or the stream ended early."""


class AllFailed(UnderstudyError):
    """Every alternative was tried and failed.

    Attributes:
        causes: one error for each alternative, in the order tried.
    """

    def __init__(self, what: str, causes: "list[ProviderError]") -> None:
        listed = "; ".join(str(cause) for cause in causes) or "none is configured"
        super().__init__(f"every {what} failed: {listed}")
        self.causes = causes
