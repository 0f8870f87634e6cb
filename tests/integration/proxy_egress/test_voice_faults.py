"""Whatever a simulated voice does in mid-sentence, the agent gets each word once, in a steady stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from understudy.apps.simulator.audio.chords import Chord
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import Simulator, running
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Snapshot, Voice

from .conftest import Proxy, StartProxy, snapshot
from .test_voice import RATE, Heard, hear, say, speaking

PROVIDERS = ("cartesia", "openai", "deepgram", "playht", "azure", "11labs")
KEYS = {"playht": "user:key"}

NUMBERS = tuple(range(20, 44))
TEXT = " ".join(f"w{number}" + ("." if number % 12 == 11 else "," if number % 6 == 5 else "") for number in NUMBERS)

FAST = {"synth": "Watermark", "firstMs": 20, "speed": 20, "chunkMs": 50}


@dataclass
class Case:
    """Two voices and what befalls the first."""

    first: str
    second: str
    fault: dict[str, Any]


def script(fault: dict[str, Any]) -> Any:
    return parse(
        {
            "recogniserProcesses": 0,
            "deployments": {
                "ill": {"voice": {**FAST, "levelDb": -18}, "faults": [fault]},
                "well": {"voice": {**FAST, "levelDb": -26}},
            },
        }
    )


def revision(simulator: Simulator, first: str, second: str) -> Snapshot:
    """Voices of two accounts; the first one's deployment is ill."""
    accounts = {
        name: Account(
            name=name,
            provider=provider,
            base_url=simulator.url(where) + ("/v1" if provider == "openai" else ""),
            default_host=False,
            region="westeurope",
        )
        for name, provider, where in (("one", first, "ill"), ("two", second, "well"))
    }
    listed = tuple(
        Voice(account=name, provider=accounts[name].provider, voice_id="v", language="en-US") for name in accounts
    )
    return snapshot(accounts=accounts, voices=listed)


@asynccontextmanager
async def proxied(start_proxy: StartProxy, case: Case) -> AsyncIterator[Proxy]:
    async with running(script(case.fault)) as simulator:
        proxy = await start_proxy(revision(simulator, case.first, case.second))
        proxy.credentials.keys |= {"one": KEYS.get(case.first, "key"), "two": KEYS.get(case.second, "key")}
        yield proxy


async def spoken(proxy: Proxy, text: str = TEXT) -> Heard:
    async with speaking(proxy) as socket:
        for word in text.split(" "):
            await say(socket, word + " ", more=True, max_buffer_delay_ms=3000)
        await say(socket, "", more=False, max_buffer_delay_ms=3000)
        return await hear(socket)


def words_in(heard: Heard) -> list[Chord]:
    return watermark.heard(heard.audio, RATE)


def numbers(chords: list[Chord]) -> list[int]:
    return [chord.number for chord in chords]


@pytest.mark.parametrize("at", [0, 9])
@pytest.mark.parametrize(
    "kind", ["cut", "stall", "truncate", "silent-audio", "error", "malformed", "close", "no-output"]
)
@pytest.mark.parametrize("first", PROVIDERS)
async def test_no_word_is_lost_or_doubled(first: str, kind: str, at: int, start_proxy: StartProxy) -> None:
    case = Case(first, "cartesia" if first != "cartesia" else "openai", {"kind": kind, "at": at})
    async with proxied(start_proxy, case) as proxy:
        heard = await spoken(proxy)
    assert heard.errors == []
    assert numbers(words_in(heard)) == list(NUMBERS)
    assert " ".join(heard.words) == TEXT
