"""The agent: the unmodified openai SDK, one streamed turn at a time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import openai

from tests.bench.faults_kinds import Habit
from tests.bench.faults_text import Outcome, has_clause

SILENCE_S = 10.0
"""An agent that got nothing for so long has lost its caller."""

SMALL_BUFFER = 65_536
"""Bytes that the slow reader's socket takes: much less than its answer."""

PAUSE_AFTER = 40
PAUSE_S = 2.5
"""The slow reader reads so many chunks, then none for so long."""


@dataclass(frozen=True)
class Ask:
    """Where and how to ask.

    Attributes:
        url: of the API, with the version.
        headers: what lets the agent in.
        model: what it asks for.
    """

    url: str
    headers: Mapping[str, str]
    model: str


class Agent:
    """Asks one system; its connections are kept between turns."""

    def __init__(self, plain: httpx2.AsyncClient, slow: httpx2.AsyncClient) -> None:
        self._clients = {False: plain, True: slow}

    async def turn(self, ask: Ask, question: str, habit: Habit) -> Outcome:
        """Ask, and read until the end, an error, or ten seconds of silence."""
        client = openai.AsyncOpenAI(
            base_url=ask.url, api_key="none", max_retries=0, timeout=None, http_client=self._clients[habit.slow]
        )
        heard = _Heard()
        try:
            async with asyncio.timeout(SILENCE_S) as patience:
                stream = await client.chat.completions.create(
                    model=ask.model,
                    messages=[{"role": "user", "content": question}],
                    stream=True,
                    extra_headers=dict(ask.headers),
                )
                async for chunk in stream:
                    patience.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
                    heard.take(chunk)
                    if habit.slow and heard.chunks == PAUSE_AFTER:
                        await asyncio.sleep(PAUSE_S)
        except TimeoutError:
            return heard.outcome("silence")
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            return heard.outcome(f"{type(error).__name__}: {error}")
        return heard.outcome("")


class _Heard:
    """What came so far."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._texts: list[str] = []
        self._finish = ""
        self._clause_s: float | None = None
        self.chunks = 0

    def take(self, chunk: openai.types.chat.ChatCompletionChunk) -> None:
        self.chunks += 1
        for choice in chunk.choices:
            self._finish = choice.finish_reason or self._finish
            if choice.delta.content:
                self._texts.append(choice.delta.content)
                if self._clause_s is None and has_clause("".join(self._texts)):
                    self._clause_s = self._clock() - self._began

    def outcome(self, error: str) -> Outcome:
        return Outcome("".join(self._texts), self._finish, self._clause_s, error)


@asynccontextmanager
async def agent() -> AsyncIterator[Agent]:
    """An agent, until the block ends."""
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)]
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    transport = httpx2.AsyncHTTPTransport(socket_options=small, limits=limits)
    async with (
        openai.DefaultAsyncHttpxClient(limits=limits) as plain,
        openai.DefaultAsyncHttpxClient(transport=transport) as slow,
    ):
        yield Agent(plain, slow)
