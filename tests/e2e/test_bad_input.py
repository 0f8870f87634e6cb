"""What is wrong in a manifest is refused when applied, or said in a condition while the last good revision serves."""

import json
from typing import Any

import pytest

from tests.api.manifests import edit
from tests.demo import shell
from tests.e2e import night_desk
from tests.e2e.calls import place

pytestmark = pytest.mark.usefixtures("night")

PROGRESS_S = 60

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown provider", {"spec.accounts[0].provider": "acme"}, 'Unsupported value: "acme"'),
    ("a string where a voice object belongs", {"spec.voice": "shimmer"}, "must be of type object"),
    (
        "a string among the fallback voices",
        {"spec.voice.fallbackPlan": {"voices": ["shimmer"]}},
        "must be of type object",
    ),
    (
        "a weight that goes down",
        {"spec.rollout.steps": [{"setWeight": 50}, {"setWeight": 25}]},
        "weights never go down",
    ),
    ("a budget of 0", {"spec.turnBudget": "0ms"}, "spec.turnBudget: Invalid value"),
    (
        "an account that does not exist",
        {"spec.voice.account": "nobody"},
        "spec.accounts has no account nobody with provider openai",
    ),
    ("a field that does not exist", {"spec.model.nam": "maitre"}, "unknown field"),
    ("a field whose behaviour is not built", {"spec.capacity.dailyCallCap": 5000}, "not built yet"),
]


@pytest.mark.parametrize(("changes", "words"), [(case[1], case[2]) for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_one_object_can_tell_is_refused_when_it_is_applied(changes: dict[str, Any], words: str) -> None:
    """And nothing of it reaches the assistant that is there."""
    before = night_desk.get()
    bad = edit(night_desk.manifest(), changes)
    with pytest.raises(shell.CommandFailed, match=words):
        shell.kubectl("apply", "-f", "-", stdin=json.dumps(bad))
    after = night_desk.get()
    assert (after["metadata"]["generation"], after["spec"]) == (before["metadata"]["generation"], before["spec"])


def condition(va: dict[str, Any], kind: str) -> dict[str, Any]:
    found = [each for each in va.get("status", {}).get("conditions", []) if each["type"] == kind]
    return found[0] if found else {}


def test_a_fallback_plan_that_does_not_exist_is_said_and_changes_nothing() -> None:
    before = night_desk.get()["status"]["stableRevision"]
    with night_desk.watched() as watch:
        night_desk.patch({"fallbackPlanRef": {"name": "nowhere"}, "model": {"name": "maitre-2"}})
        va = watch.until(lambda va: condition(va, "PlanValid").get("status") == "False", PROGRESS_S, "PlanValid=False")
        assert "nowhere" in condition(va, "PlanValid")["message"]
        assert condition(va, "PlanValid")["reason"]
        assert condition(va, "Ready")["status"] == "True"
        assert (va["status"]["stableRevision"], va["status"]["canaryRevision"]) == (before, "")
        assert place(night_desk.twiml())["ended"] == "completed"
        night_desk.apply()
        watch.until(lambda va: condition(va, "PlanValid").get("status") == "True", PROGRESS_S, "PlanValid=True")


def test_a_missing_secret_is_said_and_no_caller_meets_it() -> None:
    """The revision that needs it waits; the last good one serves, also while proxies are replaced for the new mount."""
    before = night_desk.get()["status"]["stableRevision"]
    accounts = night_desk.manifest()["spec"]["accounts"]
    accounts[0]["credentialsRef"] = {"name": "nowhere"}
    with night_desk.watched() as watch:
        night_desk.patch({"accounts": accounts, "model": {"name": "maitre-2"}})
        va = watch.until(
            lambda va: condition(va, "Degraded").get("reason") == "MissingSecret", PROGRESS_S, "Degraded: MissingSecret"
        )
        assert condition(va, "Degraded")["status"] == "True"
        assert "nowhere" in condition(va, "Degraded")["message"]
        assert condition(va, "Ready")["status"] == "True"
        reports = [place(night_desk.twiml(), seed=seed) for seed in (1, 2, 3)]
        assert [report["ended"] for report in reports] == ["completed"] * 3
        assert night_desk.get()["status"]["stableRevision"] == before
        used = {each["revision"] for each in night_desk.observations() if each["callId"] in _ids(reports)}
        assert used == {before}
        night_desk.apply()
        watch.until(lambda va: condition(va, "Degraded").get("status") == "False", PROGRESS_S, "Degraded=False")


def _ids(reports: list[dict[str, Any]]) -> set[str]:
    return {report["callId"] for report in reports}
