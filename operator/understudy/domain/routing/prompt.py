"""What a model is sent in place of the agent's request: the revision's prompt, tools and limits, the agent's dialogue.

The prompt belongs to the revision, so the agent's own `system` and `developer` messages are dropped: kept, they would
survive a rescue and speak for the revision that was rolled back. Tools of the agent that the revision does not name are
kept after the revision's: they are what the agent image can do by itself, such as hanging up.
"""

from typing import Any

from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Tool
from understudy.domain.routing.providers import model_field, takes_completion_tokens

_INSTRUCTIONS = ("system", "developer")


def dialogue(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`messages` without instructions: what was said, and what tools answered."""
    return [message for message in messages if message.get("role") not in _INSTRUCTIONS]


CONTINUE = (
    "[The connection broke while your last message was being spoken. Say the rest of it: go on with the very next"
    " word, as if nothing had happened. Do not repeat anything, do not start again, do not mention the interruption.]"
)
"""Last message of a request to go on with another model's answer, whose beginning is the assistant message before it.

A user's message, because that is what every server takes at the end: Gemini and newer Claude models refuse a dialogue
that ends with the assistant, Qwen's and Mistral's templates one with a system message anywhere but first. The system
prompt stays as it is, so that it may be cached.
"""


def continued(said: list[dict[str, Any]], beginning: str) -> list[dict[str, Any]]:
    """The dialogue to send so that another model goes on after `beginning`, which the caller is hearing."""
    return [*said, {"role": "assistant", "content": beginning}, {"role": "user", "content": CONTINUE}]


def compose(
    request: dict[str, Any],
    model: Model,
    target: ModelTarget,
    account: Account,
    said: list[dict[str, Any]],
    *,
    prompt: str | None = None,
) -> dict[str, Any]:
    """The body for `target`.

    Args:
        request: the agent's body; fields we do not name pass through (`stream`, `stream_options`, `n`, …).
        model: the revision's.
        target: where it goes.
        account: the target's account.
        said: the dialogue to send.
        prompt: system prompt in place of the revision's.
    """
    system = model.system_prompt if prompt is None else prompt
    body = {
        **request,
        "model": model_field(account, target),
        "messages": [{"role": "system", "content": system}, *said],
    }
    _set_tools(body, model)
    if model.temperature is not None:
        body["temperature"] = model.temperature
    if model.reasoning_effort is not None:
        body["reasoning_effort"] = model.reasoning_effort
    if model.max_tokens is not None:
        body.pop("max_tokens", None)
        body.pop("max_completion_tokens", None)
        body["max_completion_tokens" if takes_completion_tokens(account) else "max_tokens"] = model.max_tokens
    return body


def _set_tools(body: dict[str, Any], model: Model) -> None:
    ours = [function(tool) for tool in model.tools]
    names = {tool.name for tool in model.tools}
    theirs = [tool for tool in body.get("tools") or () if tool.get("function", {}).get("name") not in names]
    body["tools"] = [*ours, *theirs]
    if not body["tools"]:
        for field in ("tools", "tool_choice", "parallel_tool_calls"):
            body.pop(field, None)


def function(tool: Tool) -> dict[str, Any]:
    """`tool` as chat completions take it."""
    parameters = tool.parameters or {"type": "object", "properties": {}}
    described = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": described}
