"""The simulated Azure refuses what Azure refuses, with its close codes; and what one request does to another."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import speech
from understudy.apps.simulator.server import Simulator
from understudy.domain.speech import azure
from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.transcribers import azure_turn

CONNECTION = {"X-ConnectionId": "0" * 31 + "a"}
ONE, TWO = "1" * 32, "2" * 32
NOW = 1_700_000_000.0
CONFIG = azure.speech_config(NOW)
CONTEXT = json.dumps({"phraseDetection": {"language": "en-US", "mode": "Conversation"}})
RIFF = azure_turn.riff(AudioFormat())
HEARING, SPEAKING = "/stt/speech/universal/v2", "/tts/cognitiveservices/websocket/v1"
SSML = (
    "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='en-US'>"
    "<voice name='en-US-AvaNeural'>Good evening.</voice></speak>"
)
RAW = json.dumps({"synthesis": {"audio": {"outputFormat": "raw-16khz-16bit-mono-pcm"}}})


def context(request_id: str, body: str = CONTEXT) -> str:
    return azure.text("speech.context", request_id, body, NOW)


def audio(request_id: str, body: bytes) -> bytes:
    return azure.binary("audio", request_id, body, NOW)


@contextlib.asynccontextmanager
async def connected(
    simulator: Simulator, path: str, headers: dict[str, str] | None = None
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = simulator.url("acme", "ws") + path
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers or CONNECTION) as socket:
        yield socket


async def said(socket: aiohttp.ClientWebSocketResponse, *frames: str | bytes) -> list[azure.Message]:
    """Everything Azure says to these messages, until it closes or ends a turn."""
    for frame in frames:
        await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
    found: list[azure.Message] = []
    async with asyncio.timeout(10):
        async for message in socket:
            found.append(azure.parse(message.data))
            if found[-1].path == "turn.end":
                break
    return found


@pytest.mark.parametrize("path", [HEARING, SPEAKING])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (CONNECTION, 401),
        (CONNECTION | {"Authorization": "Bearer right"}, 401),
        (CONNECTION | {azure.KEY_HEADER: "wrong"}, 401),
        ({azure.KEY_HEADER: "right"}, 400),
        ({azure.KEY_HEADER: "right", "X-ConnectionId": "me"}, 400),
    ],
)
async def test_the_upgrade_needs_the_key_in_its_header_and_an_id(
    serve: Serve, path: str, headers: dict[str, str], status: int
) -> None:
    async with serve(acme={"apiKeys": ["right"]}) as simulator:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with connected(simulator, path, headers):
                pass
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((audio(ONE, RIFF),), 1002),
        ((CONFIG, context(ONE), audio(ONE, bytes(44))), 1007),
        ((CONFIG, context(ONE), audio(ONE, azure_turn.riff(AudioFormat("linear16", 44_100)))), 1007),
        ((CONFIG, context(ONE), audio(ONE, RIFF), audio(ONE, bytes(8193))), 1007),
        ((CONFIG, audio(ONE, RIFF)), 1007),
        (
            (
                CONFIG,
                context(ONE, "{"),
            ),
            1007,
        ),
        (
            (
                CONFIG,
                context("1-2"),
            ),
            1002,
        ),
        ((CONFIG, "Path: speech.context\r\nX-RequestId: " + ONE + "\r\n\r\n{}"), 1002),
        ((CONFIG, CONFIG.replace("speech.config", "audio")), 1007),
        (("no headers at all",), 1007),
        ((b"\x00\xffshort",), 1007),
    ],
    ids=[
        "audio before the config",
        "no RIFF header",
        "a rate that is not taken",
        "too much audio in a message",
        "no language",
        "a context that is not JSON",
        "an id with dashes",
        "no timestamp",
        "audio as text",
        "text without headers",
        "binary without headers",
    ],
)
async def test_what_breaks_the_protocol_of_recognition_closes_the_socket(
    serve: Serve, frames: tuple[str | bytes, ...], code: int
) -> None:
    async with serve() as simulator, connected(simulator, HEARING) as socket:
        await said(socket, *frames)
    assert socket.close_code == code


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((azure.text("synthesis.context", ONE, RAW, NOW),), 1002),
        ((CONFIG, azure.text("ssml", ONE, SSML, NOW)), 1002),
        ((CONFIG, azure.text("synthesis.context", ONE, RAW.replace("raw-16", "riff-16"), NOW)), 1007),
        ((CONFIG, azure.text("synthesis.context", ONE, RAW, NOW), azure.text("ssml", ONE, SSML[:-8], NOW)), 1007),
        (
            (
                CONFIG,
                azure.text("synthesis.context", ONE, RAW, NOW),
                azure.text("ssml", ONE, SSML.replace("en-US-AvaNeural", "Ava"), NOW),
            ),
            1007,
        ),
    ],
    ids=["a context before the config", "no context", "a format that there is not", "no XML", "an unknown voice"],
)
async def test_what_breaks_the_protocol_of_voices_closes_the_socket(
    serve: Serve, frames: tuple[str | bytes, ...], code: int
) -> None:
    async with serve() as simulator, connected(simulator, SPEAKING) as socket:
        await said(socket, *frames)
    assert socket.close_code == code


async def test_a_request_id_serves_one_turn(serve: Serve) -> None:
    """Once it has ended, audio with the same id closes the socket."""
    async with serve() as simulator, connected(simulator, HEARING) as socket:
        turn = await said(socket, CONFIG, context(ONE), audio(ONE, RIFF), audio(ONE, bytes(3200)), audio(ONE, b""))
        await said(socket, audio(ONE, RIFF))
    assert turn[-1].path == "turn.end"
    assert socket.close_code == 1002


async def test_audio_of_a_new_request_drops_what_was_not_said_of_the_one_before(serve: Serve) -> None:
    """Which is why the codec keeps audio back until `turn.end`."""
    sound = await speech("what are your opening hours", 16_000)
    pieces = [audio(ONE, sound[at : at + 3200]) for at in range(0, len(sound), 3200)]
    async with serve() as simulator, connected(simulator, HEARING) as socket:
        told = await said(
            socket,
            *(CONFIG, context(ONE), audio(ONE, RIFF), *pieces),
            *(context(TWO), audio(TWO, RIFF), audio(TWO, bytes(3200)), audio(TWO, b"")),
        )
    finals: list[dict[str, Any]] = [json.loads(message.body) for message in told if message.path == "speech.phrase"]
    assert [final["RecognitionStatus"] for final in finals] == ["EndOfDictation"]
    assert next(message.path for message in told if message.request_id == TWO) == "turn.start"


async def test_a_simple_phrase_has_no_alternatives(serve: Serve) -> None:
    """Detail comes when it is asked for, in the query or in the context."""
    sound = await speech("what are your opening hours", 16_000)
    pieces = [audio(ONE, sound[at : at + 3200]) for at in range(0, len(sound), 3200)]
    async with serve() as simulator, connected(simulator, HEARING) as socket:
        told = await said(socket, CONFIG, context(ONE), audio(ONE, RIFF), *pieces, audio(ONE, b""))
    final = next(json.loads(message.body) for message in told if message.path == "speech.phrase")
    assert final["DisplayText"] == "what are your opening hours"
    assert "NBest" not in final
