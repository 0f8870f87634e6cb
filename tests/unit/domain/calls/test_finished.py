import pytest

from understudy.domain.calls.finished import PAGE, Finished
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.routing.document import Arm

CALL = CallObservation(
    seq=0, call_id="", revision="a", arm=Arm.STABLE, started_at=0, ended_at=1, recorded_at=0, end=CallEnd.CALLER_HUNG_UP
)


def filled(count: int, limit: int = 100_000) -> Finished:
    """A buffer that `count` calls went into."""
    finished = Finished(limit)
    for number in range(1, count + 1):
        assert finished.add(CALL, float(number)).recorded_at == number
    return finished


@pytest.mark.parametrize(
    ("count", "limit", "after", "numbers"),
    [
        (0, 5, 0, []),
        (3, 5, 0, [1, 2, 3]),
        (3, 5, 2, [3]),
        (3, 5, 3, []),
        (8, 5, 0, [4, 5, 6, 7, 8]),
        (8, 5, 6, [7, 8]),
        (3, 5, 99, [1, 2, 3]),
        (3, 5, -1, [1, 2, 3]),
    ],
)
def test_a_reader_gets_what_it_has_not_seen(count: int, limit: int, after: int, numbers: list[int]) -> None:
    assert [each.seq for each in filled(count, limit).since(after)] == numbers


def test_an_answer_is_bounded_and_the_next_one_continues() -> None:
    finished = filled(PAGE + 10)
    first = finished.since(0)
    assert (len(first), first[-1].seq) == (PAGE, PAGE)
    assert [each.seq for each in finished.since(PAGE)] == list(range(PAGE + 1, PAGE + 11))


@pytest.mark.parametrize(("after", "more"), [(0, True), (2, True), (3, False), (99, True)])
def test_there_is_more_for_a_reader_who_is_behind_or_from_another_life(after: int, more: bool) -> None:  # noqa: FBT001
    assert filled(3).has_more(after) is more


def test_discarded_observations_are_owned_up_to() -> None:
    assert filled(8, limit=5).lost_before == 3
    assert filled(5, limit=5).lost_before == 0


def test_unread_counts_what_no_reader_has_acknowledged() -> None:
    finished = filled(8, limit=5)
    assert finished.unread == 5
    finished.acknowledge(6)
    finished.acknowledge(2)
    assert finished.unread == 2
