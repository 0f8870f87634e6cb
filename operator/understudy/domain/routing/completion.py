"""What a streamed or whole chat completion has said so far. Source: OpenAI's API reference, "Chat completion chunk"."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import orjson

DONE = b"[DONE]"
"""The last event of a stream."""

LAST_EVENT = b"data: " + DONE + b"\n\n"

OWN_FRAME = {"id": "chatcmpl-understudy", "created": 0, "model": "understudy"}
"""Frame of an answer that no model gave."""

_USEFUL = ("content", "refusal", "tool_calls", "function_call", "audio")
"""Fields of a delta that an agent can act on; `role` and reasoning are not among them."""


class Malformed(ValueError):
    """A chunk that is no chunk, or one that carries an error; the message holds no content."""


class NoAnswer(ValueError):
    """The provider ended its answer before it was one."""


class EmptyAnswer(NoAnswer):
    """It ended properly, and held nothing."""


class Progress(Enum):
    """What an event brought."""

    NOTHING = "nothing"
    USEFUL = "useful"
    DONE = "done"


class Completion:
    """Adds up the first choice of a completion.

    Attributes:
        text: what the first choice said.
        tool_calls: how many calls it asked for.
        finish_reason: why it ended; None while it has not.
        useful: whether anything came that an agent can act on.
        calling: whether a tool call has begun and the answer has not ended. Its pieces are worth nothing to an agent
            before the last one, and half a call must never be carried out, so they are held until then.
        latest: the text that the latest event added.
        latest_calls: whether the latest event was about a tool call.
        chunk: the latest event, parsed; None when it was no chunk.
        usage: the tokens that the provider counted; empty where it does not say.
        frame: what the chunks of this completion have in common: id, created, model.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self.frame: dict[str, Any] = {}
        self.usage: dict[str, Any] = {}
        self.finish_reason: str | None = None
        self.useful = False
        self.latest = ""
        self.latest_calls = False
        self.chunk: dict[str, Any] | None = None
        self._called = False

    @property
    def calling(self) -> bool:
        """Whether a tool call has begun and the answer has not ended."""
        return self._called and self.finish_reason is None

    @property
    def text(self) -> str:
        """What the first choice said."""
        return "".join(self._pieces)

    @property
    def tool_calls(self) -> int:
        """How many calls the first choice asked for."""
        return len(self._calls)

    def event(self, data: bytes | None) -> Progress:
        """Take in one event's data.

        Raises:
            Malformed: not a chunk, or an error from the provider.
        """
        self.latest = ""
        self.latest_calls = False
        self.chunk = None
        if data is None:
            return Progress.NOTHING
        if data == DONE:
            return Progress.DONE
        self.chunk = chunk = parse(data)
        useful = False
        for choice in chunk["choices"]:
            useful = self._choice(choice, "delta") or useful
        if not self.frame and chunk.get("id"):  # Azure's first chunk is about the prompt, and has none
            self._framed(chunk)
        if chunk.get("usage"):
            self.usage = chunk["usage"]
        return Progress.USEFUL if useful else Progress.NOTHING

    def row(self, texts: Sequence[str]) -> str:
        """Take in events that add these texts and say nothing else; together they are `latest`."""
        self.latest, self.latest_calls, self.chunk = "", False, None
        self.add_text("".join(texts))
        return self.latest

    def whole(self, body: bytes) -> Progress:
        """Take in a completion that was not streamed.

        Raises:
            Malformed: as `event`.
        """
        answer = parse(body)
        useful = [self._choice(choice, "message") for choice in answer["choices"]]
        self._framed(answer)
        self.usage = answer.get("usage") or {}
        return Progress.USEFUL if any(useful) else Progress.NOTHING

    @property
    def characters(self) -> int:
        """How much it said, arguments of tool calls included."""
        return sum(map(len, self._pieces)) + sum(len(call["function"]["arguments"]) for call in self._calls.values())

    def add_text(self, text: str) -> None:
        """It said `text`."""
        self.useful = self.useful or bool(text)
        self._say(text)

    def add_call(self, index: int, item: dict[str, Any]) -> None:
        """It asked for a call, given as `call_id`, `name` and `arguments`."""
        function = {"name": item.get("name") or "", "arguments": item.get("arguments") or ""}
        self._calls[index] = {"id": item.get("call_id") or "", "type": "function", "function": function}

    def message(self) -> dict[str, Any]:
        """The first choice as a message of the dialogue."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self._calls:
            message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        return message

    def _framed(self, chunk: dict[str, Any]) -> None:
        self.frame = {key: chunk[key] for key in ("id", "created", "model") if key in chunk}

    def _choice(self, choice: dict[str, Any], field: str) -> bool:
        said = choice.get(field) or {}
        text = said.get("content")
        if choice.get("finish_reason") is None and len(said) == 1 and isinstance(text, str):
            useful = bool(text)  # what nearly every chunk is
        else:
            useful = bool(said) and any(said.get(name) for name in _USEFUL)
            self.latest_calls = bool(said.get("tool_calls") or said.get("function_call")) or self.latest_calls
            self._called = self._called or self.latest_calls
        self.useful = self.useful or useful
        if choice.get("index", 0) == 0:
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            self._say(text or said.get("refusal"))
            if self._called:
                self._call(said.get("tool_calls") or ())
        return useful

    def _say(self, text: Any) -> None:
        if isinstance(text, str) and text:
            self._pieces.append(text)
            self.latest = text

    def _call(self, deltas: Any) -> None:
        for position, delta in enumerate(deltas):
            call = self._calls.setdefault(delta.get("index", position), _new_call())
            function = delta.get("function") or {}
            call["id"] = delta.get("id") or call["id"]
            call["function"]["name"] += function.get("name") or ""
            call["function"]["arguments"] += function.get("arguments") or ""


def parse(data: bytes) -> dict[str, Any]:
    """A chunk or a completion as a mapping with a list of `choices`.

    Raises:
        Malformed: it is neither.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed("the stream holds something that is not JSON") from error
    if not isinstance(document, dict) or not _are_choices(document.get("choices")):
        said_error = isinstance(document, dict) and "error" in document
        raise Malformed("the provider reported an error in the stream" if said_error else "a chunk without choices")
    return document


def ending(frame: dict[str, Any], reason: str = "length") -> bytes:
    """Events that end a stream which its provider did not end, so that the agent keeps what it has.

    The reason `length` is the one that says the answer is cut short.
    """
    return encode({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}) + LAST_EVENT


def said(frame: dict[str, Any], text: str) -> dict[str, Any]:
    """A chunk that adds `text`."""
    return {**frame, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def encode(chunk: dict[str, Any]) -> bytes:
    """`chunk` as an event."""
    return b"data: " + orjson.dumps({"object": "chat.completion.chunk", **chunk}) + b"\n\n"


def _are_choices(choices: Any) -> bool:
    if not isinstance(choices, list):
        return False
    if len(choices) == 1:  # what nearly every chunk has
        return isinstance(choices[0], dict)
    return all(isinstance(choice, dict) for choice in choices)


def _new_call() -> dict[str, Any]:
    return {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
