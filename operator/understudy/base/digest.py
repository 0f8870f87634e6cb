"""One way to hash a document, so that equal content always has an equal name."""

import hashlib
import json
from typing import Any

SHORT = 8
"""Hex digits in a short digest: 32 bits; a name collides within one assistant's ten revisions once in 10^8."""


def canonical_json(document: Any) -> str:
    """`document` as JSON with sorted keys and no spaces: equal content, equal text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(document: Any) -> str:
    """SHA-256 of the canonical JSON of `document`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def short_digest(document: Any) -> str:
    """The first `SHORT` hex digits of `digest(document)`: what names and columns show."""
    return digest(document)[:SHORT]
