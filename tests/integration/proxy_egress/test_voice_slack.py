"""A turn's slack at the voice, where the user wants it spent: a better model when early, a kept filler when late."""

import asyncio
import itertools
from typing import Any

import pytest

from understudy.domain.revision.snapshot import Graceful, Model, Slack, Snapshot

from .conftest import Serve, StartProxy, voices
from .fake_voice import WORD_S, FakeCartesia, FakeOpenAISpeech
from .test_speech import speak
from .test_voice import Socket, hear, say, speaking

FILLER = "One moment please."
AGAIN = "Could you say that again?"
ANSWER = " We open at nine."


def with_slack(revision: Snapshot, slack: Slack) -> Snapshot:
    return revision.model_copy(update={"model": Model(targets=(), system_prompt="Be brief.", slack=slack)})


def asked_of(voice: FakeCartesia | FakeOpenAISpeech) -> list[dict[str, Any]]:
    return voice.messages if isinstance(voice, FakeCartesia) else voice.requests


async def until_kept(socket: Socket, voice: FakeCartesia | FakeOpenAISpeech, text: str = FILLER) -> None:
    """Say a prompt until the provider is not asked for it."""
    async with asyncio.timeout(5):
        for number in range(1000):
            asked_of(voice).clear()
            await say(socket, text, more=False, context=f"k{number}")
            await hear(socket, f"k{number}")
            if not asked_of(voice):
                return


@pytest.mark.parametrize("kind", ["cartesia", "openai"])
async def test_a_filler_is_played_from_what_is_kept(kind: str, serve: Serve, start_proxy: StartProxy) -> None:
    """Spoken once beside the greeting; said later, the provider is asked only for what follows it."""
    voice = FakeCartesia() if kind == "cartesia" else FakeOpenAISpeech()
    proxy = await start_proxy(with_slack(voices((kind, await serve(voice.route()))), Slack(filler=FILLER)))
    async with speaking(proxy) as socket:
        await say(socket, "Good evening.", more=False, context="c0")
        await hear(socket, "c0")
        await until_kept(socket, voice)
        await say(socket, FILLER, more=True)
        await say(socket, ANSWER, more=False)
        heard = await hear(socket)
    assert heard.words == [*FILLER.split(), *ANSWER.split()]
    assert heard.starts == sorted(heard.starts)
    assert heard.seconds == pytest.approx(WORD_S * 7, abs=0.05)
    assert FILLER not in str(asked_of(voice))
    assert "We open at nine." in str(asked_of(voice))


async def test_a_fallbacks_prompt_is_played_from_what_is_kept(serve: Serve, start_proxy: StartProxy) -> None:
    """The request to repeat was rehearsed in every voice: after a failover, the fallback need not be asked for it."""
    first, second = FakeCartesia(level=1000), FakeCartesia(level=-1000)
    urls = [await serve(first.route()), await serve(second.route())]
    told = Model(targets=(), system_prompt="Be brief.", graceful=Graceful(ask_to_repeat=AGAIN))
    revision = voices(("cartesia", urls[0]), ("cartesia", urls[1])).model_copy(update={"model": told})
    proxy = await start_proxy(revision)
    async with speaking(proxy) as socket:
        await say(socket, "Good evening.", more=False, context="c0")
        await hear(socket, "c0")
        await until_kept(socket, first, AGAIN)
        first.part = "error"
        await say(socket, "We open at nine.", more=False, context="c1")
        assert (await hear(socket, "c1")).levels() == [-1000]
        await until_kept(socket, second, AGAIN)
        await say(socket, AGAIN, more=False)
        heard = await hear(socket)
    assert heard.levels() == [-1000]
    assert heard.words == AGAIN.split()
    assert asked_of(second) == []


async def test_a_filler_that_is_not_kept_is_spoken_like_any_text(serve: Serve, start_proxy: StartProxy) -> None:
    voice = FakeCartesia()
    proxy = await start_proxy(with_slack(voices(("cartesia", await serve(voice.route()))), Slack(filler=FILLER)))
    async with speaking(proxy) as socket:
        await say(socket, FILLER + ANSWER, more=False)
        heard = await hear(socket)
    assert heard.words == [*FILLER.split(), *ANSWER.split()]


async def test_nothing_is_kept_without_a_filler(serve: Serve, start_proxy: StartProxy) -> None:
    voice = FakeCartesia()
    proxy = await start_proxy(voices(("cartesia", await serve(voice.route()))))
    async with speaking(proxy) as socket:
        await say(socket, "Good evening.", more=False)
        await hear(socket)
    assert [message["transcript"].strip() for message in voice.messages] == ["Good evening."]


@pytest.mark.parametrize("kind", ["pcm", "mp3"])
async def test_an_early_turn_has_the_better_voice(kind: str, serve: Serve, start_proxy: StartProxy) -> None:
    """And the usual model of the same voice where the better one fails."""
    voice = FakeOpenAISpeech()
    proxy = await start_proxy(voices(("openai", await serve(voice.route()))))
    proxy.call.better_voice = "grand"
    async with await speak(proxy, response_format=kind) as response:
        assert response.status == 200
        await response.read()
    voice.status = 500
    async with await speak(proxy, response_format=kind) as response:
        await response.read()
    asked = [request["model"] for request in voice.requests]
    assert [model for model, _ in itertools.groupby(asked)] == ["grand", "m0"]
    assert asked.count("grand") == 2
