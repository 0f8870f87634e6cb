"""Load: bounded, seeded, and told to stop."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from understudy.apps.simulator import load
from understudy.apps.simulator.caller import CallReport, Dialogue, Ended, Line, TurnReport
from understudy.apps.simulator.main import main
from understudy.base.clock import ManualClock

DIALOGUES = [Dialogue(name, (Line("goodbye"),)) for name in ("a", "b", "c")]


@dataclass
class Placed:
    """A caller whose calls end at once."""

    clock: ManualClock
    seconds: float = 0.0
    calls: list[tuple[str, int]] = field(default_factory=list)

    async def rehearse(self, dialogue: Dialogue, voice: str) -> dict[str, list[str]]:
        return {line.text: [voice] for line in dialogue.lines}

    async def place(self, dialogue: Dialogue, *, seed: int) -> CallReport:
        self.calls.append((dialogue.name, seed))
        self.clock.advance(self.seconds)
        turn = TurnReport("goodbye", 0.0, 1.0, latency_ms=float(len(self.calls)))
        return CallReport("CA", dialogue.name, "v", 0.0, Ended.COMPLETED, turns=[turn])


def work(caller: Placed, **options: Any) -> load.Load:
    return load.Load(caller, DIALOGUES, caller.clock, stagger_s=0, told=lambda _: None, **options)  # type: ignore[arg-type]


async def test_a_number_of_calls_is_kept_to_and_the_seed_decides_them() -> None:
    """Ten calls over three lines; the same seed places the same calls, another one others."""
    placed = []
    for seed in (1, 1, 2):
        caller = Placed(ManualClock())
        summary = await work(caller, concurrency=3, calls=10, seed=seed).run()
        assert summary["calls"] == 10
        placed.append(caller.calls)
    assert placed[0] == placed[1] != placed[2]
    assert len(set(placed[0])) == 10


async def test_no_call_is_started_after_the_duration() -> None:
    """Calls of 4 s for 10 s: the one that starts at 8 s is the last."""
    caller = Placed(ManualClock(), seconds=4.0)
    await work(caller, duration_s=10.0).run()
    assert len(caller.calls) == 3


async def test_stopping_places_no_more_calls() -> None:
    """The call in progress is finished and counted."""
    caller = Placed(ManualClock())
    told: list[dict[str, Any]] = []
    busy = work(caller, calls=100)
    busy.told = lambda line: (told.append(line), busy.stop())[0]  # type: ignore[func-returns-value]
    assert (await busy.run())["calls"] == 1
    assert len(told) == 1


def test_the_summary_counts_ends_and_orders_latencies() -> None:
    """Dropped and refused are both failures of the line; no latency is None, not zero."""
    reports = [CallReport(str(n), "d", "v", 0.0, ended) for n, ended in enumerate(Ended)]
    reports[0].turns = [TurnReport("x", 0, 1, latency_ms=float(ms)) for ms in range(1, 101)]
    summary = load.summary(reports)
    assert summary["ended"] == {ended.value: 1 for ended in Ended}
    assert summary["dropped"] == 3
    assert summary["latencyMs"] == {"p50": 51, "p95": 96, "p99": 100}
    assert load.summary([])["latencyMs"] == {"p50": None, "p95": None, "p99": None}


@pytest.mark.parametrize(
    "arguments",
    [
        ["load", "--media", "ws://127.0.0.1:1/"],
        ["call"],
        ["call", "--media", "ws://127.0.0.1:1/", "--dialogue", "opera"],
        ["serve", "--script", "SCRIPT"],
    ],
)
def test_wrong_usage_says_so_and_does_nothing(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and one line on standard error."""
    script = tmp_path / "s.yaml"
    script.write_text("deployments: {a: {colour: red}}")
    assert main([str(script) if word == "SCRIPT" else word for word in arguments]) == 2
    assert capsys.readouterr().err
