"""A connection's seconds are the agent's samples, whatever was added or is missing."""

import pytest

from understudy.domain.speech.codec import BURST_S
from understudy.domain.speech.connection_time import ConnectionTime
from understudy.domain.speech.pacing import LEAST_S, Pacing
from understudy.domain.speech.replay import KEPT_S, AudioLog
from understudy.domain.speech.speech_spans import SpeechSpans

from .listening_world import AUDIO, RATE


def test_begins_where_the_connection_began() -> None:
    time = ConnectionTime(800, RATE)
    time.fed(RATE)
    assert [time.position(seconds) for seconds in (0.0, 0.5, 1.0)] == [800, 4800, 8800]


def test_never_behind_what_was_given() -> None:
    """Providers round."""
    time = ConnectionTime(0, RATE)
    time.fed(RATE)
    assert time.position(1.04) == RATE


@pytest.mark.parametrize(("seconds", "position"), [(0.5, 4000), (1.0, 8000), (1.2, 8000), (1.5, 8000), (2.0, 12_000)])
def test_silence_of_ours_takes_none_of_the_agents_time(seconds: float, position: int) -> None:
    time = ConnectionTime(0, RATE)
    time.fed(RATE)
    time.silence(0.5)
    time.fed(RATE)
    assert time.position(seconds) == position


def test_missing_audio_is_skipped() -> None:
    time = ConnectionTime(0, RATE)
    time.fed(RATE)
    time.skip_to(3 * RATE)
    time.fed(RATE)
    assert time.position(1.5) == round(3.5 * RATE)


def test_log_gives_back_what_it_was_given() -> None:
    log = AudioLog(AUDIO)
    log.add(bytes(range(200)))
    assert log.read(10, 20) == bytes(range(20, 40))
    log.forget(15)
    assert (log.first, log.heard, log.read(15, 20)) == (15, 100, bytes(range(30, 40)))


def test_log_is_bounded_and_says_what_it_lost() -> None:
    log = AudioLog(AUDIO)
    for _ in range(int(KEPT_S) + 2):
        log.add(bytes(AUDIO.bytes_per_second))
    assert log.lost == 2 * RATE
    assert (log.first, log.heard) == (2 * RATE, (int(KEPT_S) + 2) * RATE)


def test_spans_of_speech() -> None:
    spans = SpeechSpans()
    for start, end in ((10, 20), (20, 30), (50, 60)):
        spans.add(start, end)
    assert [spans.between(*where) for where in ((0, 100), (15, 25), (30, 50), (55, 100))] == [30, 10, 0, 5]
    assert [spans.first_after(position) for position in (0, 15, 30, 60)] == [10, 15, 50, None]
    spans.forget(40)
    assert spans.between(0, 100) == 10


@pytest.mark.parametrize("burst_s", [BURST_S, 5.0])
def test_replay_is_as_fast_as_allowed_after_a_burst(burst_s: float) -> None:
    pacing, sent, now = Pacing(2.0, 0.0, burst_s), 0.0, 0.0
    while now < 10.0:
        while (allowed := pacing.allows(now)) > 0.0:
            pacing.sent(allowed)
            sent += allowed
        now += max(pacing.wait_s, 0.001)
    assert sent == pytest.approx(20.0 + burst_s, abs=2 * LEAST_S)


def test_live_audio_is_never_held_up() -> None:
    pacing = Pacing(1.25, 0.0)
    for frame in range(500):
        assert pacing.allows(frame * 0.02) >= 0.02
        pacing.sent(0.02)
