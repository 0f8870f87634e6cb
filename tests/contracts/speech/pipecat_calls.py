"""Running one of Pipecat's transcription services, unmodified, on real speech."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.services.stt_service import STTService
from pipecat.tests.utils import SleepFrame, run_test

RATE = 16_000
PIECE_S = 0.1
"""Audio comes in such pieces, in real time."""

SETTLE_S = 0.5
"""Pipecat gives no event for "the provider has answered" in a one-service pipeline; answers here take milliseconds."""


@dataclass(frozen=True)
class Heard:
    """What came out of the service."""

    finals: list[TranscriptionFrame]
    interims: list[str]
    errors: list[str]

    @property
    def text(self) -> str:
        """All that was said, by the finals."""
        return " ".join(frame.text for frame in self.finals)


def in_real_time(pcm: bytes) -> list[Frame]:
    """Audio as a microphone gives it."""
    size = int(RATE * PIECE_S) * 2
    frames: list[Frame] = []
    for at in range(0, len(pcm), size):
        frames.append(InputAudioRawFrame(audio=pcm[at : at + size], sample_rate=RATE, num_channels=1))
        frames.append(SleepFrame(PIECE_S))
    return frames


async def heard_by(service: STTService, *utterances: bytes, quiet_s: float = 0.4) -> Heard:
    """Say these to the service, each framed by Pipecat's voice detection."""
    frames: list[Frame] = []
    for pcm in utterances:
        spoken = in_real_time(pcm + bytes(int(RATE * quiet_s) * 2))
        frames += [VADUserStartedSpeakingFrame(), *spoken, VADUserStoppedSpeakingFrame(), SleepFrame(SETTLE_S)]
    params = PipelineParams(audio_in_sample_rate=RATE)
    down, up = await run_test(service, frames_to_send=frames, pipeline_params=params, start_timeout=10)
    return _heard(down, up)


def _heard(down: Sequence[Frame], up: Sequence[Frame]) -> Heard:
    return Heard(
        [frame for frame in down if isinstance(frame, TranscriptionFrame)],
        [frame.text for frame in down if isinstance(frame, InterimTranscriptionFrame)],
        [frame.error for frame in (*up, *down) if isinstance(frame, ErrorFrame)],
    )
