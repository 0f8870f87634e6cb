"""From reports to evidence: each finished call once, in the order of its start."""

from tests.unit.domain.rollout.world import Proxy, rolling
from understudy.api.rollout import OnInsufficientData, PauseStep, Step
from understudy.api.status import MAX_CURSORS, Cursor, Phase
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.rollout.cursors import read_up_to
from understudy.domain.rollout.evidence import judge_policy


def test_reports_seen_twice_count_once() -> None:
    """Proxies deliver at least once; the cursor of the process makes it exactly once."""
    world = rolling()
    world.run(5)
    before = (world.rollout.canary_calls, world.rollout.stable_calls, world.rollout.judges)
    world.tick()
    world.tick()
    assert (world.rollout.canary_calls, world.rollout.stable_calls, world.rollout.judges) == before
    assert sum(before[:2]) == 10


def test_a_restarted_proxy_counts_from_one_again() -> None:
    """Its sequence starts anew with its boot id; what the old process had reported is not lost."""
    world = rolling()
    world.run(5)
    world.proxies[0] = Proxy("proxy-a", boot="again", document=world.document)
    world.run(5)
    assert world.rollout.canary_calls + world.rollout.stable_calls == 20


def test_a_proxy_that_is_silent_for_a_while_is_not_read_twice() -> None:
    """Its cursor waits for it."""
    world = rolling()
    world.run(5)
    world.proxies[0].reachable = False
    world.tick(5)
    world.proxies[0].reachable = True
    world.tick()
    assert world.rollout.canary_calls + world.rollout.stable_calls == 10


def test_calls_from_before_the_rollout_are_no_evidence() -> None:
    """Stable is compared as it is now, not as it was last week."""
    world = rolling()
    old = world.proxies[0]
    world.call(0, "late")
    early = old.calls[-1].model_copy(update={"started_at": world.now - 3600})
    old.calls[-1] = early
    world.tick()
    assert (world.rollout.canary_calls, world.rollout.stable_calls) == (0, 0)


def test_rescued_calls_are_no_evidence() -> None:
    """They were served by stable."""
    world = rolling()
    for index in range(20):
        world.call(0, f"c{index}", rescued=True)
    world.tick()
    assert (world.rollout.canary_calls, world.rollout.stable_calls) == (0, 0)
    assert [each.canary_calls for each in world.rollout.judges] == [0, 0, 0]


def test_lost_observations_are_passed_over() -> None:
    """A buffer that ran over leaves a gap, not a stall."""
    report = ProxyReport(pod="p", boot_id="b", generation=1, lost_before=40)
    assert read_up_to((), [report]) == (Cursor(boot_id="b", pod="p", seq=40),)


def test_cursors_are_bounded_and_the_longest_silent_goes_first() -> None:
    """Proxies come and go for months (P15)."""
    cursors: tuple[Cursor, ...] = ()
    for index in range(MAX_CURSORS + 5):
        cursors = read_up_to(cursors, [ProxyReport(pod="p", boot_id=f"b{index}", generation=1)])
    assert len(cursors) == MAX_CURSORS
    assert cursors[0].boot_id == "b5"


def test_a_step_of_all_calls_adds_a_test_to_each_slo() -> None:
    """Alpha is shared over everything that may raise a false alarm."""
    world = rolling()
    assert judge_policy(world.observe()).evidence_needed == 60.0
    world.policy = world.policy.model_copy(update={"steps": (Step(set_weight=50), Step(set_weight=100))})
    assert judge_policy(world.observe()).evidence_needed == 120.0


def test_beta_is_not_shared_since_every_slo_has_to_pass() -> None:
    """And without it no proof is asked for, so that short rollouts stay possible."""
    world = rolling()
    assert judge_policy(world.observe()).proof_needed is None
    world.policy = world.policy.model_copy(update={"false_promotion_percent": 2.0})
    assert judge_policy(world.observe()).proof_needed == 50.0


def test_a_canary_that_is_not_proven_good_is_not_promoted() -> None:
    """Every step is done and every call was good: where proof is asked for, it waits for proof (O6)."""
    world = rolling()
    world.policy = world.policy.model_copy(update={"false_promotion_percent": 1.0})
    world.run(60)
    assert (world.phase, world.status.verdict) == (Phase.CANARY, "Insufficient")
    assert "MoreProofNeeded" in {each.reason for each in world.rollout.readings}


def test_where_proof_does_not_come_in_time_the_policy_for_too_little_data_holds() -> None:
    """A canary that looks no worse lacks nothing but calls."""
    world = rolling()
    promote = {"false_promotion_percent": 1.0, "on_insufficient_data": OnInsufficientData.PROMOTE}
    world.policy = world.policy.model_copy(update=promote)
    world.run(40)
    world.tick(700)
    world.run(2)
    assert world.phase is Phase.STABLE
    assert "the policy says Promote" in " ".join(event.message for event in world.events)


def test_with_every_call_on_the_canary_a_late_regression_is_still_found() -> None:
    """There is no stable to compare with any more; the objective holds (P3)."""
    world = rolling()
    steps = (Step(set_weight=50), Step(set_weight=100), Step(pause=PauseStep(duration="10m")))
    world.policy = world.policy.model_copy(update={"steps": steps})
    while world.status.weight < 100:
        world.run(1)
    world.run(5)
    assert world.phase is Phase.CANARY
    world.slow = frozenset({"two"})
    world.run(60)
    assert world.phase is Phase.ROLLED_BACK
    assert {each.slo: each.reason for each in world.rollout.readings}["turn-latency"] == "MissesObjective"
