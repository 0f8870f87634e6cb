"""Azure's codec on real sockets against the simulator: turns, settings, and what goes wrong."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, PIECE_S, Line, asked, codec_for, listening, speech
from understudy.apps.simulator.audio import pcm
from understudy.domain.speech.codec import AudioFormat, Failure

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("linear16", 8_000), AudioFormat("mulaw", 8_000))

NEVER_SILENT_S = 0.2
"""Pause before a `finalize`: shorter than what ends a phrase by itself."""

TOLERANCE_S = 0.25
"""Between where a word is recognised and where it was said."""

AT_ONCE = {"transcriber": {"recogniser": "Script", "aheadS": 1000}}
"""Audio may come as fast as it can, and costs nothing to recognise."""


@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_what_was_said_is_final_once_and_each_finalize_answered(serve: Serve, agent: AudioFormat) -> None:
    """Two turns on one connection: each final says all, answers, and is timed on the connection's clock."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("azure", simulator.url("acme")), agent) as line,
    ):
        sent_s, said_s = 0.0, []
        for text in (FIRST, SECOND):
            sound = await speech(text, line.audio.sample_rate)
            said_s.append(sent_s)
            await line.say(sound, rate=2)
            await line.quiet(NEVER_SILENT_S)
            await line.finalize()
            sent_s += len(sound) / 2 / line.audio.sample_rate + NEVER_SILENT_S
            assert line.finals[-1].from_finalize
            assert line.finals[-1].end == pytest.approx(sent_s, abs=0.001)
    assert line.audio == agent
    assert [final.text for final in line.finals] == [FIRST, SECOND]
    assert line.answers() == 2
    for final, began in zip(line.finals, said_s, strict=True):
        assert " ".join(word.text for word in final.words) == final.text
        assert final.words[0].start == pytest.approx(began, abs=TOLERANCE_S)


async def test_interims_lead_up_to_the_final(serve: Serve) -> None:
    """At least two guesses, the last of them nearly the final."""
    async with serve() as simulator, listening(codec_for("azure", simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate), rate=2)
        await line.quiet(NEVER_SILENT_S)
        await line.finalize()
    interims = [result.text for result in line.results if not result.final]
    assert len(interims) >= 2
    assert interims[-1] == FIRST


async def test_nothing_is_lost_of_what_is_said_while_a_turn_ends(serve: Serve) -> None:
    """Azure takes its time; the caller speaks on, and finalises again: audio waits for its turn and keeps its place."""
    async with (
        serve(acme={"transcriber": {"latencyMs": 700}}) as simulator,
        listening(codec_for("azure", simulator.url("acme"))) as line,
    ):
        began = 0.0
        for text in (FIRST, SECOND, FIRST):
            began += len(sound := await speech(text, line.audio.sample_rate)) / 2 / line.audio.sample_rate
            await line.say(sound, rate=2)
            await line.quiet(NEVER_SILENT_S)
            began += NEVER_SILENT_S
            await line.send(line.codec.finalize())
        await line.until(lambda: line.answers() == 3)
    assert [final.text for final in line.finals] == [FIRST, SECOND, FIRST]
    assert line.finals[-1].end == pytest.approx(began, abs=0.001)


async def test_a_finalize_without_speech_is_flushed(serve: Serve) -> None:
    """Answered, with no text: in silence, and with no audio at all."""
    async with serve() as simulator, listening(codec_for("azure", simulator.url("acme"))) as line:
        await line.quiet(0.3)
        await line.finalize()
        await line.finalize()
    assert (line.answers(), line.text) == (2, "")


async def test_finishing_gives_what_was_not_final_yet(serve: Serve) -> None:
    """Without answering a `finalize` that nobody asked for."""
    async with serve() as simulator, listening(codec_for("azure", simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate), rate=2)
        await line.send(line.codec.finish())
        await line.until(lambda: bool(line.finals))
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, False)]


async def test_replay_may_come_twice_as_fast_as_real_time_and_not_faster(serve: Serve) -> None:
    """After the five seconds that may come at once."""
    async with serve(acme={"transcriber": {"recogniser": "Script"}}) as simulator:
        async with listening(codec_for("azure", simulator.url("acme"))) as line:
            await line.say(bytes(7 * line.audio.bytes_per_second), rate=line.codec.traits.replay_rate)
            assert not line.failed()
        async with listening(codec_for("azure", simulator.url("acme"))) as line:
            with contextlib.suppress(ConnectionError):
                for _ in range(70):
                    await line.send(line.codec.send(bytes(int(PIECE_S * line.audio.bytes_per_second))))
            await line.until(line.failed)


@pytest.mark.parametrize(
    ("settings", "segmentation"),
    [
        ({}, {}),
        ({"segmentationSilenceTimeoutMs": 900}, {"mode": "Custom", "segmentationSilenceTimeoutMs": 900}),
        ({"segmentationMaximumTimeMs": 20_000}, {"mode": "Custom", "segmentationForcedTimeoutMs": 20_000}),
        ({"segmentationStrategy": "Default"}, {"mode": "Normal"}),
        ({"segmentationStrategy": "Time"}, {"mode": "Custom"}),
        (
            {"segmentationStrategy": "Semantic", "segmentationSilenceTimeoutMs": 900},
            {"mode": "Semantic", "segmentationSilenceTimeoutMs": 900},
        ),
    ],
)
async def test_settings_are_seen_on_the_wire(
    serve: Serve, settings: dict[str, Any], segmentation: dict[str, Any]
) -> None:
    """Under Azure's names; a number implies the mode in which it counts."""
    async with serve() as simulator:
        codec = codec_for("azure", simulator.url("acme"), language="de-DE", settings=settings)
        async with listening(codec) as line:
            await line.quiet(0.1)
            await line.finalize()
        detection = asked(simulator)["context"]["phraseDetection"]
    assert detection.get("conversation", {}).get("segmentation", {}) == segmentation
    assert detection["language"] == "de-DE"


def loud(line: Line, seconds: float) -> bytes:
    """Sound that never pauses."""
    return pcm.tone(seconds, line.audio.sample_rate)


@pytest.mark.parametrize(
    ("settings", "pause_s", "phrases"),
    [
        ({}, 0.6, 2),
        ({}, 0.4, 1),
        ({"segmentationSilenceTimeoutMs": 300}, 0.4, 2),
        ({"segmentationSilenceTimeoutMs": 900}, 0.6, 1),
        ({"segmentationStrategy": "Semantic"}, 0.6, 1),
        ({"segmentationStrategy": "Time"}, 0.6, 2),
    ],
)
async def test_a_pause_ends_a_phrase_as_the_settings_say(
    serve: Serve, settings: dict[str, Any], pause_s: float, phrases: int
) -> None:
    """Azure's default is 500 ms; Semantic wants more than a pause."""
    async with (
        serve(acme=AT_ONCE) as simulator,
        listening(codec_for("azure", simulator.url("acme"), settings=settings)) as line,
    ):
        await line.say(loud(line, 1.0) + bytes(int(pause_s * line.audio.bytes_per_second)), rate=100)
        await line.say(loud(line, 1.0), rate=100)
        await line.finalize()
    assert len(line.finals) == phrases
    assert [final.from_finalize for final in line.finals] == [False] * (phrases - 1) + [True]


@pytest.mark.parametrize(("settings", "phrases"), [({"segmentationMaximumTimeMs": 20_000}, 2), ({}, 1)])
async def test_a_phrase_is_as_long_as_the_settings_allow(serve: Serve, settings: dict[str, Any], phrases: int) -> None:
    """25 s without a pause: cut at 20 s where that is the limit; Azure's own is 30 s."""
    async with (
        serve(acme=AT_ONCE) as simulator,
        listening(codec_for("azure", simulator.url("acme"), settings=settings)) as line,
    ):
        await line.say(loud(line, 25.0), rate=1000)
        await line.finalize()
    assert len(line.finals) == phrases
    assert line.finals[-1].end == pytest.approx(25.0)


@pytest.mark.parametrize("settings", [{"segmentationSilenceTimeoutMs": 50}, {"segmentationMaximumTimeMs": 90_000}])
async def test_numbers_out_of_range_are_refused(serve: Serve, settings: dict[str, Any]) -> None:
    """The simulator is as strict as the service's documentation."""
    async with serve() as simulator, listening(codec_for("azure", simulator.url("acme"), settings=settings)) as line:
        await line.quiet(0.1)
        await line.until(line.failed)
    assert line.socket.close_code == 1007


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    """Before the socket is open."""
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for("azure", simulator.url("acme"))):
                pass
    assert caught.value.status == 401


async def test_an_error_in_mid_stream_is_a_failure(serve: Serve) -> None:
    """The phrase's status is the reason."""
    async with (
        serve(acme={"faults": [{"kind": "error", "atMs": 300}]}) as simulator,
        listening(codec_for("azure", simulator.url("acme"))) as line,
    ):
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await line.quiet(1.0)
        await line.until(line.failed)
    failures = [event for event in line.events if isinstance(event, Failure)]
    assert failures == [Failure("the provider reported Error", transient=True)]


async def test_a_deaf_azure_answers_nothing(serve: Serve) -> None:
    """Not even the end of a turn."""
    async with (
        serve(acme={"faults": [{"kind": "no-output", "atMs": 300}]}) as simulator,
        listening(codec_for("azure", simulator.url("acme"))) as line,
    ):
        await line.say(await speech(FIRST, line.audio.sample_rate), rate=2)
        await line.send(line.codec.finalize())
        with pytest.raises(TimeoutError):
            await line.until(lambda: line.answers() == 1, seconds=0.3)
