"""Calls in which another voice or transcriber had to take over say so to the operator, and others do not."""

import asyncio
from pathlib import Path

import pytest

from understudy.domain.calls.observation import CallObservation
from understudy.domain.revision.snapshot import Snapshot

from .conftest import Serve, transcribers, voices
from .fake_transcriber import QUERY, FakeTranscriber, piece
from .fake_voice import FakeOpenAISpeech
from .shadowed_call import Talk, World, shadowing


def keyed(revision: Snapshot) -> Snapshot:
    accounts = {name: each.model_copy(update={"secret": "models"}) for name, each in revision.accounts.items()}
    return revision.model_copy(update={"accounts": accounts})


async def spoken(world: World, talk: Talk) -> CallObservation:
    headers = {"Authorization": f"Bearer {talk.call.token_text}"}
    body = {"model": "x", "voice": "x", "input": "Good evening to you.", "response_format": "pcm"}
    async with world.session.post(f"{world.url}/v1/audio/speech", json=body, headers=headers) as response:
        assert await response.read()
    return await talk.hangs_up()


async def listened(world: World, talk: Talk) -> CallObservation:
    headers = {"Authorization": f"Token {talk.call.token_text}"}
    url = f"{world.url.replace('http', 'ws')}/v1/listen?{QUERY}"
    async with asyncio.timeout(10), world.session.ws_connect(url, headers=headers) as socket:
        for number in (1, 2, 3):
            await socket.send_bytes(piece(number))
        await socket.send_str('{"type":"Finalize"}')
        while '"from_finalize":true' not in (await socket.receive_str()).replace(" ", ""):
            pass
    return await talk.hangs_up()


@pytest.mark.parametrize("works", [True, False])
async def test_a_voice_that_had_to_take_over(works: bool, serve: Serve, tmp_path: Path) -> None:  # noqa: FBT001
    """In the call in which it did, and in the next, which begins with it as the first one is known not to work."""
    first, second = FakeOpenAISpeech(status=200 if works else 503), FakeOpenAISpeech()
    revision = keyed(voices(("openai", await serve(first.route())), ("openai", await serve(second.route()))))
    async with shadowing(tmp_path, revision, revision) as world:
        seen = [await spoken(world, world.open(f"CA{number}")) for number in range(3)]
    expected = 0 if works else 1
    assert [call.voice_failovers for call in seen] == [expected] * 3
    assert {call.transcriber_failovers for call in seen} == {0}


@pytest.mark.parametrize("works", [True, False])
async def test_a_transcriber_that_had_to_take_over(works: bool, serve: Serve, tmp_path: Path) -> None:  # noqa: FBT001
    """As for voices."""
    first, second = FakeTranscriber(**({} if works else {"status": 503})), FakeTranscriber()
    revision = keyed(transcribers(await serve(first.route()), await serve(second.route())))
    async with shadowing(tmp_path, revision, revision) as world:
        seen = [await listened(world, world.open(f"CA{number}")) for number in range(3)]
    expected = 0 if works else 1
    assert [call.transcriber_failovers for call in seen] == [expected] * 3
    assert {call.voice_failovers for call in seen} == {0}
