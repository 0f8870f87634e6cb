"""What differs between two revisions."""

from typing import Any

import pytest

from tests.unit.apps.cli.snapshots import PROMPT, content, snapshot
from understudy.apps.cli.changes import HIDDEN, Change, changes
from understudy.domain.revision.snapshot import Snapshot


def changed(**parts: Any) -> tuple[Change, ...]:
    """From the usual snapshot to one with other parts; a part that is a dict is merged into the usual one."""
    usual = content()
    merged = {key: {**usual[key], **value} if isinstance(value, dict) else value for key, value in parts.items()}
    return changes(snapshot(), snapshot(**merged))


def main(**more: Any) -> dict[str, Any]:
    return {"name": "main", "account": "openai", "model": "m-1", **more}


VOICE = {"account": "openai", "provider": "openai", "voiceId": "alloy"}
OTHER_KEY = {"openai": {**content()["accounts"]["openai"], "secret": "other"}}
SPARE = {"name": "spare", "account": "openai", "model": "m-1"}


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ({}, []),
        ({"model": {"targets": [main(model="m-2"), SPARE]}}, ["targets[main].model m-1 → m-2"]),
        ({"model": {"targets": [SPARE, main()]}}, ["targets (order) main, spare → spare, main"]),
        ({"model": {"targets": [main()]}}, ["targets[spare] removed"]),
        ({"model": {"targets": [main(), SPARE, main(name="new")]}}, ["targets[new] added"]),
        ({"model": {"temperature": 0.4}}, ["temperature added"]),
        ({"voices": [VOICE]}, ["voices[openai].voiceId shimmer → alloy"]),
        ({"turnBudgetMs": 1000}, ["turnBudgetMs 1200 → 1000"]),
        ({"accounts": OTHER_KEY}, ["accounts[openai].secret key → other"]),
        ({"agent": {"image": "agent:2"}}, ["agent.image agent:1 → agent:2"]),
    ],
    ids=["nothing", "model", "order", "removed", "added", "set", "voice", "number", "secret's name", "image"],
)  # fmt: skip
def test_each_field_is_named_and_shown(parts: dict[str, Any], shown: list[str]) -> None:
    assert [each.short() for each in changed(**parts)] == shown


def test_a_prompt_is_a_unified_diff_of_its_lines() -> None:
    (found,) = changed(model={"systemPrompt": PROMPT.replace("Be kind.", "Be quick.\nBe kind.")})
    assert found.path == "model.systemPrompt"
    assert found.lines == ("@@ -1,3 +1,4 @@", " You answer the phone.", "+Be quick.", " Be kind.", " Keep it short.")
    assert found.short() == "systemPrompt (+1 -0 lines)"


def test_a_tools_schema_is_shown_where_it_changed() -> None:
    (found,) = changed(
        model={"tools": [{"name": "book", "description": "Books a table", "parameters": {"type": "object"}}]}
    )
    assert found.path == "model.tools[book].parameters.type"
    assert found.after == "object"


@pytest.mark.parametrize(
    "parts",
    [
        {"agent": {"template": {"env": [{"name": "TOKEN", "value": "0ther"}]}}},
        {"agent": {"template": {"env": []}}},
        {"webhook": {"url": "https://hooks.example/call?key=0ther"}},
        {"webhook": {"url": "https://user:0ther@hooks.example/call?key=s3cret"}},
    ],
    ids=["environment", "environment gone", "query of a URL", "user of a URL"],
)
def test_what_may_be_a_secret_is_compared_and_not_shown(parts: dict[str, Any]) -> None:
    found = changed(**parts)
    assert found
    text = repr(found) + "".join(each.short() for each in found)
    assert "s3cret" not in text
    assert "0ther" not in text
    assert HIDDEN in text


def test_a_revision_of_an_older_release_differs_in_what_it_says_and_not_in_new_defaults() -> None:
    stored = content()
    del stored["model"]["pool"]
    stored["model"]["targets"] = [main()]
    assert changes(Snapshot.model_validate(stored), snapshot(model={**content()["model"], "targets": [main()]})) == ()
