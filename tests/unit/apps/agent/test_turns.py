"""How a call tells turns apart."""

import pytest
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy, TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies

from understudy.apps.agent.hearing import Models, SharedSilero
from understudy.apps.agent.settings import Settings
from understudy.apps.agent.turns import provider_turns, user_turns


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


@pytest.mark.parametrize(
    ("silence_ms", "segment", "after_vad"), [(1200, 1.1, 0.1), (400, 0.3, 0.1), (200, 0.16, 0.04), (0, 0.16, 0.0)]
)
def test_silence_counts_from_the_last_sound(models: Models, silence_ms: int, segment: float, after_vad: float) -> None:
    """The segment ends just before the turn, so that no word is cut apart earlier than the user's silence demands."""
    params = user_turns(models, Settings(end_of_turn="Silence", end_of_turn_silence_ms=silence_ms))
    assert params.user_turn_strategies
    (stop,) = params.user_turn_strategies.stop or []
    assert isinstance(stop, SpeechTimeoutUserTurnStopStrategy)
    assert stop._user_speech_timeout == pytest.approx(after_vad)
    assert isinstance(params.vad_analyzer, SharedSilero)
    assert params.vad_analyzer._stop_seconds == pytest.approx(segment)
    assert params.vad_analyzer.params.stop_secs > segment


def test_smart_turn_ends_an_unfinished_turn_by_silence(models: Models) -> None:
    """The judge decides; the silence is for what it called unfinished."""
    params = user_turns(models, Settings(end_of_turn_silence_ms=1200))
    assert params.user_turn_strategies
    (stop,) = params.user_turn_strategies.stop or []
    assert isinstance(stop, TurnAnalyzerUserTurnStopStrategy)
    assert stop._turn_analyzer.params.stop_secs == pytest.approx(1.04)
    assert params.user_turn_stop_timeout == 2.0


def test_the_transcriber_ends_turns_without_a_judge_of_ours() -> None:
    """And pauses as long as it may be told to wait for do not end them either."""
    params = provider_turns()
    assert isinstance(params.user_turn_strategies, ExternalUserTurnStrategies)
    assert params.vad_analyzer is None
    assert params.user_turn_stop_timeout == 12.0
