"""When each character of ElevenLabs' voices sounds, chunk by chunk."""

import pytest

from understudy.apps.simulator.voice.elevenlabs_context import Letters
from understudy.apps.simulator.voice.elevenlabs_query import asked, complaint

TEXT = "one two "
"""Eight characters over 0.8 s: 100 ms each."""


def test_each_chunk_has_the_characters_that_begin_in_it() -> None:
    """Their times count from the chunk's own beginning."""
    letters = Letters(TEXT, 0.8)
    first, second, third = letters.next(0.3), letters.next(0.3), letters.next(0.2)
    assert [one and "".join(one["chars"]) for one in (first, second, third)] == ["one", " tw", "o "]
    assert second == {"chars": [*" tw"], "charStartTimesMs": [0, 100, 200], "charDurationsMs": [100] * 3}
    assert letters.next(0.1) is None


def test_none_is_lost_or_twice_however_the_chunks_fall() -> None:
    letters = Letters(TEXT, 0.8)
    found = [letters.next(0.07) for _ in range(12)]
    assert "".join("".join(one["chars"]) for one in found if one) == TEXT
    assert all(start >= 0 for one in found if one for start in one["charStartTimesMs"])


def test_all_may_come_with_the_first_chunk() -> None:
    letters = Letters(TEXT, 0.8, whole=True)
    first = letters.next(0.1)
    assert first is not None
    assert "".join(first["chars"]) == TEXT
    assert first["charStartTimesMs"][-1] == 700
    assert letters.next(0.1) is None


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"output_format": "pcm_24000"}, None),
        ({}, "output_format must be pcm or ulaw_8000: others are not simulated"),
        ({"output_format": "pcm_24000", "auto_mode": "1"}, "auto_mode"),
        ({"output_format": "pcm_24000", "inactivity_timeout": "181"}, "inactivity_timeout"),
        ({"output_format": "pcm_24000", "language_code": "de"}, "this model takes no language_code"),
        ({"output_format": "pcm_24000", "language_code": "de", "model_id": "eleven_flash_v2_5"}, None),
        ({"output_format": "pcm_24000", "voice": "anna"}, "unknown parameter voice"),
    ],
)
def test_what_is_refused_in_the_url(query: dict[str, str], wrong: str | None) -> None:
    assert complaint(query) == wrong


def test_what_is_asked_for_in_the_url() -> None:
    found = asked("anna", {"output_format": "ulaw_8000", "auto_mode": "true"})
    assert (found.voice_id, found.encoding, found.rate, found.auto, found.synced) == (
        "anna",
        "mulaw",
        8000,
        True,
        False,
    )
    assert found.idle_s == 20
