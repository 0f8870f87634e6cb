"""When the caller's turn begins and ends."""

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy, TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_stop.base_user_turn_stop_strategy import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from understudy.apps.agent.hearing import LEVEL_STOP_SECONDS, Models
from understudy.apps.agent.settings import Settings

TURN_STOP_TIMEOUT_SECONDS = 2.0
"""A turn whose transcript never comes ends after this silence, so that the next one can begin. The library's 5 s
leaves a caller who was not understood in silence for too long."""
TRANSCRIPT_P99_SECONDS = 0.35
"""End of speech to final transcript, for a transcript that the proxy did not mark as the answer to `Finalize`:
Deepgram's published 99th percentile. With the mark the turn ends at once."""


def user_turns(models: Models, settings: Settings) -> LLMUserAggregatorParams:
    """How one call tells turns apart."""
    return LLMUserAggregatorParams(
        vad_analyzer=models.voice_activity(),
        user_turn_strategies=UserTurnStrategies(stop=[_stop(models, settings)]),
        user_turn_stop_timeout=TURN_STOP_TIMEOUT_SECONDS,
    )


def _stop(models: Models, settings: Settings) -> BaseUserTurnStopStrategy:
    after_vad = max(0.0, settings.end_of_turn_silence_ms / 1000 - LEVEL_STOP_SECONDS)
    if settings.end_of_turn == "Silence":
        return SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=after_vad)
    return TurnAnalyzerUserTurnStopStrategy(turn_analyzer=models.smart_turn(after_vad))
