"""Whatever a simulated voice does in mid-sentence, the agent gets each word once, in a steady stream."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.simulator.conftest import until
from understudy.apps.simulator.audio.chords import Chord
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import Simulator, running
from understudy.apps.simulator.voice import watermark
from understudy.domain.revision.snapshot import Account, Snapshot, Voice

from .conftest import Proxy, StartProxy, snapshot
from .test_voice import RATE, Heard, hear, say, speaking

PROVIDERS = ("cartesia", "openai", "deepgram", "playht", "azure", "11labs")
KEYS = {"playht": "user:key"}
VOICE_IDS = {"azure": "en-US-AvaMultilingualNeural", "deepgram": "aura-2-thalia-en", "openai": "alloy"}
"""Where a provider refuses names that are not of its kind."""

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


def revision(simulator: Simulator, first: str, second: str, **parts: Any) -> Snapshot:
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
        Voice(account=name, provider=account.provider, voice_id=VOICE_IDS.get(account.provider, "anna"), language="en")
        for name, account in accounts.items()
    )
    return snapshot(accounts=accounts, voices=listed, **parts)


@asynccontextmanager
async def proxied(start_proxy: StartProxy, case: Case, **parts: Any) -> AsyncIterator[Proxy]:
    async with running(script(case.fault)) as simulator:
        proxy = await start_proxy(revision(simulator, case.first, case.second, **parts))
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


FAULTS = (
    {"kind": "cut", "at": 0},
    {"kind": "cut", "at": 9},
    {"kind": "stall", "at": 9},
    {"kind": "truncate", "at": 4},
    {"kind": "silent-audio", "at": 9},
    {"kind": "error", "at": 5},
    {"kind": "malformed", "at": 7},
    {"kind": "close", "at": 3},
    {"kind": "no-output"},
)


OVER_HTTP = ("openai", "playht")
"""Whose audio is a body: there is no message in it that could be malformed."""


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        pytest.param(first, fault, id=f"{first}-{fault['kind']}-{fault.get('at', 0)}")
        for first in PROVIDERS
        for fault in FAULTS
        if not (first in OVER_HTTP and fault["kind"] == "malformed")
    ],
)
async def test_no_word_is_lost_or_doubled(first: str, fault: dict[str, Any], start_proxy: StartProxy) -> None:
    """And the agent is told exactly the words that it got."""
    second = PROVIDERS[(PROVIDERS.index(first) + 1 + FAULTS.index(fault) % 5) % 6]
    async with proxied(start_proxy, Case(first, second, fault)) as proxy:
        heard = await spoken(proxy)
        assert proxy.metric("understudy_provider_failovers_total", part="voice", account="two") == 1.0
    assert heard.errors == []
    assert numbers(words_in(heard)) == list(NUMBERS)
    assert " ".join(heard.words) == TEXT


@pytest.mark.parametrize("kind", ["refuse", "status"])
@pytest.mark.parametrize("first", PROVIDERS)
async def test_a_voice_that_refuses_is_not_heard(first: str, kind: str, start_proxy: StartProxy) -> None:
    second = PROVIDERS[(PROVIDERS.index(first) + 2) % 6]
    async with proxied(start_proxy, Case(first, second, {"kind": kind})) as proxy:
        heard = await spoken(proxy)
    assert heard.errors == []
    assert numbers(words_in(heard)) == list(NUMBERS)


@pytest.mark.parametrize("first", ["cartesia", "openai"])
async def test_the_next_voice_is_as_loud_as_the_first(first: str, start_proxy: StartProxy) -> None:
    """By themselves they are 8 dB apart."""
    async with proxied(start_proxy, Case(first, "azure", {"kind": "cut", "at": 30})) as proxy:
        heard = await spoken(proxy)
    levels = [20 * math.log10(chord.rms) for chord in words_in(heard)]
    assert len(levels) == len(NUMBERS)
    assert max(levels) - min(levels) < 1.0


async def test_the_next_voice_gets_ready_while_the_first_is_late(start_proxy: StartProxy) -> None:
    """It is asked before the first is given up, and when the first speaks after all, it is told to stop."""
    slow = {**FAST, "firstMs": 600}
    document = {
        "recogniserProcesses": 0,
        "deployments": {"ill": {"voice": slow}, "well": {"voice": FAST}},
    }
    async with running(parse(document)) as simulator:
        proxy = await start_proxy(revision(simulator, "cartesia", "cartesia"))
        proxy.credentials.keys |= {"one": "key", "two": "key"}
        heard = await spoken(proxy)
        late, ready = (simulator.deployments.create(name).stats for name in ("ill", "well"))
        assert late.completed == 1
        assert ready.requests == 1
        await until(lambda: not ready.live)
        assert ready.completed == 0
    assert numbers(words_in(heard)) == list(NUMBERS)
    assert ("failover", "voice") not in proxy.call.ledger.entries


@pytest.mark.parametrize("fault", [{"kind": "cut", "at": 9}, {"kind": "truncate", "at": 4}], ids=lambda f: f["kind"])
@pytest.mark.parametrize("first", PROVIDERS)
async def test_an_immediate_handover_costs_a_word_at_most(
    first: str, fault: dict[str, Any], start_proxy: StartProxy
) -> None:
    """Words broken by the failure are repeated or left out; there is one change of voice, so one or two of them."""
    second = PROVIDERS[(PROVIDERS.index(first) + 1) % 6]
    async with proxied(start_proxy, Case(first, second, fault), handover="Immediate") as proxy:
        heard = await spoken(proxy)
        assert proxy.metric("understudy_provider_failovers_total", part="voice", account="two") == 1.0
    assert heard.errors == []
    said = numbers(words_in(heard))
    missing = [number for number in NUMBERS if number not in said]
    assert len(missing) <= 1
    assert len(said) - len(set(said)) <= 2
    assert " ".join(heard.words) == TEXT
