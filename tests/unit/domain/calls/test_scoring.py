import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.calls.observation import CallEnd, CallObservation, CallPart
from understudy.domain.calls.scoring import DAY_S, Budget, sampled, worth_scoring
from understudy.domain.calls.transcript import Line
from understudy.domain.routing.document import Arm, RevisionRef, RoutingDocument

BOTH = (Line("assistant", "Hello."), Line("caller", "Hi."))


def call(arm: Arm = Arm.STABLE, **changes: object) -> CallObservation:
    content = {
        "seq": 0, "call_id": "CA1", "revision": "bbbb" if arm is Arm.CANARY else "aaaa", "arm": arm, "started_at": 0,
        "ended_at": 1, "recorded_at": 0, "end": CallEnd.CALLER_HUNG_UP,
    }  # fmt: skip
    return CallObservation.model_validate(content | changes)


def document(canary: str | None) -> RoutingDocument:
    ref = canary and RevisionRef(name=canary, object_name="o", agent_service="s")
    return RoutingDocument(namespace="n", assistant="a", generation=1, canary=ref or None)


@pytest.mark.parametrize(
    ("changes", "lines", "worth"),
    [
        ({}, BOTH, True),
        ({"end": CallEnd.ASSISTANT_ENDED}, BOTH, True),
        ({"end": CallEnd.MAX_DURATION}, BOTH, True),
        ({"end": CallEnd.DROPPED}, BOTH, False),
        ({"part": CallPart.TURNS}, BOTH, False),
        ({"part": CallPart.END}, BOTH, True),
        ({"rescued": True}, BOTH, False),
        ({}, BOTH[:1], False),
        ({}, BOTH[1:], False),
        ({}, (), False),
    ],
)
def test_what_is_worth_a_score(changes: dict[str, object], lines: tuple[Line, ...], worth: bool) -> None:  # noqa: FBT001
    """A long call is scored at its end.

    Dropped calls are reported at once, rescued ones are nobody's, and in a monologue there is nothing to judge.
    """
    assert worth_scoring(call(**changes), lines) is worth


@pytest.mark.parametrize(("canary", "scored"), [("bbbb", True), ("cccc", False), (None, False)])
def test_a_canarys_calls_are_scored_while_it_is_judged(canary: str | None, scored: bool) -> None:  # noqa: FBT001
    """Every one, however small the sample; none once it was taken back or replaced."""
    calls = [call(Arm.CANARY, call_id=f"CA{number}") for number in range(50)]
    assert {sampled(each, document(canary), 1, "judge") for each in calls} == {scored}


def test_stables_sample_is_a_share_of_its_calls() -> None:
    calls = [call(call_id=f"CA{number}") for number in range(4000)]
    share = sum(sampled(each, document(None), 20, "judge") for each in calls) / len(calls)
    assert 0.17 < share < 0.23
    assert all(sampled(each, document(None), 100, "judge") for each in calls)


@given(st.text(max_size=40), st.integers(1, 99))
def test_the_sample_is_stable_and_grows_with_its_percent(call_id: str, percent: int) -> None:
    """The same call is in it whoever asks, with a canary or without, and stays in a larger one."""
    one = call(call_id=call_id)
    chosen = sampled(one, document(None), percent, "judge")
    assert chosen is sampled(one, document("bbbb"), percent, "judge")
    assert not chosen or sampled(one, document(None), percent + 1, "judge")


def test_scorers_samples_are_their_own() -> None:
    calls = [call(call_id=f"CA{number}") for number in range(400)]
    chosen = {salt: [sampled(each, document(None), 50, salt) for each in calls] for salt in ("judge", "webhook")}
    assert chosen["judge"] != chosen["webhook"]


def test_the_day_has_a_budget() -> None:
    """A half of it is kept for rollouts; a new day brings it back."""
    budget, now = Budget(), 20_000.5 * DAY_S
    for _ in range(5):
        budget = budget.spend(now, 10, judging=False) or pytest.fail("within half of the budget")
    assert budget.spend(now, 10, judging=False) is None
    for _ in range(5):
        budget = budget.spend(now, 10, judging=True) or pytest.fail("within the budget")
    assert budget.spend(now, 10, judging=True) is None
    tomorrow = budget.spend(20_001 * DAY_S, 10, judging=False)
    assert tomorrow == Budget(20_001, 1)


def test_a_budget_of_one_call_is_one_call() -> None:
    spent = Budget().spend(0.0, 1, judging=False)
    assert spent is not None
    assert spent.spend(1.0, 1, judging=True) is None
