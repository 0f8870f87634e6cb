"""Voice activity and the end of a turn, from the library's models, with one copy of each model a process.

As shipped, every call loads its own ONNX sessions (100 ms of a blocked event loop and 50 MB) and starts two threads.
A session's `run` is thread-safe and the recurrent state lives in Python, so calls share sessions and keep own states.
"""

import copy
from concurrent.futures import ThreadPoolExecutor

from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState

from understudy.apps.agent.silence import SilenceMeter

SAMPLE_RATE = 8000
"""Hertz: what the carrier sends. Anything else is a resampler's delay and work for nothing."""

VAD_START_SECONDS = 0.2
"""Speech that counts as speech: shorter interrupts the assistant for every cough."""
LEVEL_STOP_SECONDS = 0.16
"""The shortest silence, by the signal's level, after which a segment of speech ends. It is the largest part of a turn's
latency; below it, the closures of plosives (up to 130 ms) would end segments within words."""
VAD_LAG_SECONDS = 0.04
"""The detector's own verdict comes this much later, so that it decides only where the level cannot: on noisy lines."""
VAD_CONFIDENCE = 0.7
"""Probability of speech, 0 to 1, from which a frame counts as speech: the library's default."""
VAD_MIN_VOLUME = 0.0
"""Loudness, 0 to 1, from which a frame counts as speech. Off: the library's 0.6 misses a "yes" at -20 dBFS, and
measuring loudness costs more than the model does."""


class SharedSilero(SileroVADAnalyzer):
    """Silero on a session that other calls use too, run where it is called, with the level as second opinion.

    One window takes 0.1 ms, which is less than handing it to a thread and back.
    """

    def __init__(self, original: SileroVADAnalyzer, stop_seconds: float) -> None:
        params = original.params.model_copy(update={"stop_secs": stop_seconds + VAD_LAG_SECONDS})
        VADAnalyzer.__init__(self, sample_rate=SAMPLE_RATE, params=params)
        self._stop_seconds = stop_seconds
        self._model = copy.copy(original._model)  # noqa: SLF001
        self._model.reset_states()  # type: ignore[no-untyped-call]
        self._windows_since_reset = 0
        self._low_confidence_windows = 0
        self._silence = SilenceMeter(SAMPLE_RATE)

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """The state after `buffer`: 16-bit PCM of any length."""
        state = self._run_analyzer(buffer)
        self._silence.add(buffer)
        if state in (VADState.SPEAKING, VADState.STOPPING) and self._silence.seconds >= self._stop_seconds:
            self._vad_state = state = VADState.QUIET
            self._vad_stopping_count = 0
        return state

    def _get_smoothed_volume(self, audio: bytes) -> float:  # noqa: ARG002
        return 1.0


class SharedSmartTurn(LocalSmartTurnAnalyzerV3):
    """Smart-turn on a session and a thread that other calls use too.

    A judgement takes 20 ms of a core. On one thread, ten turns that end together are judged one after the other instead
    of slowing each other and the audio of every other call.
    """

    def __init__(self, original: LocalSmartTurnAnalyzerV3, thread: ThreadPoolExecutor, silence_seconds: float) -> None:
        BaseSmartTurn.__init__(self, params=SmartTurnParams(stop_secs=silence_seconds))
        self._session = original._session  # noqa: SLF001
        self._log_data = False
        self._thread = thread

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return self._thread


class Models:
    """The models of a process, loaded once."""

    def __init__(self) -> None:
        params = VADParams(
            confidence=VAD_CONFIDENCE,
            start_secs=VAD_START_SECONDS,
            stop_secs=LEVEL_STOP_SECONDS + VAD_LAG_SECONDS,
            min_volume=VAD_MIN_VOLUME,
        )
        self._silero = SileroVADAnalyzer(sample_rate=SAMPLE_RATE, params=params)
        self._smart_turn = LocalSmartTurnAnalyzerV3()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smart-turn")

    def voice_activity(self, stop_seconds: float = LEVEL_STOP_SECONDS) -> SharedSilero:
        """A detector for one call, whose segments of speech end after `stop_seconds` of silence."""
        return SharedSilero(self._silero, stop_seconds)

    def smart_turn(self, silence_seconds: float) -> SharedSmartTurn:
        """A judge of turn endings for one call.

        Args:
            silence_seconds: silence after which a turn that was judged unfinished ends all the same.
        """
        return SharedSmartTurn(self._smart_turn, self._thread, silence_seconds)
