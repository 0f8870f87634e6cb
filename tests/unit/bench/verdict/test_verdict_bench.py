"""What the benchmark `verdict` measures with: distributions, the bound, the play, the baselines."""

import json
import math
from typing import Any

import numpy as np
import pytest

from tests.bench.verdict import baselines
from tests.bench.verdict.bound import bound_calls
from tests.bench.verdict.command import WORLDS, main
from tests.bench.verdict.draws import blocks, calm
from tests.bench.verdict.generate import WORLD_OF, document
from tests.bench.verdict.play import play
from tests.bench.verdict.signals import badness
from tests.bench.verdict.world import DEFAULT_ARM, Signal, World, load, parse


def world(canary: dict[str, float] | None = None, **fields: Any) -> World:
    """Two arms alike but for what is said of the canary, 60 canary calls long."""
    given = document({"canary": canary or {}}, seed=3)
    return parse(given | {"max_canary_calls": 60} | fields)


@pytest.mark.parametrize(
    ("signal", "mean"),
    [("dropped", 0.01), ("tool_failures", 0.02), ("quality", 0.15), ("turn_latency", 0.0322)],
)
def test_badness_has_the_mean_that_the_world_says(signal: str, mean: float) -> None:
    """And the table that calls are drawn from has it too."""
    found = badness(DEFAULT_ARM, Signal(signal, 0.05))
    assert found.chances.sum() == pytest.approx(1)
    assert found.mean == pytest.approx(mean, rel=0.02)
    assert found.table().mean() == pytest.approx(found.mean, rel=0.01)


def test_hangs_are_slow_turns() -> None:
    hanging = badness(DEFAULT_ARM | {"hang_rate": 0.02}, Signal("turn_latency", 0.05))
    assert hanging.mean == pytest.approx(0.0322 + 0.02 * (1 - 0.0322), rel=0.01)


def test_the_bound_of_drops_is_that_of_two_coins() -> None:
    """For calls that are 0 or 1 the nearest pair that is not worse has the mixed mean, and KL a closed form."""

    def coin(true: float, other: float) -> float:
        return true * math.log(true / other) + (1 - true) * math.log((1 - true) / (1 - other))

    mixed = 0.1 * 0.05 + 0.9 * 0.01
    rate = coin(0.05, mixed) + 9 * coin(0.01, mixed)
    assert bound_calls(world({"drop_rate": 0.05})) == pytest.approx(math.log(100) / rate, rel=1e-4)


def test_there_is_no_bound_where_the_canary_is_no_worse_and_a_late_one_counts_the_calls_before() -> None:
    assert bound_calls(world()) is None
    assert bound_calls(world({"latency_median_ms": 600})) is None
    late = world(changes=[{"at_call": 200, "arms": {"canary": {"drop_rate": 0.05}}}])
    soon = bound_calls(world({"drop_rate": 0.05}))
    assert soon is not None
    assert bound_calls(late) == pytest.approx(200 + soon)


def test_the_judge_finds_what_is_worse_and_blames_nothing_else() -> None:
    """The same worlds twice come out the same."""
    bad, good = play(world({"latency_median_ms": 1100}), 60), play(world(), 60)
    assert np.isfinite(bad.fail).mean() >= 0.95
    assert np.isfinite(good.fail).mean() <= 0.05
    assert (play(world({"latency_median_ms": 1100}), 60).fail == bad.fail).all()


def test_an_outage_of_both_arms_fails_absolute_checks_and_not_the_judge() -> None:
    outage = load(WORLDS / "outage.json")
    assert outage.identical
    assert np.isfinite(play(outage, 50).fail).mean() <= 0.04
    assert baselines.compare(outage, 100, 0.01)["flagger"]["failed"] == 1.0


def test_baselines_are_tuned_to_the_false_alarms_that_the_judge_may_have() -> None:
    found = baselines.compare(world({"drop_rate": 0.4}), 200, 0.01)
    assert {"flagger", "argo", "kayenta", "fixed", "kayenta_5_percent"} == set(found)
    assert all(each["false_alarms_when_calm"] <= 0.01 for name, each in found.items() if name != "kayenta_5_percent")
    assert found["kayenta"]["failed"] > 0.9


def test_calm_rollouts_have_no_changes_no_bursts_and_arms_that_are_alike() -> None:
    quiet = calm(load(WORLDS / "bursts_quality.json"))
    assert (quiet.identical, quiet.bursts, len(quiet.regimes)) == (True, None, 1)


def test_looks_end_with_the_last_canary_call() -> None:
    assert blocks(30) == list(range(1, 31))
    assert blocks(2000)[-1] == 2000


@pytest.mark.parametrize("name", WORLD_OF)
def test_the_worlds_kept_are_those_that_are_generated(name: str) -> None:
    seed = list(WORLD_OF).index(name) + 1
    assert json.loads((WORLDS / f"{name}.json").read_text()) == json.loads(json.dumps(document(WORLD_OF[name], seed)))


def test_what_an_arm_does_not_have_is_refused() -> None:
    """A misspelt field would otherwise be a world without a regression."""
    with pytest.raises(ValueError, match="latency_ms"):
        world({"latency_ms": 900})


def test_the_last_line_is_the_result(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Named by the file's stem, with every field that readers of it rely on."""
    file = tmp_path / "mine.json"
    file.write_text(
        json.dumps(document({"canary": {"drop_rate": 0.5}}, 1) | {"replications": 20, "max_canary_calls": 40})
    )
    assert main(["--world", str(file)]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["bench"] == "verdict"
    assert set(result["worlds"]["mine"]) >= {
        "failed", "passed_first", "median_calls_to_fail", "p90_calls_to_fail", "median_calls_to_pass", "bound_calls",
        "ratio_to_bound", "baselines",
    }  # fmt: skip
