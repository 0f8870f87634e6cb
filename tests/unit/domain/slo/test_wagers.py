"""Bets against a limit are fair games at best, for every limit, stake and history; proxies play them without numpy."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.slo import alone, ceiling, shadowing, wagers

CHANCES = st.floats(min_value=0, max_value=1)
KINDS = st.sampled_from([(ceiling.STAKES, ceiling.SHARES), (alone.BETS, alone.SHARES)])


@given(KINDS, CHANCES, CHANCES, st.lists(CHANCES, max_size=30))
def test_no_odds_are_expected_while_the_limit_holds(
    kind: tuple[tuple[float, ...], tuple[float, ...]], chance: float, limit: float, before: list[float]
) -> None:
    """What makes the bound on false alarms hold at every look."""
    stakes, shares = kind
    wealth: tuple[float, ...] = ()
    for calls, bad in enumerate(before):
        wealth = wagers.played(wealth, calls, wagers.against(limit, bad, stakes))
    calls, now = len(before), wagers.odds(wealth, len(before), shares)
    after = [
        wagers.odds(wagers.played(wealth, calls, wagers.against(limit, bad, stakes)), calls + 1, shares)
        for bad in (0.0, 1.0)
    ]
    chance = min(chance, max(limit, wagers.LEAST))
    if now < wagers.MOST_WEALTH:
        assert (1 - chance) * after[0] + chance * after[1] <= now * (1 + 1e-9)


@pytest.mark.parametrize("shares", [alone.SHARES, ceiling.SHARES, shadowing.SHARES])
def test_the_wealth_is_shared_out_whole(shares: tuple[float, ...]) -> None:
    """The odds are 1 before the first call, and 1 after calls that say nothing."""
    assert sum(shares) == pytest.approx(1)
    wealth: tuple[float, ...] = ()
    for calls in range(50):
        assert wagers.odds(wealth, calls, shares) == pytest.approx(1)
        wealth = wagers.played(wealth, calls, [0.0] * len(shares))


def test_nothing_is_bet_on_what_cannot_be_missed() -> None:
    """All calls bad is no more than a limit of 100 % allows."""
    assert wagers.against(1.0, 1.0, (0.5, 0.9)) == (0.0, 0.0)


def test_a_proxy_watches_ceilings_without_numpy() -> None:
    """It would cost each proxy 16 MB and a tenth of a second at its start."""
    code = "import sys; import understudy.domain.slo.ceiling; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
