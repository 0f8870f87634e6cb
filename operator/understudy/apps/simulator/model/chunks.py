"""OpenAI's chat completion objects, whole and in chunks."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from understudy.apps.simulator.model.reply import Reply

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English; the usage is an estimate like any other."""


@dataclass(frozen=True)
class Completion:
    """One answer, ready to be told whole or in pieces."""

    id: str
    model: str
    created: int
    reply: Reply
    prompt_tokens: int
    cached_tokens: int = 0
    padding: int = 0
    """Characters of `obfuscation` in each event with a choice."""

    @property
    def finish_reason(self) -> str:
        """Why the answer ends."""
        return "tool_calls" if self.reply.tool else "stop"

    def pieces(self) -> list[dict[str, Any]]:
        """Deltas after the role, a token each."""
        if self.reply.tool is None:
            return [{"content": token} for token in tokens(self.reply.text)]
        head = {"index": 0, "id": self._call_id, "type": "function"}
        calls: list[dict[str, Any]] = [{**head, "function": {"name": self.reply.tool, "arguments": ""}}]
        calls += [{"index": 0, "function": {"arguments": part}} for part in tokens(self.reply.arguments)]
        return [{"tool_calls": [call]} for call in calls]

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        """One server-sent event."""
        event = self._chunk_head() | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return _event(event | {"obfuscation": "x" * self.padding} if self.padding else event)

    def filter_chunk(self) -> bytes:
        """Azure OpenAI's first event: what its content filter found in the prompt, and no choices."""
        head = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        return _event(head | {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]})

    def usage_chunk(self) -> bytes:
        """The event with the usage, sent when `stream_options.include_usage` asks for it."""
        return _event(self._chunk_head() | {"choices": [], "usage": self._usage()})

    def whole(self) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        message: dict[str, Any] = {"role": "assistant", "content": self.reply.text or None, "refusal": None}
        if self.reply.tool is None:
            message["content"] = self.reply.text
        else:
            function = {"name": self.reply.tool, "arguments": self.reply.arguments}
            message["tool_calls"] = [{"id": self._call_id, "type": "function", "function": function}]
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}
        head = {"id": self.id, "object": "chat.completion", "created": self.created, "model": self.model}
        return head | {"choices": [choice], "usage": self._usage()}

    @property
    def _call_id(self) -> str:
        return f"call_{self.id.removeprefix('chatcmpl-')}"

    def _chunk_head(self) -> dict[str, Any]:
        return {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}

    def _usage(self) -> dict[str, Any]:
        completion = len(self.pieces())
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "audio_tokens": 0},
        }


def count(prompt: Any) -> int:
    """Tokens of a prompt, by rule of thumb."""
    return len(json.dumps(prompt)) // CHARACTERS_PER_TOKEN + 1


def tokens(text: str) -> Iterator[str]:
    """`text` in words with the space before them, the way models send it."""
    return iter(re.findall(r"\s*\S+", text))


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"
