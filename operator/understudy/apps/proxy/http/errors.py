"""What goes wrong between us and a provider. `egress.upstream.told_as` puts them into the providers' error tree.

ConnectionError
├── CannotConnect       no address, refused, unreachable, no TLS: not a byte was sent
└── Disconnected        the connection ended before the answer did
ValueError
└── NotHttp             what came is not an HTTP/1.1 answer, or exceeds a limit
TimeoutError            the connection was not there in time
"""


class CannotConnect(ConnectionError):
    """No connection; the message says which step failed, without addresses."""


class Disconnected(ConnectionError):
    """The connection ended, or was reset, before the answer was complete.

    Attributes:
        answered: whether a byte of the answer had come.
    """

    def __init__(self, message: str, *, answered: bool) -> None:
        super().__init__(message)
        self.answered = answered


class NotHttp(ValueError):
    """What came is not an answer; the message is our own and quotes nothing."""
