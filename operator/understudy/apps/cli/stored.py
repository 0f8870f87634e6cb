"""The stored revisions of an assistant, and finding one by what people call it."""

from collections.abc import Sequence
from typing import Any

from understudy.adapters.cluster.errors import ClusterError
from understudy.apps.cli.errors import CannotTell, explained
from understudy.apps.cli.ports import Reader
from understudy.domain import naming
from understudy.domain.desired.revisions import StoredRevision, parse_revisions


async def stored(reader: Reader, name: str) -> tuple[StoredRevision, ...]:
    """Every revision of the assistant, oldest first.

    Raises:
        CannotTell: the user may not look.
        ClusterError: the API server refused.
    """
    return parse_revisions(await documents(reader, name))


async def documents(reader: Reader, name: str) -> list[dict[str, Any]]:
    """The ControllerRevisions themselves."""
    try:
        return await reader.revisions(naming.labels(name, "revision"))
    except ClusterError as error:
        raise explained(error, "list", "controllerrevisions.apps", reader.namespace) from error


def find(revisions: Sequence[StoredRevision], wanted: str, assistant: str) -> StoredRevision:
    """The revision with that number, digest, beginning of a digest, or object name.

    Raises:
        CannotTell: there is none, or more than one.
    """
    if numbered := [each for each in revisions if str(each.number) == wanted]:
        return numbered[-1]
    digest = wanted.rsplit("-", 1)[-1]
    found = [each for each in revisions if each.name.startswith(digest)] if digest else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{each.number} ({each.name})" for each in revisions) or "none"
    what = "more than one revision" if found else "no revision"
    raise CannotTell(f"{what} {wanted} of {assistant}; there are: {known}")
