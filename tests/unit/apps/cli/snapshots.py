"""Stored revisions."""

from typing import Any

from tests.unit.apps.cli.fake_reader import NAME
from understudy.domain.revision.snapshot import Snapshot

PROMPT = "You answer the phone.\nBe kind.\nKeep it short."


def content(**changes: Any) -> dict[str, Any]:
    """A snapshot as JSON; `changes` go to its top."""
    base: dict[str, Any] = {
        "accounts": {"openai": {
            "name": "openai", "provider": "openai", "baseUrl": "https://api.example/v1", "secret": "key"}},
        "model": {
            "systemPrompt": PROMPT, "pool": {},
            "targets": [{"name": name, "account": "openai", "model": "m-1"} for name in ("main", "spare")],
            "tools": [{"name": "book", "description": "Books a table"}],
        },
        "transcribers": [{"account": "deepgram", "provider": "deepgram", "model": "nova-3"}],
        "voices": [{"account": "openai", "provider": "openai", "voiceId": "shimmer"}],
        "agent": {"image": "agent:1", "template": {"env": [{"name": "TOKEN", "value": "s3cret"}]}},
        "webhook": {"url": "https://hooks.example/call?key=s3cret"},
    }  # fmt: skip
    return {**base, **changes}


def snapshot(**changes: Any) -> Snapshot:
    """A snapshot; `changes` go to its top."""
    return Snapshot.model_validate(content(**changes))


def document(number: int, digest: str, found: Snapshot, created: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    """The ControllerRevision that holds it."""
    return {
        "metadata": {"name": f"{NAME}-{digest}", "creationTimestamp": created},
        "revision": number,
        "data": found.to_json(),
    }
