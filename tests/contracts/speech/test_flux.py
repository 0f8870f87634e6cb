"""Deepgram Flux: our codec, Pipecat's service and Deepgram's SDK, all against the simulator."""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own use of websockets
    from deepgram import AsyncDeepgramClient
    from deepgram.core.api_error import ApiError
    from deepgram.core.events import EventType
    from deepgram.environment import DeepgramClientEnvironment

from tests.contracts.simulator.conftest import Serve, until
from tests.contracts.speech.driver import KEY, asked, codec_for, listening, speech
from tests.contracts.speech.pipecat_calls import heard_by
from understudy.apps.simulator.audio import numbered
from understudy.apps.simulator.server import Simulator
from understudy.domain.speech.codec import AudioFormat, Flushed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients' own use of websockets

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
MODEL = "flux-general-en"
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("mulaw", 8_000))

SHORT_S = 0.2
"""Pause that is no end of a turn to Flux."""

TOLERANCE_S = 0.25
"""Between where a turn ends and where it was said to."""


@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_each_finalize_ends_a_turn_with_all_that_was_said(serve: Serve, agent: AudioFormat) -> None:
    """Two utterances: each final answers, says all, and covers its own time."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for("deepgram", simulator.url("acme", "ws"), model=MODEL), agent) as line,
    ):
        spoken_s = 0.0
        for text in (FIRST, SECOND):
            sound = await speech(text, line.audio.sample_rate)
            await line.say(sound)
            await line.quiet(SHORT_S)
            await line.finalize()
            spoken_s += len(sound) / 2 / line.audio.sample_rate + SHORT_S
            assert line.finals[-1].from_finalize
            assert not line.finals[-1].ends_turn
            assert line.finals[-1].end == pytest.approx(spoken_s, abs=TOLERANCE_S)
        await line.send(line.codec.finish())
        await line.until(lambda: line.socket.closed)
    assert [final.text for final in line.finals] == [FIRST, SECOND]
    interims = [result.text for result in line.results if not result.final]
    assert len(interims) >= 4
    assert line.finals[1].start == line.finals[0].end
    assert [word.text for word in line.finals[0].words] == FIRST.split()


async def test_a_finalize_without_speech_is_answered_when_flux_got_there(serve: Serve) -> None:
    """Flux ignores it, and says with the audio after it that there was nothing."""
    async with serve() as simulator, listening(codec_for("deepgram", simulator.url("acme"), model=MODEL)) as line:
        await line.quiet(0.3)
        await line.send(line.codec.finalize())
        await line.quiet(0.5)
        await line.until(lambda: Flushed() in line.events)
    assert (line.text, line.answers()) == ("", 1)


async def test_what_flux_had_not_heard_comes_with_the_next_turn(serve: Serve) -> None:
    """Told to end a turn in mid-word, it ends it before the word; the codec ends the turn with the rest at once."""
    async with (
        serve(acme={"transcriber": {"recogniser": "Index"}}) as simulator,
        listening(codec_for("deepgram", simulator.url("acme"), model=MODEL)) as line,
    ):
        said = numbered.speech([1, 2, 3, 4], line.audio.sample_rate)
        await line.say(said)
        await line.send(line.codec.finalize())
        await line.quiet(0.1)
        await line.send(line.codec.finalize())
        await line.quiet(0.6)
        await line.until(lambda: line.answers() >= 2)
    assert line.text == "w1 w2 w3 w4"
    ends = [final.end or 0 for final in line.finals]
    assert ends == sorted(ends)


async def ended_after(serve: Serve, model: str = MODEL, **settings: Any) -> float:
    """Seconds of silence after which Flux ends a turn by itself, where 0.7 sure takes it 700 ms."""
    async with (
        serve(acme={"transcriber": {"endpointingMs": 700}}) as simulator,
        listening(codec_for("deepgram", simulator.url("acme"), model=model, settings=settings)) as line,
    ):
        sound = await speech(FIRST, line.audio.sample_rate)
        await line.say(sound)
        await line.quiet(1.2)
        await line.until(lambda: bool(line.finals))
        [final] = line.finals
        assert (final.text, final.ends_turn, final.from_finalize) == (FIRST, True, False)
        assert final.end is not None
        return final.end - len(sound) / 2 / line.audio.sample_rate


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, 0.7),
        ({"eotThreshold": 0.5}, 0.5),
        ({"eotThreshold": 0.9}, 0.9),
        ({"eotThreshold": 0.9, "eotTimeoutMs": 600}, 0.6),
    ],
)
async def test_settings_decide_when_a_turn_is_over(serve: Serve, settings: dict[str, Any], seconds: float) -> None:
    """A surer end comes later, and never after the timeout."""
    assert await ended_after(serve, **settings) == pytest.approx(seconds, abs=0.1)


async def test_other_settings_reach_flux(serve: Serve) -> None:
    """The words to listen for, and smartFormat by the name it has there."""
    settings = {"keyterm": ["Zum Anker", "Tisch"], "smartFormat": True}
    fields = {"model": "flux-general-multi", "language": "de-DE", "settings": settings}
    async with serve() as simulator, listening(codec_for("deepgram", simulator.url("acme"), **fields)):
        wanted = asked(simulator)
    assert (wanted["keyterm"], wanted["language_hint"]) == (["Zum Anker", "Tisch"], ["de"])
    assert (wanted["numerals"], wanted["model"]) == ("true", "flux-general-multi")


@pytest.mark.parametrize(
    ("account", "settings", "status"),
    [({"apiKeys": ["another"]}, {}, 401), ({}, {"eotThreshold": 0.3}, 400), ({}, {"endpointing": 300}, 400)],
)
async def test_what_flux_refuses(serve: Serve, account: dict[str, Any], settings: dict[str, Any], status: int) -> None:
    """Before the socket is open: a wrong key, a number out of range, a parameter of nova's."""
    async with serve(acme=account) as simulator:
        codec = codec_for("deepgram", simulator.url("acme"), model=MODEL, settings=settings)
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec):
                pass
    assert caught.value.status == status


def _noting(turns: list[str], event: str) -> Any:
    """A handler of Pipecat's, which may be given anything."""

    async def note(*_: Any) -> None:
        turns.append(event)

    return note


async def test_pipecats_service(serve: Serve) -> None:
    """The turn as one transcript, with Flux's own start and end of it, and no error."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator:
        service = DeepgramFluxSTTService(
            api_key=KEY,
            url=f"{simulator.url('acme', 'ws')}/v2/listen",
            settings=DeepgramFluxSTTService.Settings(
                model=MODEL, keyterm=["opening hours"], eot_threshold=0.8, eager_eot_threshold=0.5
            ),
        )
        turns: list[str] = []
        for event in ("on_start_of_turn", "on_eager_end_of_turn", "on_end_of_turn"):
            service.add_event_handler(event, _noting(turns, event))
        heard = await heard_by(service, await speech(FIRST, 16_000), await speech(SECOND, 16_000), quiet_s=0.8)
        wanted = asked(simulator)
    assert heard.text == f"{FIRST} {SECOND}"
    assert heard.errors == []
    assert (wanted["eot_threshold"], wanted["keyterm"]) == ("0.8", ["opening hours"])
    assert turns == ["on_start_of_turn", "on_eager_end_of_turn", "on_end_of_turn"] * 2


@contextlib.asynccontextmanager
async def sdk(simulator: Simulator, key: str = KEY, **options: Any) -> AsyncIterator[tuple[Any, list[Any]]]:
    """A connection of Deepgram's SDK, and what it receives."""
    environment = DeepgramClientEnvironment(
        base=simulator.url("acme"),
        production=simulator.url("acme", "ws"),
        agent=simulator.url("acme", "ws"),
        agent_rest=simulator.url("acme"),
    )
    client = AsyncDeepgramClient(api_key=key, environment=environment)
    messages: list[Any] = []
    async with client.listen.v2.connect(model=MODEL, encoding="linear16", sample_rate="16000", **options) as connection:
        connection.on(EventType.MESSAGE, messages.append)
        reading = asyncio.create_task(connection.start_listening())
        try:
            yield connection, messages
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_deepgrams_sdk(serve: Serve) -> None:
    """Its own types hold every message, a turn is forced to its end, and `Configure` is answered."""
    sound = await speech(FIRST, 16_000) + bytes(round(32_000 * SHORT_S))
    async with (
        serve(acme={"apiKeys": [KEY], "transcriber": {"aheadS": 60}}) as simulator,
        sdk(simulator) as (connection, messages),
    ):
        for at in range(0, len(sound), 3200):
            await connection.send_media(sound[at : at + 3200])
        await connection.send_force_end_turn()
        await until(lambda: any(getattr(message, "event", "") == "EndOfTurn" for message in messages))
        await connection.send_configure({"type": "Configure", "thresholds": {"eot_threshold": 0.9}})
        await connection.send_configure({"type": "Configure", "thresholds": {"eot_threshold": 0.1}})
        await until(lambda: messages[-1].type == "ConfigureFailure")
        await connection.send_close_stream()
    assert messages[0].type == "Connected"
    assert [message.sequence_id for message in messages] == list(range(len(messages)))
    [last] = [message for message in messages if getattr(message, "event", "") == "EndOfTurn"]
    assert (last.transcript, last.trigger) == (FIRST, "manual")
    assert [word.word for word in last.words] == FIRST.split()
    [changed] = [message for message in messages if message.type == "ConfigureSuccess"]
    assert changed.thresholds.eot_threshold == 0.9


async def test_deepgrams_sdk_is_told_why_it_is_refused(serve: Serve) -> None:
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(ApiError) as caught:
            async with sdk(simulator):
                pass
    assert caught.value.status_code == 401
