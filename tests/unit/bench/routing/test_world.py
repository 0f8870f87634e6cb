"""What a world file says, and chance that is the same whoever asks."""

import statistics

import pytest

from tests.bench.routing.draws import ERROR_AFTER, bits, outcome
from tests.bench.routing.generate import SETS, WORLDS, written
from tests.bench.routing.providers import MINUTE_S, Providers, Window
from tests.bench.routing.requests import Request, requests
from tests.bench.routing.world import Segment, load, parse
from tests.unit.bench.routing.worlds import part, world

HANG_S = 5.0


def test_a_segment_holds_until_the_next_begins() -> None:
    deployment = world([part(100), part(200, from_s=10)]).deployments[0]
    assert [deployment.at(at).median_s for at in (0, 9.9, 10, 99)] == [0.1, 0.1, 0.2, 0.2]


@pytest.mark.parametrize("document", [{"deployments": []}, {"deployments": [{"name": "a", "segments": []}]}])
def test_a_world_without_anything_to_ask_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="deployment"):
        parse({**document, "requests": {"rate_per_s": 1, "duration_s": 1, "seed": 1}})


def test_the_same_question_has_the_same_answer_and_any_other_another() -> None:
    assert bits(1, 2, 3, 0) == bits(1, 2, 3, 0)
    assert (
        len({bits(s, d, r, n) for s in range(3) for d in range(9) for r in range(50) for n in range(3)})
        == 3 * 9 * 50 * 3
    )


@pytest.mark.parametrize(("hang", "error"), [(0.0, 0.0), (0.05, 0.02), (0.5, 0.3)])
def test_outcomes_have_the_shares_and_the_median_of_the_segment(hang: float, error: float) -> None:
    segment = Segment(0.0, 0.4, 0.3, hang, error, None)
    drawn = [outcome(bits(1, 0, request, 0), segment, HANG_S) for request in range(20_000)]
    failed = [seconds for answers, seconds in drawn if not answers]
    assert len(failed) / len(drawn) == pytest.approx(error, abs=0.01)
    assert set(failed) <= {ERROR_AFTER * 0.4}
    answered = [seconds for answers, seconds in drawn if answers]
    late = sum(seconds > 2.0 for seconds in answered) / len(drawn)
    assert late == pytest.approx(hang * (HANG_S - 2.0) / HANG_S, abs=0.01)
    assert max(answered) <= HANG_S
    if not hang:
        assert statistics.median(answered) == pytest.approx(0.4, rel=0.02)


def test_requests_arrive_at_their_rate_and_every_call_has_its_turns_in_order() -> None:
    found = list(requests(world([part()], rate=20.0, duration=500.0, calls=5)))
    assert len(found) / 500.0 == pytest.approx(20.0, rel=0.05)
    turns: dict[int, list[int]] = {}
    for each in found:
        turns.setdefault(each.call, []).append(each.turn)
    whole = [taken for taken in turns.values() if taken[0] == 0 and taken[-1] == 4]
    assert len(whole) > 0.8 * len(turns)
    assert all(taken == list(range(taken[0], taken[0] + len(taken))) for taken in turns.values())


def test_an_account_lets_its_limit_through_in_any_minute_and_says_when_there_is_room() -> None:
    window = Window()
    assert [window.take(2, at) for at in (0.0, 10.0)] == [None, None]
    assert window.take(2, 20.0) == pytest.approx(MINUTE_S - 20.0)
    assert window.take(2, MINUTE_S) is None
    assert window.take(2, MINUTE_S + 1.0) == pytest.approx(9.0)


def test_a_limit_that_was_lowered_says_when_enough_have_left() -> None:
    window = Window()
    for at in range(6):
        assert window.take(6, float(at)) is None
    wait = window.take(2, 10.0)
    assert wait is not None
    assert window.take(2, 10.0 + wait) is None


def test_a_repeat_in_the_same_call_at_the_same_deployment_is_faster_by_what_the_cache_saves() -> None:
    cached = world([part()], [part()], cache=0.5, calls=4)
    first, second = Providers(cached), Providers(cached)
    second.answered(0, 3)
    request = Request(9, 1.0, 3, 1)
    assert second.fire(0, request, 1.0, 0).after_s == pytest.approx(0.5 * first.fire(0, request, 1.0, 0).after_s)
    assert second.fire(1, request, 1.0, 0) == first.fire(1, request, 1.0, 0)


def test_the_committed_worlds_are_what_the_script_writes() -> None:
    for path, text in written():
        assert path.read_text() == text, f"run python -m tests.bench.routing.generate: {path.name}"
    assert {path.stem for path in WORLDS.glob("*.json")} == set(SETS)


def test_the_default_world_is_the_issue_s() -> None:
    default = load(WORLDS / "default.json")
    assert (len(default.deployments), default.hang_s, default.budget_s) == (40, 5.0, 1.2)
    assert {round(segment.hang, 3) for each in default.deployments for segment in each.segments} == {0.05}
