"""The time to the first token: spread, drift, prompt length, cache."""

import random
import statistics
from typing import Any

import pytest

from understudy.apps.simulator.model.cache import PromptCache
from understudy.apps.simulator.model.timing import factor, first_ms
from understudy.apps.simulator.script import Drift, ModelSettings

SYSTEM = {"role": "system", "content": "You answer the telephone of a restaurant. " * 20}
ASK = {"role": "user", "content": "what are your opening hours"}
SAID = {"role": "assistant", "content": "From noon to eleven."}
MORE = {"role": "user", "content": "and where are you"}


def waits(settings: dict[str, Any], *, elapsed_s: float = 0.0, tokens: int = 0, cached: float = 0.0) -> list[float]:
    model = ModelSettings.model_validate(settings)
    return [first_ms(model, random.Random(seed), elapsed_s, tokens, cached) for seed in range(2000)]


def test_without_more_settings_every_request_takes_the_same() -> None:
    assert set(waits({"firstMs": 150})) == {150.0}


def test_sigma_spreads_the_times_about_the_median() -> None:
    """Lognormal: median as set, the 84th percentile a factor of e to the sigma above it."""
    times = sorted(waits({"firstMs": 200, "sigma": 0.5}))
    assert statistics.median(times) == pytest.approx(200, rel=0.05)
    assert times[round(0.841 * len(times))] == pytest.approx(200 * 2.718**0.5, rel=0.08)


def test_a_longer_prompt_takes_longer_unless_it_is_cached() -> None:
    """By the thousand tokens that are not cached."""
    assert set(waits({"firstMs": 100, "promptMs": 50}, tokens=2000)) == {200.0}
    assert set(waits({"firstMs": 100, "promptMs": 50}, tokens=2000, cached=0.5)) == {150.0}


def test_the_cache_saves_the_share_that_is_set() -> None:
    assert set(waits({"firstMs": 100, "cacheSaves": 0.6}, cached=0.5)) == {70.0}


@pytest.mark.parametrize(("elapsed_s", "times"), [(0, 1.0), (10, 1.0), (15, 2.0), (20, 3.0), (99, 3.0)])
def test_drift_changes_the_median_evenly_between_its_points(elapsed_s: float, times: float) -> None:
    """Before the first point and after the last, theirs holds."""
    drift = (Drift(at_s=10, factor=1), Drift(at_s=20, factor=3))
    assert factor(drift, elapsed_s) == pytest.approx(times)
    settings = {"firstMs": 100, "drift": [point.model_dump(by_alias=True) for point in drift]}
    assert waits(settings, elapsed_s=elapsed_s)[0] == pytest.approx(100 * times)


def test_the_next_turn_of_a_call_finds_its_beginning_cached() -> None:
    """The system prompt is shared by calls, the dialogue is not; a deployment of its own has seen nothing."""
    cache = PromptCache()
    assert cache.share([SYSTEM, ASK]) == 0.0
    second = cache.share([SYSTEM, ASK, SAID, MORE])
    assert 0.8 < second < 1.0
    new = len(str(MORE)) / len(str([SYSTEM, MORE]))
    assert cache.share([SYSTEM, MORE]) == pytest.approx(1 - new, abs=0.02)
    assert PromptCache().share([SYSTEM, ASK, SAID, MORE]) == 0.0
    assert cache.share([]) == 0.0


def test_a_prompt_that_differs_at_the_beginning_finds_nothing() -> None:
    """A prefix is one from the first character on."""
    cache = PromptCache()
    cache.share([SYSTEM, ASK])
    assert cache.share([{**SYSTEM, "content": "Another prompt."}, ASK]) == 0.0
