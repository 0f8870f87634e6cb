"""What one transcriber is sent, and in which order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from understudy.apps.proxy.egress import listen_feeder
from understudy.apps.proxy.egress.listen_feeder import Feeder
from understudy.apps.proxy.egress.listen_link import Link
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import AudioFormat, Frame
from understudy.domain.speech.listening import Listening
from understudy.domain.speech.transcribers.cartesia import CartesiaCodec

AUDIO = AudioFormat("mulaw", 8000)
SPOKEN = [bytes([number]) * 160 for number in range(5)]
STEPS = 20
"""Rounds of the loop after which a feeder has sent all it can."""


class OpenLink:
    """A link to Cartesia, which takes silence for a sign of life."""

    def __init__(self) -> None:
        self.codec = CartesiaCodec(
            Transcriber(account="a", provider="cartesia", model=None, language=None),
            Account(name="a", provider="cartesia", base_url="http://127.0.0.1:1", default_host=False),
        )
        self.codec.open(AUDIO, {}, None)
        self.takes = AUDIO
        self.sent_at = asyncio.get_running_loop().time()
        self.frames: list[Frame] = []

    async def send(self, frames: list[Frame]) -> None:
        """All of it arrives."""
        self.frames += frames


class Fed:
    """A feeder at work."""

    def __init__(self) -> None:
        self.listening, self.link = Listening(AUDIO), OpenLink()
        feed = self.listening.connect(self.link.codec.traits, asyncio.get_running_loop().time())
        nothing: Any = lambda: None  # noqa: E731 - called and forgotten
        self.feeder = Feeder(self.listening, cast("Link", self.link), feed, AUDIO, begun=nothing, caught_up=nothing)

    @property
    def now(self) -> float:
        """Seconds on the loop's clock."""
        return asyncio.get_running_loop().time()

    async def settle(self) -> None:
        """Let it send what there is."""
        for _ in range(STEPS):
            await asyncio.sleep(0)

    def hear(self, audio: bytes) -> None:
        """The agent sends audio."""
        self.listening.audio(audio)
        self.feeder.wake()


@pytest.fixture
async def fed() -> AsyncIterator[Fed]:
    async with _running() as running:
        yield running


@asynccontextmanager
async def _running() -> AsyncIterator[Fed]:
    fed = Fed()
    task = asyncio.create_task(fed.feeder.run())
    try:
        yield fed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_sign_of_life_is_given_where_there_is_no_audio(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the look after the quiet began, not before."""
    fed.hear(SPOKEN[0])
    await fed.settle()
    fed.feeder.keep_alive()
    fed.feeder.look(fed.now)
    await fed.settle()
    assert fed.link.frames == [SPOKEN[0]]
    monkeypatch.setattr(listen_feeder, "QUIET_S", 0.0)
    fed.feeder.look(fed.now)
    await fed.settle()
    assert fed.link.frames == [SPOKEN[0], *fed.link.codec.keep_alive()]


async def test_no_silence_gets_between_two_halves_of_a_word(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio that arrives together with the request is the sign of life."""
    monkeypatch.setattr(listen_feeder, "QUIET_S", 0.0)
    fed.hear(SPOKEN[0])
    await fed.settle()
    fed.feeder.keep_alive()
    for audio in SPOKEN[1:]:
        fed.hear(audio)
    fed.feeder.look(fed.now)
    await fed.settle()
    assert b"".join(frame for frame in fed.link.frames if isinstance(frame, bytes)) == b"".join(SPOKEN)
