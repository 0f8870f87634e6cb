"""How a model's requests are spread, and how milliseconds are spent."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, accepted, refused

ROUTING, SLACK = "spec.model.routing", "spec.model.slack"

POOL = {"spec.model.deployments": [{"name": "one", "account": "openai"}, {"name": "two", "account": "openai"}]}

FINE: tuple[tuple[str, Any], ...] = (
    (ROUTING, {}),
    (f"{ROUTING}.explorePercent", 0),
    (f"{ROUTING}.explorePercent", 2.5),
    (f"{ROUTING}.explorePercent", 50),
    (f"{ROUTING}.hedge", True),
    (f"{ROUTING}.hold", "FirstClause"),
    (f"{ROUTING}.hold", "FirstByte"),
    *(("spec.model.reasoningEffort", effort) for effort in ("none", "minimal", "low", "medium", "high", "xhigh")),
    (f"{SLACK}.betterDeployment", "two"),
    (f"{SLACK}.betterVoiceModel", "tts-1-hd"),
    (f"{SLACK}.filler", "One moment."),
    (SLACK, {"filler": "One moment.", "betterVoiceModel": "tts-1-hd", "earlyBy": "500ms"}),
)

BAD: tuple[tuple[str, Any, str], ...] = (
    (f"{ROUTING}.explorePercent", -1, "greater than or equal to 0"),
    (f"{ROUTING}.explorePercent", 51, "less than or equal to 50"),
    (f"{ROUTING}.hedge", "always", "must be of type boolean"),
    (f"{ROUTING}.hold", "Never", "Unsupported value"),
    ("spec.model.reasoningEffort", "extreme", "Unsupported value"),
    (f"{SLACK}.betterDeployment", "three", "betterDeployment is not one of model.deployments; add it there"),
    (f"{SLACK}.betterDeployment", "Not A Name", "a name has lower-case letters"),
    (f"{SLACK}.filler", "", "should be at least 1 chars long"),
)


def cases() -> Iterator[Case]:
    """Field by field."""
    for path, value in FINE:
        yield accepted(f"{path} {value}", {**POOL, path: value})
    for path, value, complaint in BAD:
        yield refused(f"{path} {value}", {**POOL, path: value}, (path, complaint))
    nothing = "say what to do: give betterDeployment, betterVoiceModel or filler"
    yield refused("slack for nothing", {SLACK: {}}, (SLACK, nothing))
    lonely = (f"{SLACK}.betterDeployment", "betterDeployment is not one of model.deployments")
    yield refused("a better one of none", {f"{SLACK}.betterDeployment": "two"}, lonely)
    for text in ("50ms", "5s"):
        yield accepted(f"early by {text}", {SLACK: {"betterVoiceModel": "hd", "earlyBy": text}})
    for text in ("0s", "49ms", "6s", "soon"):
        told = (f"{SLACK}.earlyBy", "write a duration from 50ms to 5s")
        yield refused(f"early by {text}", {SLACK: {"betterVoiceModel": "hd", "earlyBy": text}}, told)
    extra = ("", 'unknown field "spec.model.routing.maxExtraPercent"')
    yield refused("the budget of retries in the wrong place", {f"{ROUTING}.maxExtraPercent": 10}, extra)
