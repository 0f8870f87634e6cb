"""The library's models, shared between calls."""

import numpy as np
import pytest
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.vad.vad_analyzer import VADState

from understudy.apps.agent.hearing import SAMPLE_RATE, Models, SharedSilero


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


def detector(models: Models) -> SharedSilero:
    silero = models.voice_activity()
    silero.set_sample_rate(SAMPLE_RATE)
    return silero


def hum(milliseconds: int) -> bytes:
    time = np.arange(SAMPLE_RATE * milliseconds // 1000) / SAMPLE_RATE
    return (6000 * np.sin(2 * np.pi * 200 * time)).astype(np.int16).tobytes()


def test_calls_share_a_model_and_not_its_state(models: Models) -> None:
    """One session in memory; what one caller says does not colour what the detector makes of another."""
    first, second = detector(models), detector(models)
    assert first._model.session is second._model.session
    first.voice_confidence(hum(32))
    assert np.any(first._model._state)
    assert not np.any(second._model._state)


async def test_the_level_ends_speech_before_the_detector_does(models: Models) -> None:
    """A detector that still believes in speech is overruled by 160 ms of silence, and not by 140."""
    silero = detector(models)
    silero._run_analyzer = lambda _: silero._vad_state  # type: ignore[method-assign]
    silero._vad_state = VADState.SPEAKING
    assert await silero.analyze_audio(hum(100)) is VADState.SPEAKING
    assert await silero.analyze_audio(bytes(SAMPLE_RATE * 2 * 140 // 1000)) is VADState.SPEAKING
    assert await silero.analyze_audio(bytes(SAMPLE_RATE * 2 * 20 // 1000)) is VADState.QUIET


async def test_silence_alone_is_not_a_stop(models: Models) -> None:
    """While nobody speaks, the level has no say: a start that builds up is not undone."""
    silero = detector(models)
    silero._run_analyzer = lambda _: VADState.STARTING  # type: ignore[method-assign]
    assert await silero.analyze_audio(bytes(SAMPLE_RATE)) is VADState.STARTING


async def test_calls_share_a_judge_and_its_thread(models: Models) -> None:
    """Each call has its own audio; session and thread are the process's."""
    first, second = models.smart_turn(1.0), models.smart_turn(1.0)
    assert first._session is second._session
    assert first._model_executor is second._model_executor
    first.set_sample_rate(SAMPLE_RATE)
    first.append_audio(hum(500), is_speech=True)
    state, _ = await first.analyze_end_of_turn()
    assert state in (EndOfTurnState.COMPLETE, EndOfTurnState.INCOMPLETE)
    assert second._audio_buffer == []
