"""What keeps the command from answering, with what to do about it."""

from understudy.adapters.cluster.errors import NOT_FOUND, ClusterError, Unreachable
from understudy.base.errors import UnderstudyError
from understudy.domain import naming

UNAUTHORIZED = 401
"""HTTP status: the API server does not know who asks."""

FORBIDDEN = 403
"""HTTP status: the user may not."""

ASSISTANTS = f"voiceassistants.{naming.GROUP}"
"""What the API server calls our kind."""

NO_CRD = (
    f"this cluster does not know {ASSISTANTS}: Understudy is not installed in it. Install it with `helm install` "
    "(docs/operating/install.md), or choose another cluster with --context"
)


class CannotTell(UnderstudyError):
    """There is nothing to show or to do; the message says what is missing and what to do."""


def explained(error: ClusterError, verb: str, resource: str, namespace: str) -> UnderstudyError:
    """`error` as someone at a terminal can act on it; itself where nothing is known to help."""
    if error.status == FORBIDDEN:
        ask = "ask for the Role in docs/operating/cli.md"
        return CannotTell(f"you lack the right to `{verb}` `{resource}` in namespace {namespace}: {error}; {ask}")
    if error.status == UNAUTHORIZED:
        return CannotTell(f"the API server does not know you: {error}; log in again, or choose another --context")
    if error.status == NOT_FOUND and resource == ASSISTANTS and verb == "list":
        return CannotTell(NO_CRD)
    if isinstance(error, Unreachable):
        return CannotTell(f"the API server does not answer: {error}; try `kubectl get --raw /readyz`, or --context")
    return error


def unknown(name: str, namespace: str, there: list[str]) -> CannotTell:
    """There is no assistant called `name`; `there`: those that exist."""
    known = f"there is {', '.join(there)}" if there else "there is none at all: try another one with -n"
    return CannotTell(f"no VoiceAssistant {name} in namespace {namespace}; {known}")
