"""μ-law, the 8-bit companding of telephone lines (ITU-T G.711), by table."""

import numpy as np
import numpy.typing as npt

SILENCE = 0xFF
"""The μ-law byte of amplitude zero."""

_BIAS = 0x84
_CLIP = 32635


def _decode_table() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = (code >> 4) & 7
    mantissa = code & 0x0F
    magnitude = (((mantissa.astype(np.int32) << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    sample = np.arange(-32768, 32768, dtype=np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    code = (exponent << 4) | mantissa | np.where(sample < 0, 0x80, 0)
    return np.asarray(~code & 0xFF, dtype=np.uint8)


_TO_PCM = _decode_table()
_TO_MULAW = _encode_table()


def decode(mulaw: bytes) -> bytes:
    """One byte a sample → PCM, two bytes a sample."""
    return _TO_PCM[np.frombuffer(mulaw, dtype=np.uint8)].tobytes()


def encode(pcm: bytes) -> bytes:
    """PCM, two bytes a sample → one byte a sample."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32) + 32768
    return _TO_MULAW[samples].tobytes()
