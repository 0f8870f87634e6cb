"""The main job: a call is answered; a slow and a worse model are taken back by themselves; a good one is promoted.

The acts are the demo's own, so that what the demo shows is what is asserted here.
"""

import json
import sys
import wave
from array import array
from datetime import datetime
from typing import Any

import pytest

from tests.demo import acts, callers, shell
from tests.demo.stage import ASSISTANT, NAMESPACE

STAGES = ("transcriberMs", "modelMs", "voiceMs")


def act(story: acts.Story, name: str) -> acts.Act:
    return next(each for each in story.acts if each.name == name)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def rollouts(played: acts.Act) -> list[dict[str, Any]]:
    """Every version of the rollout's state that kubectl showed, from the change on."""
    return [version["status"]["rollout"] for _, version in played.seen[1:]]


def events(reason: str) -> list[str]:
    chosen = f"involvedObject.name={ASSISTANT},reason={reason}"
    found = json.loads(shell.kubectl("-n", NAMESPACE, "get", "events", "--field-selector", chosen, "-o", "json"))
    return [each["message"] for each in found["items"]]


def condition(version: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in version["status"]["conditions"] if each["type"] == kind)
    return found


def test_the_first_call_is_completed_with_every_turn_answered(story: acts.Story) -> None:
    assert story.first_call["ended"] == "completed"
    assert len(story.first_call["turns"]) >= 5
    assert [turn["said"] for turn in story.first_call["turns"] if turn["latency_ms"] is None] == []


def test_the_latency_of_each_turn_is_split_over_its_stages(story: acts.Story) -> None:
    """Each was measured; together they account for the turn, give or take what overlaps because text is streamed."""
    answered = [turn for turn in story.first_turns if turn.get("answered", True)]
    assert len(answered) >= len(story.first_call["turns"]) - 1
    for turn in answered:
        stages = [turn[stage] for stage in STAGES]
        assert all(0 < stage < turn["totalMs"] for stage in stages), turn
        assert 0.5 * turn["totalMs"] < sum(stages) < 1.5 * turn["totalMs"], turn


def test_both_sides_of_the_first_call_were_recorded(story: acts.Story) -> None:
    assert story.first_call
    with wave.open(str(callers.OUT / "first-call.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)
        samples = array("h", recording.readframes(recording.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    caller, assistant = samples[0::2], samples[1::2]
    assert max(map(abs, caller)) > 1000
    assert max(map(abs, assistant)) > 1000


@pytest.mark.parametrize(
    ("name", "slo", "metric", "worse"),
    [("slow", "turn-latency", "Turn", "above"), ("worse", "quality", "Quality", "below")],
)
def test_a_bad_model_is_rolled_back_and_the_reason_is_kept(
    story: acts.Story, name: str, slo: str, metric: str, worse: str
) -> None:
    """With metric, value, threshold and samples, in status, Event and condition (P7)."""
    played = act(story, name)
    why = played.end["lastRollback"]
    assert (why["revision"], why["reason"], why["slo"]) == (played.revision, "SloFailed", slo)
    assert metric.lower() in why["metric"].lower()
    assert why["value"] > why["threshold"] if worse == "above" else why["value"] < why["threshold"]
    assert why["canaryCalls"] >= 5
    assert why["stableCalls"] >= 1
    assert any(played.revision in line and slo in line for line in events("RollingBack"))
    assert any(played.revision in line and slo in line for line in events("RolledBack"))
    assert condition(played.seen[-1][1], "Promoted") | {"status": "False", "reason": "RolledBack"} == condition(
        played.seen[-1][1], "Promoted"
    )
    assert slo in condition(played.seen[-1][1], "Promoted")["message"]


@pytest.mark.parametrize("name", ["slow", "worse"])
def test_after_a_rollback_stable_is_what_it_was_and_takes_everything(story: acts.Story, name: str) -> None:
    played = act(story, name)
    assert played.end["stable"]["name"] == played.stable
    assert "canary" not in played.end or played.end["canary"] is None
    assert (played.end.get("weight", 0), played.end.get("ackedWeight", 0)) == (0, 0)


def test_a_good_model_is_promoted(story: acts.Story) -> None:
    played = act(story, "good")
    assert played.end["stable"]["name"] == played.revision != played.stable
    promoted = condition(played.seen[-1][1], "Promoted")
    assert (promoted["status"], promoted["reason"]) == ("True", "Promoted")
    assert any(played.revision in line for line in events("Promoted"))


@pytest.mark.parametrize(("name", "weights"), [("slow", [50]), ("worse", [50]), ("good", [50, 75])])
def test_weight_steps_appear_and_are_acknowledged(story: acts.Story, name: str, weights: list[int]) -> None:
    seen = rollouts(act(story, name))
    wanted = [each.get("weight", 0) for each in seen]
    acknowledged = [each.get("ackedWeight", 0) for each in seen if each.get("weight") == each.get("ackedWeight")]
    for weight in weights:
        assert weight in wanted
        assert weight in acknowledged


def test_no_call_is_dropped(story: acts.Story) -> None:
    calls = [call for played in story.acts for call in played.calls]
    assert len(calls) >= 20
    assert [call for call in calls if call["dropped"]] == []


def test_every_call_has_one_revision_and_it_was_in_force_when_the_call_began(story: acts.Story) -> None:
    """The arm is chosen once per call (P4)."""
    calls = {(each["callId"], each["revision"]) for each in story.observations}
    assert len({call_id for call_id, _ in calls}) == len(calls)
    known = {played.stable for played in story.acts} | {played.revision for played in story.acts}
    assert {revision for _, revision in calls} == known


@pytest.mark.parametrize("name", ["slow", "worse"])
def test_after_the_acknowledgement_no_call_starts_on_the_canary(story: acts.Story, name: str) -> None:
    played = act(story, name)
    settled = next(line["at"] for line in reversed(played.end["history"]) if line["to"] == "RolledBack")
    started = [each["startedAt"] for each in story.observations if each["revision"] == played.revision]
    assert started
    assert max(started) <= seconds(settled)


def test_kubectl_get_shows_the_columns(story: acts.Story) -> None:
    assert story.acts
    header, row = shell.kubectl("-n", NAMESPACE, "get", "va", ASSISTANT).splitlines()
    assert header.split() == ["NAME", "READY", "PHASE", "STEP", "WEIGHT", "VERDICT", "STABLE", "CANARY", "AGE"]
    assert row.split()[:3] == [ASSISTANT, "True", "Stable"]
    assert act(story, "good").revision in row.split()


def test_kubectl_describe_tells_the_last_rollback(story: acts.Story) -> None:
    """The same numbers as in status, and the story as Events."""
    text = shell.kubectl("-n", NAMESPACE, "describe", "va", ASSISTANT)
    told = text.partition("Last Rollback:")[2]
    why = act(story, "worse").end["lastRollback"]
    for name, value in (("Slo", why["slo"]), ("Metric", why["metric"]), ("Canary Calls", str(why["canaryCalls"]))):
        line = next(line for line in told.splitlines() if line.strip().startswith(f"{name}:"))
        assert line.partition(":")[2].strip() == value
    for reason in ("RolloutStarted", "CanaryStarted", "WeightAcknowledged", "RollingBack", "RolledBack", "Promoted"):
        assert reason in text.partition("Events:")[2]
