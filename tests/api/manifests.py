"""Small valid manifests, and changes to them by path."""

import copy
import re
from collections.abc import Mapping
from typing import Any

Manifest = dict[str, Any]

GONE = object()
"""As a value: take the field away."""

API_VERSION = "understudy.dev/v1alpha1"


def account(name: str, provider: str | None = None) -> Manifest:
    """An account called `name`."""
    return {"name": name, "provider": provider or name, "credentialsRef": {"name": name}}


def assistant(changes: Mapping[str, Any] | None = None) -> Manifest:
    """A small assistant that is accepted, with `changes` made to it."""
    base = {
        "apiVersion": API_VERSION,
        "kind": "VoiceAssistant",
        "metadata": {"name": "front-desk", "namespace": "default"},
        "spec": {
            "accounts": [account("openai"), account("deepgram"), account("cartesia")],
            "model": {"name": "gpt-4o-mini", "systemPrompt": "You answer the phone."},
            "transcriber": {"provider": "deepgram"},
            "voice": {"provider": "openai", "voiceId": "shimmer"},
        },
    }
    return edit(base, changes or {})


def plan(changes: Mapping[str, Any] | None = None) -> Manifest:
    """A small fallback plan that is accepted, with `changes` made to it."""
    base = {
        "apiVersion": API_VERSION,
        "kind": "FallbackPlan",
        "metadata": {"name": "house-rules", "namespace": "default"},
        "spec": {},
    }
    return edit(base, changes or {})


def edit(manifest: Manifest, changes: Mapping[str, Any]) -> Manifest:
    """A copy of `manifest` with the value at each path, such as `spec.voices[0].provider`, replaced or GONE."""
    edited = copy.deepcopy(manifest)
    for path, value in changes.items():
        _set(edited, parts(path), copy.deepcopy(value) if value is not GONE else GONE)
    return edited


def parts(path: str) -> list[str | int]:
    """`a.b[0].c` → ["a", "b", 0, "c"]."""
    return [int(number) if number else name for number, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)]


def _set(node: Any, path: list[str | int], value: Any) -> None:
    *way, last = path
    for step, following in zip(way, path[1:], strict=True):
        node = _child(node, step, [] if isinstance(following, int) else {})
    if value is GONE:
        del node[last]
    elif isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value


def _child(node: Any, step: str | int, empty: Any) -> Any:
    if isinstance(node, list):
        if step == len(node):
            node.append(empty)
        return node[step]
    return node.setdefault(step, empty)
