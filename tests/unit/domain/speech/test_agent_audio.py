"""What the agent sends becomes what a provider takes, to the sample."""

import numpy as np
import pytest

from understudy.domain.speech.agent_audio import Encoder
from understudy.domain.speech.codec import Ack, AudioFormat, Traits
from understudy.domain.speech.packing import Packing

MULAW = AudioFormat("mulaw", 8000)
LINEAR = AudioFormat("linear16", 8000)
FRAME = 160


def tone(rate: int, seconds: float = 1.0) -> bytes:
    at = np.arange(round(rate * seconds))
    return (8000 * np.sin(at * 2 * np.pi * 440 / rate)).astype("<i2").tobytes()


@pytest.mark.parametrize("encoding", ["mulaw", "alaw", "linear32"])
def test_there_and_back_is_the_same(encoding: str) -> None:
    """To the steps of the encoding."""
    there = Encoder(LINEAR, AudioFormat(encoding, 8000)).encode(tone(8000))
    back = np.frombuffer(Encoder(AudioFormat(encoding, 8000), LINEAR).encode(there), dtype="<i2").astype(int)
    assert np.max(np.abs(back - np.frombuffer(tone(8000), dtype="<i2"))) <= 260


@pytest.mark.parametrize(("rate", "to"), [(8000, 16_000), (8000, 24_000), (16_000, 8000), (48_000, 16_000)])
def test_times_are_the_same_after_resampling(rate: int, to: int) -> None:
    """Length to the sample, and a click where it was: transcripts' times need no correction."""
    clicks = np.zeros(rate, dtype="<i2")
    clicks[rate // 4] = 30_000
    encoder = Encoder(AudioFormat("linear16", rate), AudioFormat("linear16", to))
    data, step = clicks.tobytes(), rate // 50 * 2
    pieces = [encoder.encode(data[at : at + step]) for at in range(0, len(data), step)]
    out = np.frombuffer(b"".join([*pieces, encoder.encode(b"", last=True)]), dtype="<i2")
    assert len(out) == to
    assert np.argmax(np.abs(out)) == to // 4


def test_two_channels_become_one() -> None:
    stereo = np.array([[1000, 3000]] * 160, dtype="<i2").tobytes()
    mono = Encoder(AudioFormat("linear16", 8000, 2), LINEAR).encode(stereo)
    assert np.frombuffer(mono, dtype="<i2").tolist() == [2000] * 160


def packing(agent: AudioFormat = MULAW, provider: AudioFormat = MULAW, **traits: float) -> Packing:
    return Packing(Traits(Ack.WORD, **traits), agent, provider)  # type: ignore[arg-type]


def test_telephone_frames_pass_untouched() -> None:
    frame = bytes(range(160))
    assert packing().pack(frame) == [frame]


def test_messages_are_neither_too_short_nor_too_long() -> None:
    packer = packing(chunk_min_s=0.05, chunk_max_s=0.1)
    sizes = [len(packed) for size in (160, 160, 160, 1600, 40) for packed in packer.pack(b"\x01" * size)]
    assert all(400 <= size <= 800 for size in sizes)


def test_what_waits_is_sent_before_a_finalize_with_silence_behind_it() -> None:
    """The provider hears all that came before the place, and is told how long the silence is."""
    packer = packing(chunk_min_s=0.05)
    assert packer.pack(b"\x01" * FRAME) == []
    [packed], seconds = packer.flush(finalize=True)
    assert packed == b"\x01" * FRAME + b"\xff" * 240
    assert seconds == pytest.approx(0.03)


def test_finalize_of_too_little_audio_is_padded() -> None:
    packer = packing(finalize_min_s=0.1)
    packer.pack(b"\x01" * FRAME)
    packed, seconds = packer.flush(finalize=True)
    assert (b"".join(packed), seconds) == (b"\xff" * 640, pytest.approx(0.08))
    assert packer.flush(finalize=True)[1] == pytest.approx(0.1)


def test_resampled_audio_is_complete_at_a_finalize() -> None:
    """What the filter holds back belongs to the utterance that ends."""
    packer = packing(LINEAR, AudioFormat("linear16", 16_000))
    packed = packer.pack(tone(8000, 0.5))
    rest, _ = packer.flush(finalize=True)
    assert len(b"".join([*packed, *rest])) == 16_000
