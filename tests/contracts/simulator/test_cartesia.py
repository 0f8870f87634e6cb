"""Cartesia's WebSocket, message by message."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve, until
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.server import Simulator

SWIFT = {"firstMs": 0, "speed": 1000}
TEXT = "Good evening. How can I help you?"


def request(context: str, text: str, **more: Any) -> dict[str, Any]:
    output = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
    fixed = {"context_id": context, "model_id": "sonic-3", "transcript": text, "output_format": output}
    return fixed | {"voice": {"mode": "id", "id": "v"}, "language": "en", "add_timestamps": True} | more


class Socket:
    """A raw client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            await self.socket.send_json(document)

    async def until_last(self, *, contexts: int = 1) -> list[dict[str, Any]]:
        """Messages up to the one that ends the last context."""
        found: list[dict[str, Any]] = []
        while contexts:
            found.append(json.loads((await self.socket.receive(timeout=10)).data))
            contexts -= bool(found[-1]["done"])
        return found


@contextlib.asynccontextmanager
async def connected(simulator: Simulator, **headers: str) -> AsyncIterator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(simulator.url("acme") + "/tts/websocket", headers=headers) as socket,
    ):
        yield Socket(socket)


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    """Types in the order of their first appearance."""
    return list(dict.fromkeys(message["type"] for message in messages))


def sound(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(m["data"]) for m in messages if m["type"] == "chunk")


async def test_an_utterance_is_timed_words_chunks_and_done(serve: Serve) -> None:
    """Word times cover the sound; the sound is audible; `flush_done` because nothing is buffered."""
    async with serve(acme={"voice": SWIFT}) as simulator, connected(simulator) as client:
        await client.send(request("c1", TEXT, max_buffer_delay_ms=0, **{"continue": False}))
        messages = await client.until_last()
    assert kinds(messages) == ["timestamps", "chunk", "flush_done", "done"]
    assert {message["context_id"] for message in messages} == {"c1"}
    times = messages[0]["word_timestamps"]
    assert times["words"] == TEXT.split()
    assert times["end"][-1] == pytest.approx(len(sound(messages)) / 32_000, abs=0.01)
    assert pcm.is_audible(sound(messages))


async def test_tokens_are_joined_to_clauses_and_word_times_go_on_across_them(serve: Serve) -> None:
    """Token by token with `continue`, closed by an empty transcript."""
    tokens = ["Good", " evening", ".", " How", " can I help", " you?"]
    parts = [request("c1", token, **{"continue": True}) for token in tokens]
    async with serve(acme={"voice": SWIFT}) as simulator, connected(simulator) as client:
        await client.send(*parts, request("c1", "", **{"continue": False}))
        messages = await client.until_last()
    times = [message["word_timestamps"] for message in messages if message["type"] == "timestamps"]
    assert [part["words"] for part in times] == [["Good", "evening."], ["How", "can", "I", "help", "you?"]]
    assert times[1]["start"][0] == times[0]["end"][-1]


async def test_contexts_share_a_connection_and_one_can_be_cancelled(serve: Serve) -> None:
    """The cancelled one goes quiet and counts as aborted, the other one is finished."""
    slow = {"firstMs": 60_000, "synth": "Tone"}
    async with serve(acme={"voice": slow}) as simulator, connected(simulator) as client:
        deployment = simulator.deployments.create("acme")
        await client.send(request("c1", TEXT, **{"continue": False}))
        await until(lambda: deployment.stats.live == 1)
        deployment.change({"voice": {"firstMs": 0, "speed": 1000}})
        await client.send({"context_id": "c1", "cancel": True}, request("c2", TEXT, **{"continue": False}))
        messages = await client.until_last()
        await until(lambda: deployment.stats.live == 0)
    assert {message["context_id"] for message in messages} == {"c2"}
    assert (deployment.stats.aborted, deployment.stats.completed, deployment.stats.connections) == (1, 1, 1)


async def test_mulaw_at_the_telephones_rate(serve: Serve) -> None:
    """One byte a sample."""
    output = {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000}
    async with serve(acme={"voice": SWIFT}) as simulator, connected(simulator) as client:
        await client.send(request("c1", TEXT, output_format=output, **{"continue": False}))
        messages = await client.until_last()
    assert pcm.is_audible(mulaw.decode(sound(messages)))
    end = [m["word_timestamps"]["end"][-1] for m in messages if m["type"] == "timestamps"][-1]
    assert len(sound(messages)) / 8000 == pytest.approx(end, abs=0.01)


@pytest.mark.parametrize(
    "broken", [{"transcript": "no context"}, request("c1", TEXT, output_format={"container": "mp3"})]
)
async def test_a_request_that_makes_no_sense_gets_an_error(serve: Serve, broken: dict[str, Any]) -> None:
    """With what is wrong in it; the connection goes on."""
    async with serve(acme={"voice": SWIFT}) as simulator, connected(simulator) as client:
        await client.send(broken, request("c2", TEXT, **{"continue": False}))
        messages = await client.until_last(contexts=2)
    assert (messages[0]["type"], messages[0]["status_code"]) == ("error", 400)
    assert messages[-1]["type"] == "done"


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"kind": "error"}, ["timestamps", "error"]),
        ({"kind": "silent-audio"}, ["timestamps", "chunk", "done"]),
    ],
)
async def test_faults_that_end_by_themselves(serve: Serve, fault: dict[str, Any], seen: list[str]) -> None:
    """An error, or sound that is none."""
    settings = {"voice": SWIFT | {"synth": "Tone"}, "faults": [fault]}
    async with serve(acme=settings) as simulator, connected(simulator) as client:
        await client.send(request("c1", TEXT, **{"continue": False}))
        messages = await client.until_last()
    assert kinds(messages) == seen
    assert not pcm.is_audible(sound(messages))


async def test_one_utterance_without_audio_then_all_is_well(serve: Serve) -> None:
    """`no-output` with a count strikes an utterance, not the connection that carries it."""
    settings = {"voice": SWIFT, "faults": [{"kind": "no-output", "count": 1}]}
    async with serve(acme=settings) as simulator, connected(simulator) as client:
        await client.send(request("c1", TEXT, **{"continue": False}))
        stats = simulator.deployments.create("acme").stats
        await until(lambda: stats.completed == 1)
        await client.send(request("c2", TEXT, **{"continue": False}))
        messages = await client.until_last()
    assert {message["context_id"] for message in messages} == {"c2"}


async def test_a_cut_ends_the_connection_after_the_chunks_it_says(serve: Serve) -> None:
    """Two chunks, then nothing, not even a goodbye."""
    settings = {"voice": SWIFT | {"synth": "Tone"}, "faults": [{"kind": "cut", "at": 2}]}
    async with serve(acme=settings) as simulator, connected(simulator) as client:
        await client.send(request("c1", TEXT, **{"continue": False}))
        messages = [message async for message in client.socket]
    assert [json.loads(m.data)["type"] for m in messages] == ["timestamps", "chunk", "chunk"]
    assert client.socket.close_code in (None, 1006)


async def test_the_key_is_asked_for(serve: Serve) -> None:
    """In `X-API-Key`, as Cartesia's clients send it."""
    async with serve(acme={"apiKeys": ["right"], "voice": SWIFT}) as simulator:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(simulator, **{"X-API-Key": "wrong"}):
                pass
        async with connected(simulator, **{"X-API-Key": "right"}) as client:
            await client.send(request("c1", TEXT, **{"continue": False}))
            assert (await client.until_last())[-1]["type"] == "done"
    assert refused.value.status == 401
