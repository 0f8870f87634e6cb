"""Deepgram's own SDK, unmodified, against the simulated transcriber, with real speech."""

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own use of websockets
    from deepgram import AsyncDeepgramClient
    from deepgram.core.api_error import ApiError
    from deepgram.core.events import EventType
    from deepgram.environment import DeepgramClientEnvironment

from tests.contracts.simulator.conftest import Serve, until
from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.audio.espeak import Speech
from understudy.apps.simulator.server import Simulator

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own use of websockets

SENTENCE = "do you have vegetarian food"
QUIET_S = 0.2
AT_ONCE = {"transcriber": {"aheadS": 60}}
"""Takes a recording as fast as it comes."""


class Live:
    """A live connection of the SDK and what it has received."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.messages: list[Any] = []
        connection.on(EventType.MESSAGE, self.messages.append)

    def finals(self) -> list[Any]:
        return [m for m in self.messages if m.type == "Results" and m.is_final]

    async def speak(self, sound: bytes) -> None:
        for at in range(0, len(sound), 3200):
            await self.connection.send_media(sound[at : at + 3200])


@contextlib.asynccontextmanager
async def live(simulator: Simulator, key: str = "k", **options: str) -> AsyncIterator[Live]:
    environment = DeepgramClientEnvironment(
        base=simulator.url("acme"),
        production=simulator.url("acme", "ws"),
        agent=simulator.url("acme", "ws"),
        agent_rest=simulator.url("acme"),
    )
    client = AsyncDeepgramClient(api_key=key, environment=environment)
    async with client.listen.v1.connect(model="nova-3", **options) as connection:
        reading = Live(connection)
        task = asyncio.create_task(connection.start_listening())
        try:
            yield reading
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def speech(rate: int) -> bytes:
    return await Speech().speak(SENTENCE, "en-us+m3", 150, rate)


@pytest.mark.parametrize(("encoding", "rate"), [("linear16", 16_000), ("linear16", 8_000), ("mulaw", 8_000)])
async def test_finalize_is_answered_once_with_the_words_that_were_said(serve: Serve, encoding: str, rate: int) -> None:
    """One final with from_finalize, the transcript, and words in order with times inside the utterance."""
    sound = await speech(rate) + bytes(int(rate * QUIET_S) * 2)
    async with (
        serve(acme=AT_ONCE) as simulator,
        live(simulator, encoding=encoding, sample_rate=str(rate), interim_results="true") as client,
    ):
        await client.speak(mulaw.encode(sound) if encoding == "mulaw" else sound)
        await client.connection.send_finalize()
        await until(lambda: bool(client.finals()))
        await client.connection.send_finalize()
        await until(lambda: len(client.finals()) > 1)
    first, second = client.finals()
    alternative = first.channel.alternatives[0]
    assert alternative.transcript == SENTENCE
    assert first.from_finalize
    assert [word.word for word in alternative.words] == SENTENCE.split()
    starts = [word.start for word in alternative.words]
    assert starts == sorted(starts)
    assert first.start <= starts[0] < alternative.words[-1].end <= first.start + first.duration + 0.05
    assert (second.channel.alternatives[0].transcript, second.from_finalize) == ("", True)


async def test_silence_ends_an_utterance_and_interim_results_lead_up_to_it(serve: Serve) -> None:
    """Endpointing: speech_final without a Finalize; SpeechStarted and UtteranceEnd when asked for."""
    sound = await speech(16_000) + bytes(32_000)
    wanted = {"interim_results": "true", "vad_events": "true", "utterance_end_ms": "1000"}
    async with (
        serve(acme=AT_ONCE) as simulator,
        live(simulator, encoding="linear16", sample_rate="16000", **wanted) as client,
    ):
        await client.speak(sound)
        await until(lambda: bool(client.messages) and client.messages[-1].type == "UtteranceEnd")
    kinds = [m.type for m in client.messages]
    assert kinds[0] == "SpeechStarted"
    assert [m.is_final for m in client.messages if m.type == "Results"].count(False) >= 2
    (final,) = client.finals()
    assert final.speech_final
    assert not final.from_finalize
    assert final.channel.alternatives[0].transcript == SENTENCE


async def test_closing_the_stream_flushes_what_is_held_and_sends_metadata(serve: Serve) -> None:
    """CloseStream: the last final, then Metadata with the stream's length."""
    sound = await speech(16_000)
    async with serve(acme=AT_ONCE) as simulator, live(simulator, encoding="linear16", sample_rate="16000") as client:
        await client.connection.send_keep_alive()
        await client.speak(sound)
        await client.connection.send_close_stream()
        await until(lambda: bool(client.messages) and client.messages[-1].type == "Metadata")
    assert [m.type for m in client.messages] == ["Results", "Metadata"]
    assert client.messages[0].channel.alternatives[0].transcript == SENTENCE
    assert client.messages[-1].duration == pytest.approx(len(sound) / 32_000, abs=0.03)


async def test_the_scripted_recogniser_says_its_list_in_turn(serve: Serve) -> None:
    """No recognition: the next transcript for each utterance, around again at the end."""
    scripted = {"recogniser": "Script", "transcripts": ["first thing", "second thing"], "aheadS": 60}
    tone = b"\x00\x40\x00\xc0" * 4000
    async with (
        serve(acme={"transcriber": scripted}) as simulator,
        live(simulator, encoding="linear16", sample_rate="16000") as client,
    ):
        for utterance in range(3):
            await client.speak(tone)
            await client.connection.send_finalize()
            await until(lambda wanted=utterance: len(client.finals()) > wanted)
    assert [m.channel.alternatives[0].transcript for m in client.finals()] == [
        "first thing",
        "second thing",
        "first thing",
    ]


async def test_a_deaf_transcriber_takes_audio_and_says_nothing(serve: Serve) -> None:
    """Not even Finalize is answered; the connection stays open."""
    async with (
        serve(acme={"faults": [{"kind": "no-output"}]}) as simulator,
        live(simulator, encoding="linear16", sample_rate="16000") as client,
    ):
        await client.speak(await speech(16_000))
        await client.connection.send_finalize()
        await client.connection.send_close_stream()
        stats = simulator.deployments.create("acme").stats
        assert stats.live == 1
    assert client.messages == []


async def test_a_drop_breaks_the_connection(serve: Serve) -> None:
    """The listener ends by itself, without a closing handshake."""
    async with (
        serve(acme={"faults": [{"kind": "drop", "afterMs": 0}]}) as simulator,
        live(simulator, encoding="linear16", sample_rate="16000") as client,
    ):
        closed = asyncio.Event()
        client.connection.on(EventType.CLOSE, lambda _: closed.set())
        async with asyncio.timeout(5):
            await closed.wait()


@pytest.mark.parametrize(
    ("settings", "options", "status"),
    [
        ({"apiKeys": ["right"]}, {}, 401),
        ({"faults": [{"kind": "status", "status": 500}]}, {}, 500),
        ({}, {"encoding": "opus"}, 400),
    ],
)
async def test_a_refused_connection_carries_the_status(
    serve: Serve, settings: dict[str, Any], options: dict[str, str], status: int
) -> None:
    """The upgrade is answered with an HTTP error."""
    async with serve(acme=settings) as simulator:
        with pytest.raises(ApiError) as caught:
            async with live(simulator, **options):
                pass
    assert caught.value.status_code == status
