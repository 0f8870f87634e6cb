"""Silence of a codec's own: how the provider's times become the caller's."""

import pytest

from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.transcribers.timeline import Timeline


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(0.0, 0.0), (1.0, 1.0), (1.25, 1.0), (1.5, 1.0), (2.0, 1.5), (2.5, 2.0), (3.0, 2.0), (4.0, 2.5)],
)
def test_times(theirs: float, ours: float) -> None:
    """A second, half a second of silence, a second, a second of silence, more: each silence is one instant."""
    timeline = Timeline(AudioFormat("mulaw", 8_000))
    timeline.sent(bytes(8_000))
    assert timeline.silence(0.5) == b"\xff" * 4_000
    timeline.sent(bytes(8_000))
    timeline.silence(1.0)
    assert timeline.position == 3.5
    assert timeline.ours(theirs) == ours
