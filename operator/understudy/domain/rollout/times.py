"""Times as status shows them and as code counts them."""

from datetime import UTC, datetime


def to_text(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, cut to milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_seconds(text: str | None, default: float = 0.0) -> float:
    """Seconds since the epoch of an RFC 3339 time; `default` when there is none."""
    return datetime.fromisoformat(text).timestamp() if text else default
