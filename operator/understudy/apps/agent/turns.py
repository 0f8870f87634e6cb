"""When the caller's turn begins and ends."""

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy, TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_stop.base_user_turn_stop_strategy import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies, UserTurnStrategies

from understudy.apps.agent.hearing import LEVEL_STOP_SECONDS, Models
from understudy.apps.agent.settings import Settings

TURN_STOP_TIMEOUT_SECONDS = 2.0
"""A turn whose transcript never comes ends after this silence, so that the next one can begin. The library's 5 s
leaves a caller who was not understood in silence for too long."""
TRANSCRIPT_P99_SECONDS = 0.35
"""End of speech to final transcript, for a transcript that the proxy did not mark as the answer to `Finalize`:
Deepgram's published 99th percentile. With the mark the turn ends at once."""
FINALIZE_SECONDS = 0.1
"""With `Silence`, how long before the end of the turn the transcriber is told to finalise: what a quick one needs. Any
earlier would cut words apart for nothing, since the turn waits for its silence all the same."""


PROVIDER_STOP_TIMEOUT_SECONDS = 12.0
"""The same where the transcriber ends turns: the longest pause that it may be told to wait for is 10 s."""


def provider_turns() -> LLMUserAggregatorParams:
    """Turns as the transcriber tells them; nothing is judged here."""
    return LLMUserAggregatorParams(
        user_turn_strategies=ExternalUserTurnStrategies(),
        user_turn_stop_timeout=PROVIDER_STOP_TIMEOUT_SECONDS,
    )


def user_turns(models: Models, settings: Settings) -> LLMUserAggregatorParams:
    """How one call tells turns apart."""
    segment = _segment_seconds(settings)
    return LLMUserAggregatorParams(
        vad_analyzer=models.voice_activity(segment),
        user_turn_strategies=UserTurnStrategies(stop=[_stop(models, settings, segment)]),
        user_turn_stop_timeout=TURN_STOP_TIMEOUT_SECONDS,
    )


def _segment_seconds(settings: Settings) -> float:
    """Silence that ends a segment of speech: the shortest with smart-turn, which then judges; later with `Silence`."""
    if settings.end_of_turn == "Silence":
        return max(LEVEL_STOP_SECONDS, settings.end_of_turn_silence_ms / 1000 - FINALIZE_SECONDS)
    return LEVEL_STOP_SECONDS


def _stop(models: Models, settings: Settings, segment: float) -> BaseUserTurnStopStrategy:
    after_vad = max(0.0, settings.end_of_turn_silence_ms / 1000 - segment)
    if settings.end_of_turn == "Silence":
        return SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=after_vad)
    return TurnAnalyzerUserTurnStopStrategy(turn_analyzer=models.smart_turn(after_vad))
