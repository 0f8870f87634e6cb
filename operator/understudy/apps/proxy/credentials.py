"""Provider keys from mounted Secrets: read when they change, given out only for the hosts they are meant for."""

from pathlib import Path

from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.naming import CREDENTIALS_DIR
from understudy.domain.revision.snapshot import Account, Snapshot


class CredentialUnavailable(UnderstudyError):
    """No key may be sent to the account; `problem` says why, for the operator's condition."""

    def __init__(self, problem: CredentialProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Credentials:
    """Keys by namespace and account."""

    def __init__(self, clock: Clock, root: Path = Path(CREDENTIALS_DIR)) -> None:
        self._clock = clock
        self._root = root

    def key_for(self, namespace: str, account: Account) -> str | None:
        """The account's API key; None when the account names no Secret.

        Raises:
            CredentialUnavailable: the Secret or its key is missing, or the host is not one it may go to.
        """
        raise CredentialUnavailable(
            CredentialProblem(account=account.name, secret=account.secret or "", reason="MissingSecret", message="")
        )

    def secret_for(self, namespace: str, secret: str, url: str) -> str:
        """The `apiKey` of a Secret used for `url`, whose host must be in its `allowed-hosts` (webhooks).

        Raises:
            CredentialUnavailable: as `key_for`.
        """
        raise CredentialUnavailable(
            CredentialProblem(account=url, secret=secret, reason="MissingSecret", message=namespace)
        )

    def report_refused(self, namespace: str, account: Account) -> None:
        """A provider answered 401 or 403 to the account's key."""

    def problems(self, namespace: str, snapshots: tuple[Snapshot, ...]) -> tuple[CredentialProblem, ...]:
        """What is wrong with the keys that `snapshots` need."""
        return ()
