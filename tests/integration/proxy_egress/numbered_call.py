"""A caller who says numbers to the facade in real time, on a telephone line."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import ClientWebSocketResponse

from understudy.apps.simulator.audio import mulaw
from understudy.apps.simulator.audio.numbered import number_of, speech
from understudy.apps.simulator.server import Simulator
from understudy.domain.revision.snapshot import Account, Snapshot, Transcriber

from .conftest import TOKEN, Proxy, snapshot

RATE = 8000
FRAME_BYTES = RATE // 50
FRAME_S = 0.02
SILENCE = b"\xff"
QUERY = f"encoding=mulaw&sample_rate={RATE}&channels=1&interim_results=true"
MODELS = {"flux": "flux-general-en"}
PROVIDERS = (
    "deepgram",
    "flux",
    "assembly-ai",
    "azure",
    "gladia",
    "google",
    "speechmatics",
    "cartesia",
    "11labs",
    "openai",
)
"""Every protocol; `flux` is Deepgram's other one."""


class NumberedCall:
    """One agent's socket.

    Attributes:
        messages: what the agent was told.
    """

    def __init__(self, socket: ClientWebSocketResponse[bool]) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.asked = 0
        self._news = asyncio.Event()

    @property
    def finals(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("is_final")]

    @property
    def answers(self) -> int:
        return sum(bool(final["from_finalize"]) for final in self.finals)

    @property
    def numbers(self) -> list[int | None]:
        """What the finals say, in order."""
        texts = [final["channel"]["alternatives"][0]["transcript"] for final in self.finals]
        return [number_of(word) for text in texts for word in text.split()]

    def told(self) -> str:
        """What the agent was told, a line each."""
        return "\n".join(map(_line, self.messages))

    async def ended(self) -> None:
        """Until the stream's metadata, which are its last message."""
        async with asyncio.timeout(8):
            while not (self.messages and self.messages[-1]["type"] == "Metadata"):
                self._news.clear()
                await self._news.wait()

    async def read(self) -> None:
        async for message in self.socket:
            self.messages.append(orjson.loads(message.data))
            self._news.set()

    async def send(self, audio: bytes) -> None:
        """In real time."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(audio), FRAME_BYTES):
            await self.socket.send_bytes(audio[at : at + FRAME_BYTES])
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def speak(self, numbers: Sequence[int]) -> None:
        """Say numbers."""
        await self.send(mulaw.encode(speech(numbers, RATE)))

    async def say(self, numbers: Sequence[int]) -> None:
        """Speak, wait as an agent's voice detection does, and ask for a final."""
        await self.speak(numbers)
        await self.quiet(0.2)
        self.asked += 1
        await self.socket.send_str('{"type":"Finalize"}')

    async def quiet(self, seconds: float) -> None:
        await self.send(SILENCE * round(seconds * RATE))

    async def until(self, numbers: Sequence[int], seconds: float = 12.0) -> None:
        """Stay silent until the finals say `numbers`, and every `Finalize` is answered."""
        try:
            async with asyncio.timeout(seconds):
                while not set(numbers) <= set(self.numbers) or self.answers < self.asked:
                    await self.quiet(0.1)
        except TimeoutError:
            pytest.fail(f"heard {self.numbers} of {numbers}, {self.answers} of {self.asked} answers;\n{self.told()}")


def _line(message: dict[str, Any]) -> str:
    if message["type"] != "Results":
        return str(message)
    kind = "final" if message["is_final"] else "interim"
    text = message["channel"]["alternatives"][0]["transcript"]
    return f"{message['start']:.2f}+{message['duration']:.2f} {kind} {text}"


@asynccontextmanager
async def calling(proxy: Proxy, path: str = "/v1/listen", query: str = QUERY) -> AsyncIterator[NumberedCall]:
    headers = {"Authorization": f"Token {TOKEN}"}
    async with proxy.session.ws_connect(f"{proxy.ws_url}{path}?{query}", headers=headers) as socket:
        call = NumberedCall(socket)
        reading = asyncio.create_task(call.read())
        try:
            yield call
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def chain(simulator: Simulator, *listed: tuple[str, str], **fields: Any) -> Snapshot:
    """A revision with transcribers (protocol, simulated account) in order, on accounts `a0`, `a1`, …."""
    accounts = {
        f"a{i}": _account(f"a{i}", protocol, simulator.url(where)) for i, (protocol, where) in enumerate(listed)
    }
    transcribers = tuple(
        Transcriber(
            account=name,
            provider=account.provider,
            model=MODELS.get(protocol),
            language="en-US" if protocol == "azure" else "en",
        )
        for (name, account), (protocol, _) in zip(accounts.items(), listed, strict=True)
    )
    return snapshot(accounts=accounts, transcribers=transcribers, **fields)


def _account(name: str, protocol: str, url: str) -> Account:
    return Account(
        name=name,
        provider="deepgram" if protocol == "flux" else protocol,
        base_url=f"{url}/v1" if protocol == "openai" else url,
        default_host=False,
        region="eastus" if protocol == "azure" else None,
    )
