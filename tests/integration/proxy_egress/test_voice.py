"""The agent speaks Cartesia's protocol; whichever voice can speak answers, and the socket stays."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from .conftest import TOKEN, Proxy, Serve, StartProxy, voices
from .fake_voice import WORD_S, FakeCartesia, FakeOpenAISpeech

Socket = ClientWebSocketResponse[bool]
RATE = 8000
TEXT = "Good evening to you. Which day would you like?"
SENTENCES = ("Good evening to you.", "Which day would you like?")


@asynccontextmanager
async def speaking(proxy: Proxy) -> AsyncIterator[Socket]:
    headers = {"X-API-Key": TOKEN, "Cartesia-Version": "2026-03-01"}
    async with proxy.session.ws_connect(f"{proxy.ws_url}/tts/websocket", headers=headers) as socket:
        yield socket


async def say(socket: Socket, text: str, *, more: bool, context: str = "c1", **extra: Any) -> None:
    message = {
        "transcript": text,
        "continue": more,
        "context_id": context,
        "model_id": "agents-own",
        "voice": {"mode": "id", "id": "agents-own"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
        "add_timestamps": True,
        "max_buffer_delay_ms": 0,
        **extra,
    }
    await socket.send_str(orjson.dumps(message).decode())


@dataclass
class Heard:
    """A context as the agent got it."""

    audio: bytes = b""
    words: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return len(self.audio) / 2 / RATE

    def levels(self) -> list[int]:
        """The voices heard, in order, by their levels; each sounds at least one word."""
        samples = np.frombuffer(self.audio, dtype="<i2")
        middles = samples[int(RATE * WORD_S / 2) :: int(RATE * WORD_S)]
        rounded = [int(round(level / 500) * 500) for level in middles]
        return [level for i, level in enumerate(rounded) if i == 0 or level != rounded[i - 1]]


async def hear(socket: Socket, context: str = "c1") -> Heard:
    """Everything up to the context's `done`."""
    heard = Heard()
    async with asyncio.timeout(20):
        while True:
            received = await socket.receive()
            assert received.type is WSMsgType.TEXT, received
            message = orjson.loads(received.data)
            if message["context_id"] != context:
                continue
            match message["type"]:
                case "chunk":
                    heard.audio += base64.b64decode(message["data"])
                case "timestamps":
                    heard.words += message["word_timestamps"]["words"]
                    heard.starts += message["word_timestamps"]["start"]
                case "error":
                    heard.errors.append(message)
                case "done":
                    return heard


def said_by(fake: FakeCartesia | FakeOpenAISpeech) -> str:
    """All texts that a voice was given."""
    texts = (
        [message["transcript"] for message in fake.messages]
        if isinstance(fake, FakeCartesia)
        else [request["input"] for request in fake.requests]
    )
    return " ".join(" ".join(texts).split())


async def say_both(socket: Socket) -> None:
    """As Pipecat does: a sentence a message, then an empty end."""
    for sentence in SENTENCES:
        await say(socket, sentence, more=True)
    await say(socket, "", more=False)


async def test_cartesia_speaks_with_the_revisions_voice(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeCartesia()
    proxy = await start_proxy(voices(("cartesia", await serve(fake.route()))))
    async with speaking(proxy) as socket:
        await say_both(socket)
        heard = await hear(socket)
    assert heard.words == TEXT.split()
    assert heard.seconds == pytest.approx(len(TEXT.split()) * WORD_S)
    sent = fake.messages[0]
    assert (sent["voice"], sent["model_id"], sent["language"]) == ({"mode": "id", "id": "v0"}, "m0", "en")
    assert fake.headers[0]["X-API-Key"] == "key-of-a0"
    assert proxy.call.ledger.names() == ["voice_request", "voice_audio"]


async def test_openai_speaks_behind_cartesias_face(serve: Serve, start_proxy: StartProxy) -> None:
    """A request a sentence, resampled to what the agent asked for, with word times from the sentences' bounds."""
    fake = FakeOpenAISpeech()
    proxy = await start_proxy(voices(("openai", await serve(fake.route()))))
    async with speaking(proxy) as socket:
        await say_both(socket)
        heard = await hear(socket)
    assert [request["input"] for request in fake.requests] == list(SENTENCES)
    assert fake.requests[0]["voice"] == "v0"
    assert heard.seconds == pytest.approx(len(TEXT.split()) * WORD_S, abs=0.01)
    assert heard.levels() == [2000]
    assert heard.words == TEXT.split()
    assert heard.starts == sorted(heard.starts)


async def test_streamed_tokens_become_sentences(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeOpenAISpeech()
    proxy = await start_proxy(voices(("openai", await serve(fake.route()))))
    async with speaking(proxy) as socket:
        for token in TEXT.split(" "):
            await say(socket, token + " ", more=True, max_buffer_delay_ms=3000)
        await say(socket, "", more=False, max_buffer_delay_ms=3000)
        await hear(socket)
    assert [request["input"] for request in fake.requests] == list(SENTENCES)


@pytest.mark.parametrize(
    "bad",
    [
        FakeCartesia,
        lambda: FakeCartesia(status=500),
        lambda: FakeCartesia(part="silent"),
        lambda: FakeCartesia(part="error"),
        lambda: FakeOpenAISpeech(status=500),
        lambda: FakeOpenAISpeech(part="silent"),
        lambda: FakeOpenAISpeech(part="empty"),
    ],
    ids=["refused", "status", "silent", "error", "openai-status", "openai-silent", "openai-empty"],
)
@pytest.mark.parametrize("good", [FakeCartesia, FakeOpenAISpeech])
async def test_next_voice_says_it_all(bad: Any, good: Any, serve: Serve, start_proxy: StartProxy) -> None:
    """A voice that makes no audio in time is replaced, and the second one says the whole text."""
    first, second = bad(), good(level=4000)
    kinds = ["cartesia" if isinstance(fake, FakeCartesia) else "openai" for fake in (first, second)]
    first_url = "http://127.0.0.1:1" if bad is FakeCartesia else await serve(first.route())
    proxy = await start_proxy(voices((kinds[0], first_url), (kinds[1], await serve(second.route()))))
    async with speaking(proxy) as socket:
        await say_both(socket)
        heard = await hear(socket)
    assert heard.errors == []
    assert heard.levels() == [4000]
    assert heard.seconds == pytest.approx(len(TEXT.split()) * WORD_S, abs=0.01)
    assert ("failover", "voice") in proxy.call.ledger.entries
    assert proxy.call.ledger.names().count("voice_audio") == 1


@pytest.mark.parametrize("second", [FakeCartesia, FakeOpenAISpeech])
async def test_break_in_mid_speech_goes_on_with_the_next_word(
    second: Any, serve: Serve, start_proxy: StartProxy
) -> None:
    """After a break, another voice says what was not said, as loud as the first; times run on."""
    first, other = FakeCartesia(level=1000, part="break_after_four"), second(level=-3000)
    kind = "cartesia" if second is FakeCartesia else "openai"
    proxy = await start_proxy(voices(("cartesia", await serve(first.route())), (kind, await serve(other.route()))))
    async with speaking(proxy) as socket:
        await say(socket, "Good evening to you and welcome here", more=False)
        heard = await hear(socket)
    assert heard.errors == []
    assert heard.levels() == [1000, -1000]
    assert said_by(other) == "and welcome here"
    assert heard.words == ["Good", "evening", "to", "you", "and", "welcome", "here"]
    assert heard.starts == sorted(heard.starts)
    assert heard.seconds == pytest.approx(7 * WORD_S, abs=0.02)


async def test_a_broken_clause_is_said_by_the_next_voice_from_its_beginning(
    serve: Serve, start_proxy: StartProxy
) -> None:
    """OpenAI reports no words, so nothing of a clause leaves before all of it is there: the break costs no word."""
    first, second = FakeOpenAISpeech(level=1000, part="break_second"), FakeCartesia(level=-1000)
    urls = [await serve(first.route()), await serve(second.route())]
    proxy = await start_proxy(voices(("openai", urls[0]), ("cartesia", urls[1])))
    text = f"{TEXT} Or any evening?"
    async with speaking(proxy) as socket:
        await say(socket, text, more=False)
        heard = await hear(socket)
    assert said_by(second) == "Which day would you like? Or any evening?"
    assert heard.words == text.split()
    assert heard.seconds == pytest.approx(len(text.split()) * WORD_S, abs=0.02)
    assert heard.errors == []


@pytest.mark.parametrize("part", ["hush_after_two", "truncate_after_two", "stall_after_two"])
@pytest.mark.parametrize("kind", [FakeCartesia, FakeOpenAISpeech])
async def test_a_voice_that_only_seems_to_speak_is_replaced(
    part: str, kind: Any, serve: Serve, start_proxy: StartProxy
) -> None:
    """Silence, an early end and a stall cost no word, whether or not the voice reports words."""
    first, second = kind(level=1000, part=part), FakeCartesia(level=-1000)
    name = "cartesia" if kind is FakeCartesia else "openai"
    proxy = await start_proxy(voices((name, await serve(first.route())), ("cartesia", await serve(second.route()))))
    text = "Good evening to you and all of those whom you may have brought with you tonight"
    async with speaking(proxy) as socket:
        await say(socket, text, more=False)
        heard = await hear(socket)
    assert heard.words == text.split()
    assert heard.seconds == pytest.approx(len(text.split()) * WORD_S, abs=0.02)
    expected = text.split()[2:] if kind is FakeCartesia else text.split()
    assert said_by(second).split() == expected


async def test_a_call_keeps_the_voice_that_took_over(serve: Serve, start_proxy: StartProxy) -> None:
    """The caller hears no voice come and go: the next sentence is not tried with the one that failed."""
    first, second = FakeCartesia(level=1000, part="error"), FakeCartesia(level=-1000)
    urls = [await serve(first.route()), await serve(second.route())]
    proxy = await start_proxy(voices(("cartesia", urls[0]), ("cartesia", urls[1])))
    async with speaking(proxy) as socket:
        await say(socket, TEXT, more=False)
        await hear(socket)
        first.messages.clear()
        await say(socket, TEXT, more=False, context="c2")
        assert (await hear(socket, "c2")).levels() == [-1000]
    assert first.messages == []


async def test_the_only_voice_may_go_on_by_itself(serve: Serve, start_proxy: StartProxy) -> None:
    """A connection that breaks in mid-speech is no reason to end the call: it is opened again."""
    voice = FakeCartesia(part="break_after_four")
    proxy = await start_proxy(voices(("cartesia", await serve(voice.route()))))
    async with speaking(proxy) as socket:
        await say(socket, "Good evening to you and welcome here", more=False)
        heard = await hear(socket)
    assert heard.words == ["Good", "evening", "to", "you", "and", "welcome", "here"]
    assert heard.errors == []


async def test_all_failed_ends_the_context_and_keeps_the_socket(serve: Serve, start_proxy: StartProxy) -> None:
    """The agent is told why, gets its `done`, and can go on with the next context."""
    first, second = FakeCartesia(part="error"), FakeOpenAISpeech(status=500)
    urls = [await serve(first.route()), await serve(second.route())]
    proxy = await start_proxy(voices(("cartesia", urls[0]), ("openai", urls[1])))
    async with speaking(proxy) as socket:
        await say(socket, TEXT, more=False)
        heard = await hear(socket)
        assert "a0: refused to speak (400)" in heard.errors[0]["error"]
        assert "a1: answered 500 (bad_voice)" in heard.errors[0]["error"]
        assert "sk-secret" not in str(heard.errors)
        first.part = "good"
        await say(socket, TEXT, more=False, context="c2")
        assert (await hear(socket, "c2")).words == TEXT.split()


async def test_cancel_reaches_the_provider(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeCartesia(part="silent")
    proxy = await start_proxy(voices(("cartesia", await serve(fake.route()))))
    async with speaking(proxy) as socket:
        await say(socket, TEXT, more=True)
        await fake.asked.wait()
        await socket.send_str('{"context_id":"c1","cancel":true}')
        async with asyncio.timeout(5):
            await fake.cancelled.wait()


async def test_context_without_text_is_done(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(voices(("cartesia", await serve(FakeCartesia().route()))))
    async with speaking(proxy) as socket:
        await say(socket, "", more=False)
        assert (await hear(socket)).audio == b""
    assert proxy.call.ledger.entries == []


async def test_bad_messages_are_answered(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(voices(("cartesia", await serve(FakeCartesia().route()))))
    async with speaking(proxy) as socket:
        await socket.send_str("hello")
        assert (await socket.receive_json())["type"] == "error"
        await say(socket, "hi", more=False, output_format={"encoding": "mp3"})
        assert "not supported" in (await socket.receive_json())["error"]
        await say(socket, TEXT, more=False)
        assert (await hear(socket)).words == TEXT.split()


async def test_times_that_come_before_the_audio_are_no_proof(serve: Serve, start_proxy: StartProxy) -> None:
    """Words announced but never sounded are said by the next voice."""
    first, second = FakeCartesia(level=1000, part="announce_all_speak_four"), FakeCartesia(level=-4000)
    urls = [await serve(first.route()), await serve(second.route())]
    proxy = await start_proxy(voices(("cartesia", urls[0]), ("cartesia", urls[1])))
    async with speaking(proxy) as socket:
        await say(socket, "Good evening to you and welcome here", more=False)
        heard = await hear(socket)
    assert heard.levels() == [1000, -1000]
    assert said_by(second) == "and welcome here"


async def test_a_clause_without_word_times_waits_for_its_end_only_where_another_voice_could_go_on(
    serve: Serve, start_proxy: StartProxy
) -> None:
    """Its first words are heard while the rest is not there yet: nobody follows, so nothing is gained by waiting."""
    voice = FakeOpenAISpeech(part="hold_after_two")
    proxy = await start_proxy(voices(("openai", await serve(voice.route()))))
    async with speaking(proxy) as socket:
        await say(socket, SENTENCES[0], more=False)
        await _first_chunk(socket)
        voice.go_on.set()
        assert (await hear(socket)).errors == []


async def test_an_immediate_handover_waits_for_nothing(serve: Serve, start_proxy: StartProxy) -> None:
    """Though another voice could go on."""
    voice = FakeOpenAISpeech(part="hold_after_two")
    mute = FakeCartesia(part="silent")
    listed = voices(("openai", await serve(voice.route())), ("cartesia", await serve(mute.route())))
    proxy = await start_proxy(listed.model_copy(update={"handover": "Immediate"}))
    async with speaking(proxy) as socket:
        await say(socket, SENTENCES[0], more=False)
        await _first_chunk(socket)
        voice.go_on.set()
        assert (await hear(socket)).errors == []


async def _first_chunk(socket: Socket) -> None:
    """Wait for audio."""
    async with asyncio.timeout(5):
        while orjson.loads((await socket.receive()).data)["type"] != "chunk":
            pass
