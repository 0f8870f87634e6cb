"""What a golden call's caller hears, and when."""

import pytest

from understudy.apps.proxy.replay.ear import Ear
from understudy.domain.calls.loudness import RATE, SILENCE

LOUD, QUIET = b"\x00" * RATE, SILENCE * RATE
"""A second."""


def test_audio_is_heard_behind_what_is_still_playing() -> None:
    """Two seconds sent at once sound for two seconds; inaudible ones are no answer."""
    ear = Ear(now=10.0)
    ear.sent(QUIET, 10.0)
    assert ear.heard_from is None
    ear.sent(LOUD, 10.1)
    ear.sent(QUIET, 10.1)
    assert (ear.heard_from, ear.heard_until, ear.plays_until) == (11.0, 12.0, 13.0)
    assert ear.quiet_s(11.5) == 0.0
    assert ear.quiet_s(12.5) == pytest.approx(0.5)


def test_listening_anew_forgets_the_answer_before() -> None:
    ear = Ear(now=0.0)
    ear.sent(LOUD, 0.0)
    ear.listen()
    assert ear.heard_from is None
    ear.sent(LOUD, 5.0)
    assert ear.heard_from == 5.0


def test_what_is_cleared_is_not_heard_and_was_no_answer() -> None:
    """An agent clears because the caller goes on: the answer is still to come."""
    ear = Ear(now=0.0)
    ear.sent(LOUD * 3, 0.0)
    ear.cleared(1.0)
    assert (ear.heard_from, ear.plays_until, ear.quiet_s(1.5)) == (None, 1.0, pytest.approx(0.5))
