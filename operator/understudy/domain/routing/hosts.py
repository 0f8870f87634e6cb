"""Which hosts a provider key may be sent to."""

from collections.abc import Iterable

_WILDCARD = "*."


def host_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Whether `host` is in the list; `*.example.com` covers every name under example.com and not itself.

    Fails closed: an empty host or list allows nothing, and a bare `*` is no wildcard.
    """
    wanted = host.casefold().rstrip(".")
    return bool(wanted) and any(_covers(entry.casefold().rstrip("."), wanted) for entry in allowed)


def _covers(entry: str, host: str) -> bool:
    if entry.startswith(_WILDCARD):
        suffix = entry.removeprefix("*")
        return "." in suffix[1:] and host.endswith(suffix) and len(host) > len(suffix)
    return entry == host
