"""What a proxy remembers of its voices."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.voice_memory import VoiceMemory, health_key, speed_of
from understudy.domain.revision.snapshot import Voice

VOICES = tuple(Voice(account=f"a{n}", provider="cartesia", voice_id="v", model="m") for n in range(3))


class FakeCall(SimpleNamespace):
    """As much of a call as is looked at."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def a_call(**fields: Any) -> Call:
    return cast("Call", FakeCall(namespace="ns", better_voice="", **fields))


def accounts(voices: list[Voice]) -> list[str]:
    return [voice.account for voice in voices]


def test_a_call_stays_with_the_voice_that_speaks_it() -> None:
    """And the others follow it in their order, those before it last."""
    memory, call = VoiceMemory(), a_call()
    memory.speaks(call, VOICES[1])
    assert accounts(memory.order(call, VOICES, 0.0)) == ["a1", "a2", "a0"]
    assert accounts(memory.order(a_call(), VOICES, 0.0)) == ["a0", "a1", "a2"]


def test_a_better_model_of_the_same_voice_may_speak() -> None:
    call = a_call()
    call.better_voice = "grand"
    memory = VoiceMemory()
    memory.speaks(call, VOICES[0])
    better = VOICES[0].model_copy(update={"model": "grand"})
    assert memory.order(call, (better, *VOICES), 0.0)[0] is better


def test_new_calls_begin_with_a_voice_that_does_not_fail() -> None:
    """Until a probe found it in order; then one call tries it, and when that works all may."""
    memory = VoiceMemory()
    key = health_key("ns", VOICES[0])
    for _ in range(2):
        memory.health.failed(key, 0.0)
    assert accounts(memory.order(a_call(), VOICES, 1.0)) == ["a1", "a2", "a0"]
    assert memory.health.wants_probe(key, 10.0)
    memory.health.probed(key)
    assert accounts(memory.order(a_call(), VOICES, 11.0))[0] == "a0"
    assert accounts(memory.order(a_call(), VOICES, 11.0))[0] == "a1"
    memory.health.works(key)
    assert accounts(memory.order(a_call(), VOICES, 11.0))[0] == "a0"


def test_failing_voices_are_tried_all_the_same_when_there_is_no_other() -> None:
    memory = VoiceMemory()
    for _ in range(2):
        memory.health.failed(health_key("ns", VOICES[0]), 0.0)
    assert accounts(memory.order(a_call(), VOICES[:1], 1.0)) == ["a0"]


@pytest.mark.parametrize(
    ("settings", "speed"),
    [({}, 1.0), ({"speed": 1.2}, 1.2), ({"generation_config": {"speed": 1.5}}, 1.5), ({"speed": "fast"}, 1.0)],
)
def test_speed_that_a_voice_is_asked_for(settings: dict[str, Any], speed: float) -> None:
    assert speed_of(VOICES[0].model_copy(update={"settings": settings})) == speed


def test_voices_are_told_apart_and_lend_each_other_what_is_known() -> None:
    """By account, voice, model and speed; what is not known of one is taken from its provider's others."""
    other = VOICES[0].model_copy(update={"model": "n"})
    memory = VoiceMemory()
    for _ in range(3):
        memory.began("ns", VOICES[0], 0.6)
    memory.began("ns", other, 0.1)
    assert memory.onset("ns", VOICES[0]).mean == pytest.approx(0.6)
    assert memory.onset("ns", other).mean == pytest.approx(0.475)
    assert memory.onset("ns", other.model_copy(update={"provider": "openai", "account": "b"})).seen == 0
    assert memory.onset("ns", VOICES[0], "open").seen == 0
    assert memory.tempo("ns", other) is not memory.tempo("ns", VOICES[0])
    for _ in range(3):
        memory.tempo("ns", VOICES[0]).learn("One moment please.", 2.0)
    assert memory.tempo("elsewhere", VOICES[0]).least("One moment please.") > 0.9
