"""The demo's story, read off the versions of an assistant."""

from typing import Any

from tests.demo import timeline


def version(**rollout: Any) -> dict[str, Any]:
    return {"status": {"rollout": {"phase": "Stable", "weight": 0, "ackedWeight": 0, **rollout}}}


def kinds(told: list[timeline.Line]) -> list[str]:
    return [line.kind for line in told]


def test_what_was_so_before_is_not_told_again() -> None:
    """An act begins where the last one ended; its verdict and rollback are the last act's story."""
    earlier = version(phase="RolledBack", verdict="Fail", lastRollback={"revision": "old", "reason": "SloFailed"})
    assert timeline.lines([(1.0, earlier), (2.0, earlier)]) == []


def test_weights_are_told_as_wanted_and_as_acknowledged() -> None:
    wanted = version(phase="Canary", weight=50, ackedProxies=0, readyProxies=2)
    acked = version(phase="Canary", weight=50, ackedWeight=50, ackedProxies=2, readyProxies=2)
    told = timeline.lines([(1.0, version(phase="Canary")), (2.0, wanted), (3.0, acked)])
    assert [(line.at, line.text) for line in told] == [
        (2.0, "wanted 50 %, acknowledged 0 % (0 of 2 proxies)"),
        (3.0, "wanted 50 %, acknowledged 50 % (2 of 2 proxies)"),
    ]


def test_a_rollback_is_told_with_metric_value_threshold_and_calls() -> None:
    """And no data is not zero."""
    reason = {
        "revision": "bad", "reason": "SloFailed", "slo": "turn-latency", "metric": "Turn", "value": 100.0,
        "threshold": 20.0, "canaryCalls": 5, "stableCalls": 0,
    }  # fmt: skip
    after = version(phase="RollingBack", history=[{"message": "bad fails turn-latency"}], lastRollback=reason)
    told = timeline.lines([(1.0, version(phase="Canary")), (2.0, after)])
    assert kinds(told) == ["phase", "rollback"]
    assert told[0].text == "Canary → RollingBack: bad fails turn-latency"
    assert told[1].text == (
        "bad taken back: SloFailed; SLO turn-latency (Turn): canary 100 %, stable no data, threshold 20 %, "
        "5 canary and 0 stable calls"
    )


def test_times_count_from_the_start() -> None:
    assert timeline.render([timeline.Line(162.5, "weight", "w")], 100.0) == "   1:02.5  weight    w"
