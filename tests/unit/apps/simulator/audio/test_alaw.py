"""A-law by known values of ITU-T G.711."""

import pytest

from understudy.apps.simulator.audio import alaw, pcm


@pytest.mark.parametrize(
    ("code", "sample"), [(0xD5, 8), (0x55, -8), (0xD4, 24), (0xC5, 264), (0x80, 5504), (0xAA, 32256), (0x2A, -32256)]
)
def test_known_values(code: int, sample: int) -> None:
    """The smallest, the largest, and some between."""
    assert pcm.samples(alaw.decode(bytes([code]))).tolist() == [sample]
