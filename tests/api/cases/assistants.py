"""The rest of a VoiceAssistant."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, accepted, refused
from tests.api.manifests import GONE

HOOK = {"url": "https://example.com/hook"}

DURATIONS = (
    ("spec.turnBudget", ("200ms", "1200ms", "1s200ms", "10s"), ("0s", "0", "0ms", "199ms", "11s", "1.2s", "soon")),
    ("spec.server.timeout", ("100ms", "5s", "60s", "1m"), ("0s", "99ms", "61s", "5")),
    ("spec.capacity.maxCallDuration", ("1m", "30m", "1h30m", "4h"), ("59s", "5h", "forever")),
    ("spec.agent.endOfTurn.silence", ("100ms", "1200ms", "5s"), ("0s", "6s", "-1s")),
)

NOT_BUILT = (
    ("spec.capacity.maxConcurrentCalls", 50, "limit calls at the carrier"),
    ("spec.capacity.dailyCallCap", 5000, "set the cap at the carrier"),
    ("spec.capacity.alertAtPercent", 80, "alert on the proxies' metrics"),
    ("spec.agent.replicas.max", 10, "set min to what the peak needs"),
)


def cases() -> Iterator[Case]:
    """Field by field."""
    yield accepted("the small assistant", {})
    yield from _durations()
    yield from _not_built()
    yield from _prompts()
    yield from _tools()
    yield from _pods()
    yield from _types()


def _durations() -> Iterator[Case]:
    for path, good, bad in DURATIONS:
        around = {"spec.server": HOOK} if "server" in path else {}
        for text in good:
            yield accepted(f"{path} {text}", {**around, path: text})
        for text in bad:
            yield refused(f"{path} {text}", {**around, path: text}, (path, "write a duration from "))
    yield refused("a budget of the number 0", {"spec.turnBudget": 0}, ("spec.turnBudget", "must be of type string"))


def _not_built() -> Iterator[Case]:
    for path, value, instead in NOT_BUILT:
        yield refused(f"{path} is not built", {path: value}, (path, f"{path} is not built yet; {instead}"))


def _prompts() -> Iterator[Case]:
    reference = {"configMapKeyRef": {"name": "prompts", "key": "front-desk"}}
    one = ("spec.model.systemPrompt", "write exactly one of systemPrompt and systemPromptFrom")
    yield accepted("prompt from a ConfigMap", {"spec.model": {"name": "m", "systemPromptFrom": reference}})
    yield refused("two prompts", {"spec.model.systemPromptFrom": reference}, one)
    yield refused("no prompt", {"spec.model.systemPrompt": GONE}, one)
    for value in (0, 2):
        yield accepted(f"temperature {value}", {"spec.model.temperature": value})
    yield refused("hot", {"spec.model.temperature": 2.1}, ("spec.model.temperature", "less than or equal to 2"))
    yield refused("cold", {"spec.model.temperature": -1}, ("spec.model.temperature", "greater than or equal to 0"))
    yield refused("no tokens", {"spec.model.maxTokens": 0}, ("spec.model.maxTokens", "greater than or equal to 1"))


def _tools() -> Iterator[Case]:
    tool: dict[str, Any] = {"name": "book_table", "parameters": {"type": "object", "properties": {"day": {}}}}
    yield accepted("a tool", {"spec.model.tools": [tool], "spec.server": HOOK})
    yield accepted("no tools", {"spec.model.tools": []})
    yield refused(
        "tool without webhook",
        {"spec.model.tools": [tool]},
        (
            "spec.server",
            "tools are carried out by a webhook: give spec.server.url",
        ),
    )
    yield refused(
        "tool's name",
        {"spec.model.tools": [{"name": "book table"}], "spec.server": HOOK},
        ("spec.model.tools[0].name", "a tool's name has letters, digits, '_' and '-' only"),
    )
    yield refused(
        "two tools of a name",
        {"spec.model.tools": [tool, tool], "spec.server": HOOK},
        ("spec.model.tools[1]", "Duplicate value"),
    )
    for url in ("example.com", "wss://example.com", "https://user@example.com", "https:///path"):
        told = ("spec.server.url", "write an absolute http:// or https:// URL")
        yield refused(f"webhook at {url}", {"spec.server.url": url}, told)


def _pods() -> Iterator[Case]:
    template = {
        "resources": {"requests": {"cpu": 1, "memory": "1Gi"}},
        "tolerations": [{"key": "voice", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {"anything": [{"goes": True}]}},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"zone": "a"},
        "priorityClassName": "high",
    }
    env = [{"name": "LOG_LEVEL", "value": "info"}]
    yield accepted("templates", {"spec.agent.template": {**template, "env": env}, "spec.proxy.template": template})
    yield refused(
        "variables for the proxy",
        {"spec.proxy.template.env": env},
        (
            "",
            'unknown field "spec.proxy.template.env"',
        ),
    )
    yield refused(
        "variable from a Secret",
        {"spec.agent.template.env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}]},
        ("", 'unknown field "spec.agent.template.env[0].valueFrom"'),
    )
    yield refused(
        "no agents",
        {"spec.agent.replicas.min": 0},
        (
            "spec.agent.replicas.min",
            "greater than or equal to 1",
        ),
    )
    yield refused("no proxies", {"spec.proxy.replicas": 0}, ("spec.proxy.replicas", "greater than or equal to 1"))
    for strategy in ("SmartTurn", "Silence"):
        yield accepted(f"end of turn {strategy}", {"spec.agent.endOfTurn.strategy": strategy})
    yield refused(
        "end of turn",
        {"spec.agent.endOfTurn.strategy": "Guess"},
        (
            "spec.agent.endOfTurn.strategy",
            "Unsupported value",
        ),
    )
    for calls, complaint in ((0, "greater than or equal to 1"), (51, "less than or equal to 50")):
        path = "spec.capacity.callsPerAgent"
        yield refused(f"{calls} calls an agent", {path: calls}, (path, complaint))


def _types() -> Iterator[Case]:
    for field in ("accounts", "model", "transcriber", "voice"):
        path = f"spec.{field}"
        yield refused(f"no {field}", {path: GONE}, (path, "Required value"))
    yield refused(
        "a plan that is a string",
        {"spec.fallbackPlanRef": "house-rules"},
        (
            "spec.fallbackPlanRef",
            "must be of type object",
        ),
    )
    yield accepted("a plan", {"spec.fallbackPlanRef": {"name": "house-rules"}})
    yield refused("unknown field", {"spec.voise": {}}, ("", 'unknown field "spec.voise"'))
