"""The wall of faults, for the proxy as it is run: every turn is answered while one deployment lives."""

import asyncio

import pytest

from tests.bench import faults
from tests.bench.faults_kinds import KINDS

PLAN = faults.Plan(alive=(2,), healthy=1, turns=2, together=True)


@pytest.fixture(scope="module")
def counts() -> dict[str, dict[str, int]]:
    """Two turns of each fault with three deployments of four broken; the peers stay at home."""
    found: dict[str, dict[str, int]] = asyncio.run(faults.run(PLAN, ("understudy",)))["systems"]["understudy"]
    return found


@pytest.mark.parametrize("fault", KINDS)
def test_every_turn_is_answered_while_one_deployment_lives(counts: dict[str, dict[str, int]], fault: str) -> None:
    """Every word once and in order, whole sentences, a proper end; how long it took is the benchmark's business."""
    turned = counts[fault]
    assert (turned["turns"], turned["answered"]) == (PLAN.turns, PLAN.turns)
    assert (turned["seams"], turned["duplicates"]) == (0, 0)
