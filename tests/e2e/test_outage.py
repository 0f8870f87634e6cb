"""Providers are out: the plan's take the call, on either arm; with no model left the caller is told, or the log is."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.demo import shell
from tests.demo.stage import DEMO
from tests.e2e import calls, drill, faults, night_desk
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.caller import Caller, CallReport, Dialogue, Ended, Line
from understudy.apps.simulator.caller.media import RATE
from understudy.apps.simulator.caller.resemblance import envelope, same

OUT_503 = {"kind": "status", "status": 503}
PRIMARY = ("openai", "deepgram")
"""Accounts of the demo: the first is the model's and the voice's, the second the transcriber's."""
SPARE = ("openai-spare", "deepgram-spare", "cartesia")
WAIT_S = 120
VOICE = ("en-us+f2", 170)
"""What the drill's voice speaks with: espeak-ng's name, and words a minute."""


def served(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Account → requests that it answered in between, other than by a fault."""

    def answered(counts: dict[str, Any]) -> int:
        return int(counts["requests"]) - sum(counts["faults"].values())

    return {name: answered(after[name]) - answered(before[name]) for name in (*PRIMARY, *SPARE)}


def record(call_id: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A call as a proxy recorded it."""
    return next(each for each in found if each["callId"] == call_id)


def place_in_outage(count: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """So many calls at a time while the primary accounts are out; their reports, and who served them."""
    before = faults.stats(DEMO)
    with faults.on(DEMO, PRIMARY, OUT_503), ExitStack() as running:
        begun = [running.enter_context(calls.begin(night_desk.twiml(), "tuesday", seed)) for seed in range(count)]
        reports = [calls.end(call) for call in begun]
    return reports, served(before, faults.stats(DEMO))


@pytest.mark.usefixtures("night")
def test_with_model_transcriber_and_voice_out_the_plans_complete_the_call() -> None:
    (report,), by = place_in_outage(1)
    assert (report["ended"], report["answered"]) == ("completed", report["turns"])
    assert {name: by[name] for name in PRIMARY} == dict.fromkeys(PRIMARY, 0)
    assert all(by[name] > 0 for name in SPARE), by
    seen = record(report["callId"], night_desk.observations())
    assert seen["end"] == "CallerHungUp"
    assert seen["failovers"] >= len(SPARE)


@pytest.fixture
def canary(night: None) -> Iterator[str]:
    """A revision with another model that almost every new call goes to; taken away again."""
    assert night is None
    with night_desk.watched() as watch:
        stable = watch.seen[-1][1]["status"]["stableRevision"]
        model = night_desk.get()["spec"]["model"]["name"]
        other = "maitre" if model == "maitre-2" else "maitre-2"
        night_desk.patch({"model": {"name": other}, "rollout": {"steps": [{"setWeight": 99}], "minCalls": 50}})
        va = watch.until(lambda va: va["status"]["rollout"].get("ackedWeight") == 99, WAIT_S, "weight 99")
        yield str(va["status"]["canaryRevision"])
        night_desk.patch({"model": {"name": model}})
        watch.until(lambda va: not va["status"]["canaryRevision"], WAIT_S, "no canary")
        assert watch.seen[-1][1]["status"]["stableRevision"] == stable


def test_a_call_on_the_canary_is_completed_too(canary: str) -> None:
    """The plan names the spare's own model, so it matters not which one the revision asks for."""
    reports, by = place_in_outage(2)
    assert [(each["ended"], each["answered"] == each["turns"]) for each in reports] == [("completed", True)] * 2
    assert by["openai"] == 0
    assert all(by[name] > 0 for name in SPARE), by
    found = night_desk.observations()
    assert canary in {record(each["callId"], found)["revision"] for each in reports}


@pytest.mark.usefixtures("night")
def test_with_every_model_out_and_nothing_to_say_the_call_ends_with_the_cause() -> None:
    with faults.on(DEMO, ("openai", "openai-spare"), OUT_503):
        report = calls.place(night_desk.twiml())
    assert report["dropped"]
    seen = record(report["callId"], night_desk.observations())
    assert (seen["end"], seen["cause"]) == ("Dropped", "ModelUnavailable")


def sentence() -> str:
    """What the drill's plan has the assistant say when no model answers."""
    plan = shell.get("fallbackplan", "drill-rules", drill.NAMESPACE)
    return str(plan["spec"]["graceful"]["askToRepeat"]["text"])


async def listen(text: str) -> CallReport:
    """A call of one question; what is heard is reported as `text` where it has its sound, and as nothing where not."""
    speech = Speech()
    wanted = envelope(await speech.speak(text, *VOICE, RATE))

    async def hear(sound: bytes) -> str:
        return text if same(envelope(sound), wanted) else ""

    caller = Caller(drill.twiml(), speech=speech, hear=hear)
    return await caller.place(Dialogue("question", (Line("what are your opening hours"),)))


@pytest.mark.usefixtures("drilled")
def test_with_every_model_out_the_caller_is_asked_to_repeat() -> None:
    """In the words of `graceful.askToRepeat`; they are not heard when the models answer."""
    model = shell.get("va", drill.NAME, drill.NAMESPACE)["spec"]["model"]
    pool = [each["account"] for each in model["deployments"]]
    well = asyncio.run(listen(sentence()))
    with faults.on(drill.NAMESPACE, pool, OUT_503):
        ill = asyncio.run(listen(sentence()))
    assert (well.ended, well.greeting_heard, well.turns[0].heard) == (Ended.COMPLETED, "", "")
    assert ill.greeting_heard == ill.turns[0].heard == sentence()
    assert record(ill.call_id, drill.observations())["end"] == "CallerHungUp"
