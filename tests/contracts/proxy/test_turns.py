"""`/v2/listen`, where the provider ends the turns: clients made for Flux, unmodified, through a failure of Flux."""

import asyncio
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService

from tests.contracts.speech.driver import speech
from tests.contracts.speech.pipecat_calls import RATE, heard_by
from tests.integration.proxy_egress.conftest import TOKEN, StartProxy, snapshot
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import Simulator, running
from understudy.domain.revision.snapshot import Account, Snapshot, Transcriber

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients' own use of websockets

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
QUIET_S = 1.2
"""Longer than any of them waits before a turn is over."""

PAUSE_S = 0.2
"""What an agent's voice detection waits for at least before it ends a turn."""

FAULTS: dict[str, list[dict[str, Any]]] = {"none": [], "cut": [{"kind": "cut", "atMs": 900}]}
"""In the middle of the first sentence."""

FALLBACKS = [("deepgram", "flux-general-en"), ("deepgram", "nova-3"), ("11labs", None), ("cartesia", None)]


def script(fault: str) -> Any:
    return parse({"recogniserProcesses": 0, "deployments": {"flux": {"faults": FAULTS[fault]}, "other": {}}})


def chain(simulator: Simulator, provider: str, model: str | None) -> Snapshot:
    """Flux, and another after it."""
    listed = [("flux", "deepgram", "flux-general-en"), ("other", provider, model)]
    accounts = {
        name: Account(name=name, provider=kind, base_url=simulator.url(name), default_host=False)
        for name, kind, _ in listed
    }
    transcribers = tuple(
        Transcriber(account=name, provider=kind, model=wanted, turn_detection="Provider")
        for name, kind, wanted in listed
    )
    return snapshot(accounts=accounts, transcribers=transcribers)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("provider", "model"), FALLBACKS)
async def test_pipecats_flux_service(start_proxy: StartProxy, fault: str, provider: str, model: str | None) -> None:
    """Each sentence is one turn, whole, and Pipecat sees no error."""
    async with running(script(fault)) as simulator:
        proxy = await start_proxy(chain(simulator, provider, model))
        service = DeepgramFluxSTTService(api_key=TOKEN, url=f"{proxy.ws_url}/v2/listen")
        heard = await heard_by(service, await speech(FIRST, RATE), await speech(SECOND, RATE), quiet_s=QUIET_S)
    assert [frame.text for frame in heard.finals] == [FIRST, SECOND]
    assert heard.errors == []
    assert (("failover", "transcriber") in proxy.call.ledger.entries) == (fault != "none")


@pytest.mark.parametrize("fault", FAULTS)
async def test_deepgrams_sdk(start_proxy: StartProxy, fault: str) -> None:
    """Its types hold every message; turns are numbered, and begin and end in turn; one is forced to its end."""
    messages: list[Any] = []
    over = asyncio.Event()

    def note(message: Any) -> None:
        messages.append(message)
        if getattr(message, "event", "") == "EndOfTurn":
            over.set()

    async with running(script(fault)) as simulator:
        proxy = await start_proxy(chain(simulator, "11labs", None))
        hosts = DeepgramClientEnvironment(
            base=proxy.url, production=proxy.ws_url, agent=proxy.ws_url, agent_rest=proxy.url
        )
        client = AsyncDeepgramClient(api_key=TOKEN, environment=hosts)
        asked = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": str(RATE)}
        async with client.listen.v2.connect(**asked) as connection:
            connection.on(EventType.MESSAGE, note)
            listening = asyncio.create_task(connection.start_listening())
            for text in (FIRST, SECOND):
                over.clear()
                sound = await speech(text, RATE) + bytes(round(RATE * 2 * PAUSE_S))
                for at in range(0, len(sound), RATE // 5):
                    await connection.send_media(sound[at : at + RATE // 5])
                    await asyncio.sleep(0.1)
                await connection.send_force_end_turn()
                async with asyncio.timeout(10):
                    await over.wait()
            listening.cancel()
    assert messages[0].type == "Connected"
    assert [message.sequence_id for message in messages] == list(range(len(messages)))
    turns = [message for message in messages if message.type == "TurnInfo" and message.event != "Update"]
    assert [(turn.event, turn.turn_index) for turn in turns] == [
        ("StartOfTurn", 0),
        ("EndOfTurn", 0),
        ("StartOfTurn", 1),
        ("EndOfTurn", 1),
    ]
    assert [turn.transcript for turn in turns if turn.event == "EndOfTurn"] == [FIRST, SECOND]
