"""OpenAI's Responses API: what goes to a model, and what its events mean.

Source: OpenAI's API reference, "Responses" and "Streaming events". Answers pass as they came: an event's item and
content indices, sequence numbers and the response's id belong together, so another's answer cannot be glued on.
"""

from typing import Any

import orjson

from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Tool
from understudy.domain.routing.completion import Completion, EmptyAnswer, Malformed, NoAnswer
from understudy.domain.routing.prompt import function
from understudy.domain.routing.providers import chat_url, model_field
from understudy.domain.routing.sse import EventTooLong, SseDecoder

_INSTRUCTIONS = ("system", "developer")
_SPEAKERS = ("user", "assistant")
_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_CALL = "response.function_call_arguments.delta"
_ENDS = frozenset({"response.completed", "response.incomplete"})
_FAILS = frozenset({"response.failed", "error"})


def responses_url(account: Account, target: ModelTarget) -> str:
    """URL that a response is asked of; Azure OpenAI has it in its v1 API only."""
    url = chat_url(account.model_copy(update={"api_version": None}), target)
    return url.removesuffix("chat/completions") + "responses"


def items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The request's input as a list of items.

    Raises:
        ValueError: it is none.
    """
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise ValueError("`input` has to be a text or a list of items")
    return given


def spoken(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was said in `listed`, as messages of a chat: what another agent pod would have to be told."""
    said = [(item.get("role"), _text_of(item.get("content"))) for item in listed]
    return [{"role": role, "content": text} for role, text in said if role in _SPEAKERS and text]


def compose_response(
    request: dict[str, Any],
    model: Model,
    target: ModelTarget,
    account: Account,
    said: list[Any],
    *,
    prompt: str | None = None,
) -> dict[str, Any]:
    """The body for `target`; arguments as `prompt.compose`, `said` being items."""
    system = model.system_prompt if prompt is None else prompt
    body = {**request, "model": model_field(account, target), "instructions": system, "input": said}
    _set_tools(body, model)
    if model.temperature is not None:
        body["temperature"] = model.temperature
    if model.max_tokens is not None:
        body["max_output_tokens"] = model.max_tokens
    if model.reasoning_effort is not None:
        body["reasoning"] = {**(body.get("reasoning") or {}), "effort": model.reasoning_effort}
    return body


def without_instructions(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`listed` without the agent's own instructions, which would survive a rescue."""
    return [item for item in listed if item.get("role") not in _INSTRUCTIONS]


class ResponsesReading:
    """Reads a streamed response, which passes from its first output on; see `reading.Reading` for the attributes."""

    def __init__(self) -> None:
        self.completion = Completion()
        self.speakable = self.complete = self.ended = self.calls_passed = False
        self.error: ValueError | None = None
        self._decoder = SseDecoder()
        self._held: list[bytes] = []
        self._calls = False
        self._taken = ""

    @property
    def useful(self) -> bool:
        """Whether anything came that an agent can act on."""
        return self.speakable

    def feed(self, data: bytes) -> None:
        """Take in bytes; what is wrong with them is in `error`."""
        try:
            for event in self._decoder.decode(data):
                self._held.append(event.raw)
                if event.data is not None:
                    self._event(_parsed(event.data))
        except (Malformed, EventTooLong) as error:
            self.error = error

    def finish(self) -> None:
        """There are no more bytes."""
        if self.error is None and not self.complete:
            self.error = EmptyAnswer("the answer is empty") if self.ended else NoAnswer("the stream ended early")

    def take(self, frame: dict[str, Any] | None = None) -> tuple[bytes, str]:  # noqa: ARG002 - answers keep their own
        """What may be passed on and was not taken yet, and the text in it."""
        if not self.speakable:
            return b"", ""
        held, self._held = b"".join(self._held), []
        text = self.completion.text
        new, self._taken = text[len(self._taken) :], text
        self.calls_passed = self._calls
        return held, new

    def _event(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind in _TEXT:
            self.completion.add_text(str(event.get("delta") or ""))
            self.speakable = True
        elif kind == _CALL:
            self._calls = self.speakable = True
        elif kind in _FAILS:
            raise Malformed("the provider reported an error in the stream")
        elif kind in _ENDS:
            _note(self.completion, event.get("response") or {}, text=False)
            self.ended = True
            self.complete = self.speakable = self.speakable or self.completion.tool_calls > 0


def take_whole(completion: Completion, body: bytes) -> None:
    """Take in a response that was not streamed.

    Raises:
        Malformed: it is none.
    """
    response = _parsed(body)
    if not isinstance(response.get("output"), list):
        raise Malformed("a response without output")
    _note(completion, response, text=True)


def broken_off(sequence: int = 0) -> bytes:
    """The event that says a stream broke: the protocol has no proper end for half an answer."""
    event = {"type": "error", "code": "stream_broken", "message": "the provider broke off", "param": None}
    return b"event: error\ndata: " + orjson.dumps({**event, "sequence_number": sequence}) + b"\n\n"


def _note(completion: Completion, response: dict[str, Any], *, text: bool) -> None:
    """Take over what the whole response says: usage, model, calls, and its text unless that was streamed."""
    usage = response.get("usage") or {}
    completion.usage = {"prompt_tokens": usage.get("input_tokens"), "completion_tokens": usage.get("output_tokens")}
    completion.frame = {"id": response.get("id"), "model": response.get("model")}
    for index, item in enumerate(response.get("output") or ()):
        if item.get("type") == "function_call":
            completion.add_call(index, item)
        elif text and item.get("type") == "message":
            completion.add_text(_text_of(item.get("content")))


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(str(part.get("text") or part.get("refusal") or "") for part in parts if isinstance(part, dict))


def _set_tools(body: dict[str, Any], model: Model) -> None:
    names = {tool.name for tool in model.tools}
    theirs = [tool for tool in body.get("tools") or () if tool.get("name") not in names]
    body["tools"] = [*map(_flat, model.tools), *theirs]
    if not body["tools"]:
        for field in ("tools", "tool_choice", "parallel_tool_calls"):
            body.pop(field, None)


def _flat(tool: Tool) -> dict[str, Any]:
    """`tool` as this API takes it; unlike in chat completions, strict is the default."""
    return {"type": "function", **function(tool)["function"], "strict": False}


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed("the answer holds something that is not JSON") from error
    if not isinstance(document, dict):
        raise Malformed("the answer holds something that is no object")
    return document
