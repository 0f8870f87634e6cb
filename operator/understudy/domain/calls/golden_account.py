"""What the assistant does in a golden call: what it says and which tools it calls, as its model's answers tell."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from understudy.domain.naming import END_CALL_TOOL

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GoldenAnswer:
    """One answer of the model. A turn has several when it calls tools."""

    text: str
    tools: tuple[str, ...]


class GoldenAccount:
    """The account of one golden call.

    Args:
        tools: what each tool answers.

    Attributes:
        answers: all so far, in order.
        unfinished: whether another is under way: the model was asked, or has called a tool and will be told the result.
    """

    def __init__(self, tools: Mapping[str, Any]) -> None:
        self.answers: list[GoldenAnswer] = []
        self.unfinished = False
        self._tools = tools

    def asked(self, dialogue: Sequence[Message]) -> None:
        """The agent asks the model; `dialogue` is how it tells the call so far."""
        self.unfinished = True
        if self.answers:
            self.answers[-1] = _as_heard(self.answers[-1], dialogue)

    def answered(self, message: Message) -> None:
        """The model's answer, complete."""
        tools = tuple(str(call["function"]["name"]) for call in message.get("tool_calls") or ())
        self.answers.append(GoldenAnswer(_text(message), tools))
        self.unfinished = any(name != END_CALL_TOOL for name in tools)

    def result_of(self, tool: str) -> bytes:
        """What `tool` answers, as JSON."""
        return json.dumps(self._tools.get(tool, {})).encode()


def _as_heard(answer: GoldenAnswer, dialogue: Sequence[Message]) -> GoldenAnswer:
    """`answer` cut down to what the agent says was heard of it, where it was talked over."""
    spoken = next((each for each in reversed(dialogue) if each.get("role") == "assistant" and _text(each)), None)
    heard, whole = _text(spoken).split() if spoken else [], answer.text.split()
    if not heard or len(heard) >= len(whole) or whole[: len(heard)] != heard:
        return answer
    return replace(answer, text=" ".join(heard))


def _text(message: Message) -> str:
    """A message's content: a string, or the text of its parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
