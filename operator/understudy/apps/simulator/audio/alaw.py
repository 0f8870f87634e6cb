"""A-law, the other 8-bit companding of telephone lines (ITU-T G.711), by table."""

import numpy as np
import numpy.typing as npt


def _decode_table() -> npt.NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code >> 4) & 7
    mantissa = ((code & 0x0F) << 4) + 8
    magnitude = np.where(exponent > 0, (mantissa + 0x100) << np.maximum(exponent - 1, 0), mantissa)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_TO_PCM = _decode_table()


def decode(alaw: bytes) -> bytes:
    """One byte a sample → PCM, two bytes a sample."""
    return _TO_PCM[np.frombuffer(alaw, dtype=np.uint8)].tobytes()
