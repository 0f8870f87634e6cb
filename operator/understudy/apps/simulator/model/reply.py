"""Messages in, the assistant's next message out."""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.apps.simulator.model import judging, wording
from understudy.apps.simulator.model.conversation import Act, Talk, follow
from understudy.apps.simulator.model.understanding import as_number
from understudy.apps.simulator.script import Continues, ModelSettings, Persona
from understudy.domain.routing.prompt import CONTINUE

OVERLAP_WORDS = 2
"""Words that a model says once more when it goes on sloppily."""

POOR_EMPTY = 0.3
"""Share of a poor model's answers that are empty; enough to be noticed within one call."""
POOR_REPEATS = 0.3
"""Share that say once more what was said before."""
POOR_REPROMPTS = 0.3
"""Share that ask the caller to repeat; the rest, one in ten, are good."""

_BOOKING_TOOL = re.compile(r"book|reserv", re.IGNORECASE)
_PARAMETERS = {
    "name": re.compile(r"name", re.IGNORECASE),  # before people: there is `guestName`
    "people": re.compile(r"people|party|guest|size|seat|person", re.IGNORECASE),
    "day": re.compile(r"day|date", re.IGNORECASE),
    "time": re.compile(r"time|hour", re.IGNORECASE),
}

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says, or the tool it calls with JSON `arguments`."""

    text: str = ""
    tool: str | None = None
    arguments: str = ""


def answer(
    messages: Sequence[Message], tools: Sequence[Message], settings: ModelSettings, draw: random.Random
) -> Reply:
    """What the model sends: its reply, or the rest of one that broke off.

    It is asked for the rest by a dialogue that ends with the assistant's own message, or with the user's `CONTINUE`
    after that. The rest of another model's words is not known: then the whole reply is sent, as models do.
    """
    before, begun = _begun(messages)
    whole = Reply(settings.answer) if settings.answer else reply(before, tools, settings.persona, draw)
    if begun is None or whole.tool or not whole.text.startswith(begun):
        return whole
    return Reply(_rest(whole.text, begun, settings.continues))


def _begun(messages: Sequence[Message]) -> tuple[Sequence[Message], str | None]:
    """The dialogue without an answer to go on with, and that answer's beginning; None when there is none."""
    end = len(messages)
    if end and messages[-1].get("role") == "user" and _text(messages[-1]) == CONTINUE:
        end -= 1
    last = messages[end - 1] if end else {}
    if last.get("role") != "assistant" or last.get("tool_calls"):
        return messages, None
    return messages[: end - 1], _text(last).rstrip()


def _rest(text: str, begun: str, continues: Continues) -> str:
    if continues is Continues.ANEW:
        return text
    if continues is Continues.OVERLAPPING:
        again = begun.split()[-OVERLAP_WORDS:]
        return " ".join(again) + text[len(begun) :]
    return text[len(begun) :]


def reply(messages: Sequence[Message], tools: Sequence[Message], persona: Persona, draw: random.Random) -> Reply:
    """The next message of the assistant; `draw` decides when a poor model fails."""
    said = [_text(message) for message in messages if message.get("role") == "user"]
    if persona is Persona.JUDGE:
        return Reply(judging.verdict(said[-1] if said else ""))
    if not said:
        return Reply(wording.words(Talk(), persona))
    if persona is Persona.POOR and (failure := _poor(messages, draw)) is not None:
        return Reply(failure)
    if messages[-1].get("role") == "tool":
        return Reply(_after_tool(_text(messages[-1]), persona))
    talk = follow(said)
    tool = _booking_tool(tools) if Act.BOOK in talk.acts else None
    if tool is None:
        return Reply(wording.words(talk, persona))
    return Reply(tool=str(tool["name"]), arguments=_arguments(tool, follow(said[:-1])))


def _text(message: Message) -> str:
    """A message's content: a string, or the text of its parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content)


def _poor(messages: Sequence[Message], draw: random.Random) -> str | None:
    """An answer that is none, or None when this time the model does well."""
    luck = draw.random()
    if luck < POOR_EMPTY:
        return ""
    if luck < POOR_EMPTY + POOR_REPEATS:
        spoken = [_text(message) for message in messages if message.get("role") == "assistant"]
        return next((text for text in reversed(spoken) if text.strip()), wording.words(Talk(), Persona.POOR))
    return wording.REPROMPT if luck < POOR_EMPTY + POOR_REPEATS + POOR_REPROMPTS else None


def _after_tool(result: str, persona: Persona) -> str:
    if "error" in result.lower():
        return wording.NOT_BOOKED
    return wording.words(Talk(acts=(Act.BOOK,)), persona)


def _booking_tool(tools: Sequence[Message]) -> Message | None:
    functions = [tool.get("function") or {} for tool in tools]
    return next((f for f in functions if _BOOKING_TOOL.search(str(f.get("name", "")))), None)


def _arguments(function: Message, talk: Talk) -> str:
    """The tool's parameters that we know, by their names."""
    properties: Mapping[str, Any] = (function.get("parameters") or {}).get("properties") or {}
    filled: dict[str, Any] = {}
    for parameter, schema in properties.items():
        slot = next((slot for slot, pattern in _PARAMETERS.items() if pattern.search(parameter)), None)
        value = getattr(talk, slot) if slot else None
        if value is not None:
            numeric = isinstance(schema, dict) and schema.get("type") in ("integer", "number")
            filled[parameter] = as_number(value) if slot == "people" and numeric else value
    return json.dumps(filled)
