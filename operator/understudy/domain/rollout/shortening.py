"""How much text status keeps."""

MAX_MESSAGE = 1000
"""Characters of a stored message: three readings fit; status stays small."""


def shortened(message: str) -> str:
    """`message`, cut where status would grow too large."""
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
