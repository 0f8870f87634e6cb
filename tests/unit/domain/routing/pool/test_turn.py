"""One request on its way through the pool."""

import pytest

from tests.unit.domain.routing.pool.made import ASK, NOW, fail, learned, pool
from understudy.domain.routing.pool.pool import POOL_TRIES, Pool
from understudy.domain.routing.pool.step import Ask, Failure, Shot, Step, Why
from understudy.domain.routing.pool.turn import ROUNDS, Turn

ONCE = Ask(budget_s=1.2, repeatable=False)


def started(made: Pool, ask: Ask = ASK) -> tuple[Turn, Shot]:
    turn = made.turn(ask)
    (shot,) = turn.start(NOW).fire
    return turn, shot


def next_cut(turn: Turn, step: Step) -> tuple[Step, float]:
    """What is done when the time comes that `step` asked to be woken at."""
    assert step.wake_at is not None
    return turn.tick(step.wake_at), step.wake_at


def run_out(turn: Turn, step: Step) -> list[int]:
    """The targets that are fired at when nothing ever comes."""
    fired = [shot.target for shot in step.fire]
    for _ in range(40):
        if step.over or step.wake_at is None:
            break
        step = turn.tick(step.wake_at)
        fired += [shot.target for shot in step.fire]
    assert step.over
    return fired


def studied(**settings: object) -> tuple[Pool, Turn, Shot, Shot]:
    """A turn with an exploration beside it: at d1, of which nothing was heard for long."""
    made = learned(0.3, 0.4, explore_share=1.0, **settings)
    made.entries[1].estimate.at = NOW - 3000
    turn = made.turn(ASK)
    main, study = turn.start(NOW).fire
    assert (main.target, study.target, study.why, study.exploring) == (0, 1, Why.EXPLORE, True)
    return made, turn, main, study


def test_the_first_request_goes_to_the_fastest_and_is_looked_at_when_it_is_late() -> None:
    turn = learned(0.8, 0.3).turn(ASK)
    step = turn.start(NOW)
    (shot,) = step.fire
    assert (shot.target, shot.why, shot.at) == (1, Why.FASTEST, NOW)
    assert step.wake_at == shot.cut_at > NOW + 0.3


def test_a_request_that_is_late_is_cancelled_and_the_next_is_fired() -> None:
    """And the delay is learned from, and told."""
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    samples = made.entries[0].estimate.samples
    step = turn.tick(shot.cut_at)
    assert step.cancel == (shot.id,)
    assert [(each.target, each.why) for each in step.fire] == [(1, Why.CUT)]
    assert made.entries[0].estimate.samples == samples + 1
    assert [(each.left, each.taken, each.why) for each in made.failovers] == [(0, 1, "cut")]
    assert made.counts.cut == 1


def test_nothing_is_done_before_it_is_time() -> None:
    turn, shot = started(learned(0.3, 0.4))
    assert turn.tick(shot.cut_at - 0.001) == Step(wake_at=shot.cut_at)


def test_the_first_clause_wins_and_is_learned_from() -> None:
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    turn.useful(shot.id, NOW + 0.2)
    assert turn.clause(shot.id, NOW + 0.3) == Step()
    assert turn.winner == shot
    assert (made.entries[0].estimate.at, made.counts.turns) == (NOW + 0.3, 1)
    assert turn.tick(NOW + 60) == Step()


def test_one_that_was_cut_is_asked_once_more_and_no_oftener_than_rounds() -> None:
    """A hang is mostly the request's: a pool of one is asked again."""
    turn = learned(0.3).turn(ASK)
    assert run_out(turn, turn.start(NOW)) == [0] * ROUNDS


def test_one_that_failed_is_not_asked_again() -> None:
    turn, shot = started(learned(0.3))
    assert turn.failed(shot.id, Failure.SERVER, NOW + 0.1) == Step(over=True)


def test_every_deployment_is_asked_before_the_turn_is_over() -> None:
    turn = learned(0.3, 0.4, 0.5, 0.6, 0.7, 0.8).turn(ASK)
    assert set(run_out(turn, turn.start(NOW))) == set(range(6))


def test_a_hedge_leaves_the_first_running_and_cancels_the_loser_at_the_win() -> None:
    made = learned(0.3, 0.4, hedge=True)
    turn, shot = started(made)
    step = turn.tick(shot.cut_at)
    assert step.cancel == ()
    (beside,) = step.fire
    assert (beside.target, beside.why) == (1, Why.HEDGE)
    assert turn.clause(shot.id, shot.cut_at + 0.2).cancel == (beside.id,)
    assert turn.winner is not None
    assert turn.winner.id == shot.id
    assert made.counts.hedged == 1


def test_a_hedge_may_win() -> None:
    turn, shot = started(learned(0.3, 0.4, hedge=True))
    (beside,) = turn.tick(shot.cut_at).fire
    assert turn.clause(beside.id, shot.cut_at + 0.2).cancel == (shot.id,)
    assert turn.winner == beside


def test_when_the_hedges_are_used_up_requests_are_cut() -> None:
    """In an outage nothing is doubled."""
    made = learned(0.3, 0.4, hedge=True)
    while made.spending.hedge():
        pass
    turn, shot = started(made)
    step = turn.tick(shot.cut_at)
    assert step.cancel == (shot.id,)
    assert [each.why for each in step.fire] == [Why.CUT]


def test_only_one_hedge_runs_beside_a_request() -> None:
    """When both are late, the late one is cut, and two others are asked at a time: the third may hang as well."""
    turn, shot = started(learned(0.3, 0.4, 0.5, 0.6, hedge=True))
    hedged = turn.tick(shot.cut_at)
    step, _ = next_cut(turn, hedged)
    assert step.cancel == (hedged.fire[0].id,)
    assert [(each.target, each.why) for each in step.fire] == [(2, Why.CUT), (3, Why.CUT)]
    assert step.wake_at == min(each.cut_at for each in step.fire)


def test_a_third_that_hangs_costs_nothing_more() -> None:
    """The one asked beside it answers, and everything else is cancelled."""
    turn, shot = started(learned(0.3, 0.4, 0.5, 0.6, hedge=True))
    step, now = next_cut(turn, turn.tick(shot.cut_at))
    third, fourth = step.fire
    assert set(turn.clause(fourth.id, now + 0.1).cancel) == {shot.id, third.id}
    assert turn.winner == fourth


def test_of_two_asked_at_a_time_each_that_is_late_is_replaced_by_one() -> None:
    """There are never more than two of which an answer is still expected."""
    turn, shot = started(learned(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, hedge=True))
    pressed, _ = next_cut(turn, turn.tick(shot.cut_at))
    sooner = min(pressed.fire, key=lambda each: each.cut_at)
    step = turn.tick(sooner.cut_at)
    assert step.cancel == (sooner.id,)
    assert len(step.fire) == 1


@pytest.mark.parametrize("settings", [{"hedge": False}, {"hedge": True, "max_attempts": 3}])
def test_who_wants_no_more_requests_gets_one_at_a_time(settings: dict[str, object]) -> None:
    turn, shot = started(learned(0.3, 0.4, 0.5, 0.6, **settings))
    step, _ = next_cut(turn, turn.tick(shot.cut_at))
    assert [each.target for each in step.fire] == [2]


def test_a_pool_that_is_out_is_asked_no_oftener_for_being_asked_in_pairs() -> None:
    """The plan's models follow after as many requests as they would have."""
    made = learned(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, hedge=True, fallbacks=["plan"])
    turn = made.turn(ASK)
    fired = run_out(turn, turn.start(NOW))
    assert fired.index(6) <= POOL_TRIES


@pytest.mark.parametrize(
    "failure", [Failure.SERVER, Failure.RATE_LIMITED, Failure.AUTH, Failure.REQUEST, Failure.BROKE, Failure.EMPTY]
)
def test_a_failure_is_retried_elsewhere_at_once(failure: Failure) -> None:
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    step = turn.failed(shot.id, failure, NOW + 0.05)
    assert [(each.target, each.why, each.at) for each in step.fire] == [(1, Why.RETRY, NOW + 0.05)]
    assert made.failovers[-1].why == failure.value


def test_a_429_closes_the_deployment_for_as_long_as_it_asks() -> None:
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    turn.failed(shot.id, Failure.RATE_LIMITED, NOW, retry_after_s=30.0)
    assert not made.entries[0].breaker.admits(NOW + 29)
    assert made.turn(ASK).start(NOW + 29).fire[0].target == 1


def test_a_failure_while_a_hedge_runs_fires_nothing_more() -> None:
    turn, shot = started(learned(0.3, 0.4, 0.5, hedge=True))
    (beside,) = turn.tick(shot.cut_at).fire
    assert turn.failed(shot.id, Failure.BROKE, shot.cut_at + 0.01) == Step(wake_at=beside.cut_at)


def test_a_failure_of_what_was_cancelled_is_not_heard() -> None:
    """Its error is the cancellation's."""
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    turn.tick(shot.cut_at)
    turn.failed(shot.id, Failure.BROKE, shot.cut_at + 0.01)
    assert made.entries[0].breaker.in_a_row == 0


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_requests_are_fired_than_a_turn_may(most: int) -> None:
    """The first one counts."""
    made = learned(0.3, 0.4, 0.5, 0.6, 0.7, max_attempts=most)
    turn, shot = started(made)
    fired = 1
    step = turn.failed(shot.id, Failure.SERVER, NOW)
    while not step.over:
        (shot,) = step.fire
        fired += 1
        step = turn.failed(shot.id, Failure.SERVER, NOW)
    assert fired == most


def test_the_last_request_that_a_turn_may_fire_is_waited_for_to_the_ceiling() -> None:
    """There is nothing to cut it for."""
    turn, shot = started(learned(0.3, 0.4, max_attempts=1, ceiling_s=3.0))
    assert turn.tick(shot.cut_at) == Step(wake_at=NOW + 3.0)
    assert turn.tick(NOW + 3.0) == Step(cancel=(shot.id,), over=True)


@pytest.mark.parametrize("hedge", [False, True])
def test_what_may_not_be_fired_twice_is_not_cut_before_the_ceiling(*, hedge: bool) -> None:
    turn, shot = started(learned(0.3, 0.4, ceiling_s=3.0, hedge=hedge), ONCE)
    assert turn.tick(shot.cut_at) == Step(wake_at=NOW + 3.0)
    step = turn.tick(NOW + 3.0)
    assert step.cancel == (shot.id,)


def test_what_may_not_be_fired_twice_is_not_explored_with() -> None:
    made = learned(0.3, 0.4, explore_share=1.0)
    made.entries[1].estimate.at = NOW - 3000
    assert len(made.turn(ONCE).start(NOW).fire) == 1


def test_an_exploration_that_comes_first_wins() -> None:
    _, turn, main, study = studied()
    assert turn.clause(study.id, NOW + 0.2).cancel == (main.id,)
    assert turn.winner == study


def test_an_exploration_that_loses_goes_on_until_it_has_taught_something() -> None:
    """Its own first clause is learned from; then it is cancelled, and the winner stays."""
    made, turn, main, study = studied()
    samples = made.entries[1].estimate.samples
    step = turn.clause(main.id, NOW + 0.3)
    assert step == Step(wake_at=study.cut_at)
    assert turn.clause(study.id, NOW + 0.5).cancel == (study.id,)
    assert turn.winner == main
    assert made.entries[1].estimate.samples == samples + 1
    assert made.entries[1].estimate.at == NOW + 0.5


def test_an_exploration_that_never_comes_is_cancelled_and_learned_from() -> None:
    made, turn, main, study = studied()
    turn.clause(main.id, NOW + 0.3)
    assert turn.tick(study.cut_at) == Step(cancel=(study.id,))
    assert made.entries[1].estimate.at == study.cut_at


def test_an_exploration_is_waited_for_when_the_main_request_fails() -> None:
    """It has a lead, so nothing is fired at the same deployment once more."""
    made, turn, main, study = studied()
    step = turn.failed(main.id, Failure.SERVER, NOW + 0.1)
    assert step.fire == ()
    assert not step.over
    assert step.wake_at is not None
    assert turn.clause(study.id, NOW + 0.4) == Step()
    assert turn.winner is not None
    assert turn.winner.id == study.id
    assert made.counts.fired == 2


def test_an_exploration_that_fails_does_not_disturb_the_caller() -> None:
    _, turn, main, study = studied()
    assert turn.failed(study.id, Failure.SERVER, NOW + 0.1) == Step(wake_at=main.cut_at)
    assert turn.clause(main.id, NOW + 0.3) == Step()


def test_an_answer_that_breaks_off_is_gone_on_with_elsewhere() -> None:
    """And the breaker hears of it."""
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    turn.clause(shot.id, NOW + 0.3)
    step = turn.broke(shot.id, Failure.BROKE, NOW + 1.0)
    assert [(each.target, each.why) for each in step.fire] == [(1, Why.CONTINUE)]
    assert made.entries[0].breaker.in_a_row == 1
    assert made.counts.continued == 1


def test_a_continuation_that_fails_is_followed_by_another() -> None:
    """Still one: it finishes the sentence rather than begin anew."""
    made = learned(0.3, 0.4, 0.5)
    turn, shot = started(made)
    turn.clause(shot.id, NOW + 0.3)
    (second,) = turn.broke(shot.id, Failure.BROKE, NOW + 1.0).fire
    (third,) = turn.failed(second.id, Failure.SERVER, NOW + 1.1).fire
    assert third.target != second.target
    assert third.why is Why.CONTINUE
    turn.clause(third.id, NOW + 1.4)
    assert turn.winner == third


def test_how_long_a_continuation_takes_says_nothing_of_how_long_an_answer_takes() -> None:
    made = learned(0.3, 0.4)
    turn, shot = started(made)
    turn.clause(shot.id, NOW + 0.3)
    (second,) = turn.broke(shot.id, Failure.BROKE, NOW + 1.0).fire
    samples = made.entries[1].estimate.samples
    turn.clause(second.id, NOW + 1.05)
    assert made.entries[1].estimate.samples == samples


def test_what_was_out_to_learn_is_cancelled_when_an_answer_breaks_off() -> None:
    """It would begin anew."""
    _, turn, main, study = studied()
    turn.clause(main.id, NOW + 0.3)
    assert study.id in turn.broke(main.id, Failure.BROKE, NOW + 0.5).cancel


def test_when_nobody_waits_everything_is_cancelled() -> None:
    """A caller who hung up early says nothing against the deployment."""
    made, turn, main, study = studied()
    hang = made.entries[0].estimate.hang
    assert set(turn.abandoned(NOW + 0.05).cancel) == {main.id, study.id}
    assert made.entries[0].estimate.hang == hang
    assert turn.abandoned(NOW + 0.06) == Step()
    assert made.counts.turns == 1


def test_a_probe_that_nobody_waits_for_makes_room_for_the_next() -> None:
    made = learned(0.3)
    fail(made, "d0", Failure.SERVER)
    later = made.entries[0].breaker.open_until
    turn = made.turn(ASK)
    turn.start(later)
    assert not made.entries[0].breaker.admits(later + 0.01)
    turn.abandoned(later + 0.02)
    assert made.entries[0].breaker.admits(later + 0.03)


def test_requests_beside_the_first_are_charged_once() -> None:
    made = learned(0.3, 0.4)
    price = made.spending.price
    turn, shot = started(made)
    (second,) = turn.tick(shot.cut_at).fire
    turn.clause(second.id, shot.cut_at + 0.4)
    charged = made.spending.price
    turn.abandoned(NOW + 5)
    assert made.spending.price == charged > price


def test_a_better_model_is_asked_first_where_there_is_time() -> None:
    """It is cut as any other."""
    turn = learned(0.3, 0.6).turn(ASK)
    (shot,) = turn.start(NOW, first=1).fire
    assert (shot.target, shot.why) == (1, Why.BETTER)
    assert [each.target for each in turn.tick(shot.cut_at).fire] == [0]


def test_silences_of_an_answer_teach_when_its_stream_has_stalled() -> None:
    """The longest of each counts, the last one as well."""
    made = pool("d0")
    for at in range(60):
        turn = made.turn(ASK)
        (shot,) = turn.start(NOW + 10 * at).fire
        begun = NOW + 10 * at + 0.3
        turn.clause(shot.id, begun)
        for chunk, silence in enumerate((0.1, 0.3 if at % 2 else 1.4, 0.1)):
            turn.chunk(shot.id, begun + 0.2 * chunk + silence)
        turn.done(shot.id, begun + 2.0)
    assert turn.gap_limit_s(shot.id) > 1.5
