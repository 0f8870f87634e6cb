"""The parts of a caller that need no line: playback, TwiML, resemblance, dialogues, recording."""

import random
import wave
from pathlib import Path

import numpy as np
import pytest

from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.caller import dialogue, record, resemblance
from understudy.apps.simulator.caller.media import SILENT_FRAME, Outbound, encoded_frames, parse_twiml
from understudy.apps.simulator.caller.playback import Playback
from understudy.base.errors import InvalidInput

TONE = mulaw.encode(pcm.tone(1.0, 8000))
SILENCE = b"\xff" * 1600


def test_audio_is_played_one_after_the_other_and_heard_from_the_first_sound_on() -> None:
    """Silence before the sound is not yet an answer; what arrives early waits its turn."""
    playback = Playback()
    playback.receive(SILENCE, now=10.0)
    assert playback.first_audible is None
    playback.receive(TONE, now=10.05)
    assert playback.first_audible == 10.05
    assert playback.ends_at == pytest.approx(11.2)
    assert not playback.is_quiet(11.1, 0)
    assert not playback.is_quiet(11.5, 600)
    assert playback.is_quiet(11.9, 600)


def test_clear_drops_what_was_not_played_and_returns_its_marks_at_once() -> None:
    """As Twilio does."""
    playback = Playback()
    playback.receive(TONE, now=1.0)
    playback.mark("end")
    assert playback.marks_due(1.5) == []
    playback.clear(now=1.5)
    assert playback.marks_due(1.5) == ["end"]
    assert playback.marks_due(9.0) == []
    assert len(playback.answer()) / 2 == pytest.approx(4000, abs=2)
    assert playback.is_quiet(1.5, 0)


def test_a_mark_comes_back_when_its_audio_was_played() -> None:
    """Not before."""
    playback = Playback()
    playback.receive(TONE, now=1.0)
    playback.mark("end")
    assert playback.marks_due(1.99) == []
    assert playback.marks_due(2.0) == ["end"]


def test_audio_that_comes_late_within_an_answer_is_a_gap() -> None:
    """The silence between two answers is none."""
    playback = Playback()
    playback.receive(TONE, now=1.0)
    playback.receive(TONE, now=2.25)
    playback.listen()
    playback.receive(TONE, now=9.0)
    assert playback.gaps_ms == [pytest.approx(250)]


def test_twiml_gives_the_stream_and_its_parameters() -> None:
    """`<Connect><Stream>` with escaped values."""
    target = parse_twiml(
        '<?xml version="1.0"?><Response><Connect><Stream url="wss://h/media?a=1&amp;b=2">'
        '<Parameter name="p" value="v"/></Stream></Connect><Redirect>/again</Redirect></Response>'
    )
    assert (target.url, target.parameters) == ("wss://h/media?a=1&b=2", {"p": "v"})


@pytest.mark.parametrize(
    "text", ["", "nonsense", "<Response><Say>no</Say></Response>", "<Response><Connect/></Response>"]
)
def test_twiml_without_a_stream_is_refused(text: str) -> None:
    """Whatever it is instead."""
    with pytest.raises(InvalidInput):
        parse_twiml(text)


def test_messages_number_their_frames() -> None:
    """Sequence numbers count everything, chunks and timestamps the audio."""
    outbound = Outbound("MZ1", "CA1", {"token": "t"})
    assert '"customParameters": {"token": "t"}' in outbound.start()
    assert '"chunk":"1","timestamp":"20"' in outbound.media(SILENT_FRAME)
    last = outbound.media(SILENT_FRAME)
    assert '"sequenceNumber":"3"' in last
    assert '"chunk":"2","timestamp":"40"' in last


def test_frames_are_twenty_milliseconds_the_last_one_filled_up() -> None:
    """161 samples are two frames."""
    frames = encoded_frames(bytes(2 * 161))
    assert frames == [SILENT_FRAME, SILENT_FRAME]


def test_an_answer_is_known_again_by_its_shape_and_others_are_not() -> None:
    """The same sentence after a delivery with other pauses around it; another one of the same length."""
    draw = np.random.default_rng(1)

    def sentence(loudness: np.ndarray) -> bytes:
        return pcm.to_pcm(np.repeat(loudness, 160).astype(np.float32) * draw.normal(1, 0.1, len(loudness) * 160))

    first, second = draw.uniform(2000, 9000, 80), draw.uniform(2000, 9000, 80)
    heard = resemblance.envelope(sentence(first))
    assert resemblance.same(heard, resemblance.envelope(bytes(1600) + sentence(first) + bytes(3200)))
    assert not resemblance.same(heard, resemblance.envelope(sentence(second)))
    assert not resemblance.same(heard, resemblance.envelope(sentence(first[:60])))
    assert not resemblance.same(heard, resemblance.envelope(b""))


def test_dialogues_are_chosen_by_name_or_by_the_seed() -> None:
    """All of them turn up; an unknown name is refused with the known ones."""
    known = dialogue.load()
    drawn = {dialogue.choose(known, [], random.Random(seed)).name for seed in range(200)}
    assert drawn == {part.name for part in known}
    assert dialogue.choose(known, ["menu"], random.Random(1)).name == "menu"
    with pytest.raises(InvalidInput, match="hours"):
        dialogue.choose(known, ["opera"], random.Random(1))


def test_a_line_may_interrupt() -> None:
    """`{say, bargeInAfterMs}` beside plain text."""
    part = dialogue.parse({"name": "rude", "lines": ["hello", {"say": "stop", "bargeInAfterMs": 300}]})
    assert [line.barge_in_after_ms for line in part.lines] == [None, 300]
    with pytest.raises(InvalidInput):
        dialogue.parse({"name": "none"})


def test_the_recording_has_the_caller_left_and_the_assistant_right_at_their_times(tmp_path: Path) -> None:
    """Half a second of the caller from 0.5 s on, one second of the assistant from 2 s on."""
    playback = Playback()
    playback.receive(TONE, now=12.0)
    frames = encoded_frames(pcm.tone(0.5, 8000))
    sent = [(10.5 + 0.02 * number + 0.003 * (number % 2), frame) for number, frame in enumerate(frames)]
    path = tmp_path / "call.wav"
    record.write_stereo(path, sent, playback.played, opened=10.0, seconds=4.0)
    with wave.open(str(path)) as read:
        assert (read.getnchannels(), read.getframerate(), read.getnframes()) == (2, 8000, 40_000)
        both = np.frombuffer(read.readframes(40_000), "<i2").reshape(-1, 2)
    loud = np.abs(both).reshape(-1, 400, 2).max(axis=1) > 1000
    assert [int(at) for at in np.flatnonzero(loud[:, 0])] == list(range(10, 20))
    assert [int(at) for at in np.flatnonzero(loud[:, 1])] == list(range(40, 60))
