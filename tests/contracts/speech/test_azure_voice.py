"""Azure's voice codec on a real socket against the simulator: audio, words, cancelling, and what goes wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, asked
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.server import Simulator
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.voice_codec import Audio, Done, VoiceEvent, Words
from understudy.domain.speech.voices.azure import AzureVoice

SWIFT = {"firstMs": 0, "speed": 100}
TEXT = "Good evening, we don't close & won't."
WANTED = SpeechFormat("pcm_s16le", 16_000)


class Speaker:
    """One socket of the codec, and what came of each context."""

    def __init__(self, codec: AzureVoice, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.codec = codec
        self.socket = socket
        self.events: dict[str, list[VoiceEvent]] = {}

    async def send(self, frames: list[Any]) -> None:
        for frame in frames:
            await self.socket.send_str(frame)

    async def say(self, context_id: str, text: str) -> None:
        """A whole text."""
        await self.send(self.codec.speak(context_id, text, first=True, last=True))

    async def read(self, context_id: str, kind: type[VoiceEvent] = Done, seconds: float = 10.0) -> None:
        """Take in what comes until the context has an event of that kind, or the socket closes."""
        async with asyncio.timeout(seconds):
            async for message in self.socket:
                for context, event in self.codec.receive(message.data):
                    self.events.setdefault(context, []).append(event)
                if any(isinstance(event, kind) for event in self.events.get(context_id, [])):
                    return

    def sound(self, context_id: str) -> bytes:
        return b"".join(event.data for event in self.events[context_id] if isinstance(event, Audio))

    def words(self, context_id: str) -> Words:
        """All of them."""
        told = [event for event in self.events[context_id] if isinstance(event, Words)]
        return Words(
            tuple(word for each in told for word in each.words),
            tuple(start for each in told for start in each.starts),
            tuple(end for each in told for end in each.ends),
        )


@contextlib.asynccontextmanager
async def speaking(simulator: Simulator, audio: SpeechFormat = WANTED, **fields: Any) -> AsyncIterator[Speaker]:
    voice = Voice(**{"account": "a", "provider": "azure", "voice_id": "en-US-AvaNeural", **fields})
    account = Account(name="a", provider="azure", base_url=simulator.url("acme"), default_host=False)
    codec = AzureVoice(voice, account)
    connect = codec.open(codec.makes(audio), KEY)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(connect.url, headers=connect.headers) as socket,
    ):
        speaker = Speaker(codec, socket)
        await speaker.send(codec.greet())
        yield speaker


@pytest.mark.parametrize(
    "wanted", [WANTED, SpeechFormat("pcm_mulaw", 8000), SpeechFormat("pcm_s16le", 24_000)], ids=str
)
async def test_a_text_is_spoken_with_its_words(serve: Serve, wanted: SpeechFormat) -> None:
    """Audible, in the format asked for; the words of the text as it is written, timed over the audio, before `Done`."""
    async with serve(acme={"apiKeys": [KEY], "voice": SWIFT}) as simulator, speaking(simulator, wanted) as speaker:
        await speaker.say("c1", TEXT)
        await speaker.read("c1")
    sound = speaker.sound("c1")
    assert pcm.is_audible(mulaw.decode(sound) if wanted.encoding == "pcm_mulaw" else sound)
    words = speaker.words("c1")
    assert words.words == tuple(TEXT.split())
    assert list(words.starts) == sorted(words.starts)
    assert words.starts[0] == 0
    assert words.ends[-1] == pytest.approx(wanted.seconds(len(sound)), abs=0.1)
    assert speaker.events["c1"][-1] == Done()


async def test_words_come_before_their_audio(serve: Serve) -> None:
    """So that it is known which words were delivered, however the connection ends."""
    async with serve(acme={"voice": SWIFT}) as simulator, speaking(simulator) as speaker:
        await speaker.say("c1", TEXT)
        await speaker.read("c1")
    heard_s, told = 0.0, 0
    for event in speaker.events["c1"]:
        if isinstance(event, Audio):
            heard_s += WANTED.seconds(len(event.data))
        elif isinstance(event, Words):
            told += len(event.words)
            assert all(start >= heard_s for start, word in zip(event.starts, event.words, strict=True) if word != "&")
    assert told == len(TEXT.split())


async def test_texts_follow_each_other_on_one_socket_with_times_from_zero(serve: Serve) -> None:
    """Each is a context of its own."""
    async with serve(acme={"voice": SWIFT}) as simulator, speaking(simulator) as speaker:
        for context in ("c1", "c2"):
            await speaker.say(context, TEXT)
            await speaker.read(context)
    assert speaker.words("c1") == speaker.words("c2")
    assert speaker.sound("c1") == speaker.sound("c2")


async def test_what_is_cancelled_is_heard_no_more(serve: Serve) -> None:
    """And the next text is spoken at once."""
    async with serve(acme={"voice": SWIFT | {"speed": 2}}) as simulator, speaking(simulator) as speaker:
        await speaker.say("c1", TEXT * 5)
        await speaker.read("c1", Audio)
        await speaker.send(speaker.codec.cancel("c1"))
        heard = len(speaker.events["c1"])
        await speaker.say("c2", "Good evening.")
        await speaker.read("c2", seconds=3.0)
    assert len(speaker.events["c1"]) == heard
    assert speaker.words("c2").words == ("Good", "evening.")


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, {"voice": "en-US-AvaNeural", "languages": ("en-US",), "speed": 1.0}),
        ({"voice_id": "de-DE-KatjaNeural", "language": "de-DE"}, {"languages": ("de-DE",)}),
        ({"language": "fr-FR"}, {"languages": ("en-US", "fr-FR")}),
        ({"settings": {"speed": 1.2}}, {"speed": 1.2}),
    ],
)
async def test_voice_language_and_speed_are_seen_on_the_wire(
    serve: Serve, fields: dict[str, Any], seen: dict[str, Any]
) -> None:
    async with serve(acme={"voice": SWIFT | {"synth": "Tone"}}) as simulator, speaking(simulator, **fields) as speaker:
        await speaker.say("c1", "x < y & z")
        await speaker.read("c1")
        wanted = asked(simulator)
    assert {name: wanted[name] for name in seen} == seen
    assert (wanted["text"], wanted["format"]) == ("x < y & z", "raw-16khz-16bit-mono-pcm")


@pytest.mark.parametrize(
    ("fault", "audible", "done"),
    [
        ({"kind": "silent-audio"}, False, True),
        ({"kind": "truncate", "at": 2}, True, True),
        ({"kind": "error", "at": 2}, True, False),
        ({"kind": "cut", "at": 2}, True, False),
    ],
)
async def test_faults(serve: Serve, fault: dict[str, Any], *, audible: bool, done: bool) -> None:
    """Silence, an early end, and an end of the socket, which is how Azure says that it cannot go on."""
    async with serve(acme={"voice": SWIFT, "faults": [fault]}) as simulator, speaking(simulator) as speaker:
        await speaker.say("c1", TEXT)
        await speaker.read("c1")
    assert pcm.is_audible(speaker.sound("c1")) is audible
    assert (speaker.events["c1"][-1] == Done()) is done


async def test_a_wrong_key_is_refused_with_401(serve: Serve) -> None:
    """Before the socket is open."""
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with speaking(simulator):
                pass
    assert caught.value.status == 401
