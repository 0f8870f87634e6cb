"""Levels, resampling, WAV files and test tones."""

import math
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

BYTES_PER_SAMPLE = 2
"""Linear samples of 16 bits."""
FULL_SCALE = 32767
"""Largest amplitude of a 16-bit sample."""
AUDIBLE_RMS = 200.0
"""RMS (of 32767) above which a frame counts as sound: 44 dB under full scale, between hiss and a soft voice."""

PEAK = 0.7
"""Speech is brought to this share of full scale, so that every voice is equally loud."""

TONE_HZ = 440.0
"""Pitch of the tone that stands for speech: well inside the telephone's band."""


def samples(pcm: bytes) -> npt.NDArray[np.float32]:
    """PCM as floats of its own scale (±32767)."""
    return np.frombuffer(pcm[: len(pcm) - len(pcm) % BYTES_PER_SAMPLE], dtype="<i2").astype(np.float32)


def to_pcm(values: npt.NDArray[np.float32]) -> bytes:
    """Floats of scale ±32767 as PCM, clipped."""
    return np.clip(values, -FULL_SCALE, FULL_SCALE).astype("<i2").tobytes()


def rms(pcm: bytes) -> float:
    """Root mean square of PCM on the scale ±32767; 0 when there is none."""
    values = samples(pcm)
    return math.sqrt(float(np.dot(values, values)) / len(values)) if len(values) else 0.0


def is_audible(pcm: bytes) -> bool:
    """Whether a listener would call this sound rather than silence."""
    return rms(pcm) > AUDIBLE_RMS


def resample(pcm: bytes, source_hz: int, target_hz: int) -> bytes:
    """A whole recording at another sample rate."""
    if source_hz == target_hz:
        return pcm
    return to_pcm(np.asarray(soxr.resample(samples(pcm), source_hz, target_hz), dtype=np.float32))


def normalise(pcm: bytes) -> bytes:
    """The same sound with its peak at `PEAK`."""
    values = samples(pcm)
    peak = float(np.abs(values).max()) if len(values) else 0.0
    return to_pcm(values * (PEAK * FULL_SCALE / peak)) if peak else pcm


def trim(pcm: bytes, rate: int) -> bytes:
    """The same sound without the silence before and after it, to 10 ms."""
    step = rate // 100 * BYTES_PER_SAMPLE
    loud = [at for at in range(0, len(pcm), step) if is_audible(pcm[at : at + step])]
    return pcm[loud[0] : loud[-1] + step] if loud else b""


def tone(seconds: float, rate: int) -> bytes:
    """A quiet sine: sound for benches, at no cost."""
    at = np.arange(int(seconds * rate), dtype=np.float32)
    return to_pcm((np.sin(at * np.float32(2 * math.pi * TONE_HZ / rate)) * 8000).astype(np.float32))


def write_wav(path: Path, pcm: bytes, rate: int, channels: int = 1) -> None:
    """Write PCM (interleaved when `channels` is 2) as a WAV file."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(BYTES_PER_SAMPLE)
        out.setframerate(rate)
        out.writeframes(pcm)


def wav_bytes(pcm: bytes, rate: int) -> bytes:
    """PCM with a WAV header of unknown length, as streaming services send it."""
    unknown = (0xFFFFFFFF).to_bytes(4, "little")
    byte_rate = (rate * BYTES_PER_SAMPLE).to_bytes(4, "little")
    layout = b"\x10\0\0\0\x01\0\x01\0" + rate.to_bytes(4, "little") + byte_rate + b"\x02\0\x10\0"
    return b"RIFF" + unknown + b"WAVEfmt " + layout + b"data" + unknown + pcm
