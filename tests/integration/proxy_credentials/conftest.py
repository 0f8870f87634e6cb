"""A token endpoint on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

LIFE_S = 3599


@dataclass
class Endpoint:
    """A token endpoint that remembers what it was asked."""

    asked: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[int], web.Response] = lambda _: web.Response(status=500)
    asked_first: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Closed: requests wait."""
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        """One request for a token."""
        self.asked.append({key: str(value) for key, value in (await request.post()).items()})
        self.asked_first.set()
        await self.gate.wait()
        return self.answer(len(self.asked))


def fine(number: int) -> web.Response:
    return web.json_response({"token_type": "Bearer", "expires_in": LIFE_S, "access_token": f"token-{number}"})


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    found = Endpoint(answer=fine)
    found.gate.set()
    app = web.Application()
    app.add_routes([web.post("/{tenant}/oauth2/v2.0/token", found.handle)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/tenant-1/oauth2/v2.0/token"
    yield found
    await runner.cleanup()
