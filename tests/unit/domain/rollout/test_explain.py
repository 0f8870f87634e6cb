"""What is told about a rollout agrees with what the rules do."""

import itertools

import pytest

from tests.unit.apps.cli.scenes import BOTH, NOW, SCENES, scene, under_way
from understudy.api.status import Phase
from understudy.domain.rollout import facts
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.explain import BLOCKING, explain
from understudy.domain.rollout.waiting import Case, awaited, deadline, in_words, left


@pytest.mark.parametrize("name", SCENES)
def test_every_state_says_why_and_what_would_move_it(name: str) -> None:
    told = explain(SCENES[name].case)
    assert told.why
    assert told.moves
    for sentence in (*told.why, *told.moves):
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert ".." not in sentence


@pytest.mark.parametrize("name", [name for name, state in SCENES.items() if state.canary])
def test_a_rollout_under_way_can_be_ended_by_hand(name: str) -> None:
    assert any("kubectl understudy abort front-desk" in each for each in explain(SCENES[name].case).moves)


def waiting(calls: int, index: int) -> str:
    return awaited(scene("Canary", under_way(stepIndex=index, canaryCalls=calls), step=f"{index + 1}/4").case)


@pytest.mark.parametrize(("index", "calls"), [*itertools.product((0, 3), range(0, 31, 5))])
def test_the_calls_that_a_weight_waits_for_are_those_of_the_rule(index: int, calls: int) -> None:
    """`steps.calls_wanted` is what the rule goes by."""
    case = scene("Canary", under_way(stepIndex=index), step="1/4").case
    wanted = stepping.calls_wanted(case.steps, index, case.policy.min_calls)
    said = waiting(calls, index)
    if calls < wanted:
        assert said == f"{wanted - calls} more of {wanted} finished canary calls"
    else:
        assert said == "the operator's next look: its calls are there"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, "it goes on to the next weight after one canary call at least (Hold)"),
        ({"onInsufficientData": "Pause"}, "it pauses (Pause)"),
        ({"onInsufficientData": "Rollback"}, "the canary is taken back (Rollback)"),
        ({"onInsufficientData": "Promote"}, "unless an SLO looks worse (Promote)"),
    ],
)
def test_what_follows_when_calls_do_not_come_is_the_policys(policy: dict[str, str], words: str) -> None:
    told = explain(scene("Canary", under_way(), step="1/2", policy=policy).case)
    assert any(words in each for each in told.moves)


@pytest.mark.parametrize(
    ("step", "limit"),
    [
        ({"setWeight": 10}, "1h"), ({"analysis": {}}, "1h"), ({"analysis": {"maxDuration": "2h"}}, "2h"),
        ({"shadow": {"maxDuration": "3h"}}, "3h"), ({"pause": {"duration": "1m"}}, None), ({"pause": {}}, None),
        ({"replay": {"callsRef": {"name": "golden"}}}, None),
    ],
)  # fmt: skip
def test_only_steps_that_wait_for_calls_have_a_deadline(step: dict[str, object], limit: str | None) -> None:
    assert deadline(scene("Canary", under_way(), policy={"steps": [step, {"setWeight": 50}]}).case) == limit


def test_what_only_abort_and_retry_end_is_what_the_rules_say() -> None:
    assert {*BLOCKING} == {*facts.BLOCKING}
    told = explain(SCENES["golden-calls-failed"].case)
    assert not any("resume" in each or "promote" in each for each in told.moves)


def test_small_first_weights_of_the_default_give_way() -> None:
    case = scene("Canary", under_way(), policy={}).case
    assert any("goes on to the next weight" in each for each in explain(case).moves)
    last = scene("Canary", under_way(stepIndex=1), policy={}).case
    assert any("it goes on waiting" in each for each in explain(last).moves)


@pytest.mark.parametrize(("policy", "held"), [({}, True), ({"onStableFailing": "Promote"}, False)])
def test_an_outage_of_both_holds_unless_the_policy_says_promote(policy: dict[str, str], held: bool) -> None:  # noqa: FBT001
    case = scene("Canary", under_way(readings=[BOTH], verdict="Insufficient"), policy=policy).case
    assert any("It holds" in each for each in explain(case).why) is held


def test_a_deadline_that_is_over_is_told_as_over() -> None:
    told = explain(scene("Canary", under_way(), policy={"dataDeadline": "30s"}).case)
    assert any("the deadline of 30s is over since 15s" in each for each in told.moves)


def test_phases_without_a_step_name_the_ways_out() -> None:
    told = {state.status.rollout.phase: " ".join(explain(state.case).moves) for state in SCENES.values()}
    assert "retry front-desk" in told[Phase.ROLLED_BACK]
    assert "undo front-desk" in told[Phase.BAKING]
    assert "lease" in told[Phase.ROLLING_BACK]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (90_000, "1d"), (-1, "overdue")],
)
def test_times_have_one_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_what_has_not_begun_has_all_its_time() -> None:
    case = SCENES["stable"].case
    assert left(Case(case.name, case.status, case.policy, NOW), None, "10m") == 600
