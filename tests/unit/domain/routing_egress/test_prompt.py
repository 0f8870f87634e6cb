"""The revision speaks to the model; the agent brings the dialogue."""

from typing import Any

import pytest

from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Tool
from understudy.domain.routing.prompt import CONTINUE, compose, continued, dialogue

TARGET = ModelTarget(name="t", account="a", model="m")


def composed(request: dict[str, Any], *, default_host: bool = True, **model: Any) -> dict[str, Any]:
    account = Account(name="a", provider="openai", base_url="https://host/v1", default_host=default_host)
    return compose(request, Model(targets=(TARGET,), system_prompt="P", **model), TARGET, account, [])


def test_instructions_of_the_agent_are_dropped() -> None:
    roles = ("system", "user", "developer", "assistant", "tool")
    assert [m["role"] for m in dialogue([{"role": role} for role in roles])] == ["user", "assistant", "tool"]


@pytest.mark.parametrize(("default_host", "name"), [(True, "max_completion_tokens"), (False, "max_tokens")])
def test_limit_has_the_name_that_the_provider_knows(*, default_host: bool, name: str) -> None:
    body = composed({"max_tokens": 1, "max_completion_tokens": 2}, default_host=default_host, max_tokens=50)
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 50}


def test_what_the_revision_leaves_open_is_the_agents() -> None:
    body = composed({"temperature": 0.9, "max_tokens": 7, "n": 2})
    assert (body["temperature"], body["max_tokens"], body["n"]) == (0.9, 7, 2)


def test_no_tools_no_choice_of_tools() -> None:
    """A choice without tools is an error at OpenAI."""
    body = composed({"tools": [], "tool_choice": "auto", "parallel_tool_calls": True})
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()


def test_tool_without_parameters_takes_none() -> None:
    body = composed({}, tools=(Tool(name="look"),))
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}


def test_another_model_is_asked_to_go_on() -> None:
    """The last message is a user's, which every server takes; what was said stands before it as the assistant's."""
    said = [{"role": "user", "content": "hi"}]
    told = continued(said, "Sure,")
    assert told == [*said, {"role": "assistant", "content": "Sure,"}, {"role": "user", "content": CONTINUE}]
    assert said == [{"role": "user", "content": "hi"}]


def test_prompt_and_effort() -> None:
    assert composed({"reasoning_effort": "low"})["reasoning_effort"] == "low"
    assert composed({"reasoning_effort": "low"}, reasoning_effort="high")["reasoning_effort"] == "high"
    account = Account(name="a", provider="openai", base_url="https://host/v1")
    body = compose({}, Model(targets=(TARGET,), system_prompt="P"), TARGET, account, [], prompt="Short.")
    assert body["messages"] == [{"role": "system", "content": "Short."}]
