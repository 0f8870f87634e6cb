"""Everything that a case needs: the simulated providers behind a network, the real proxy, and lines into it."""

import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from tests.bench.lines import Lines, agents
from tests.bench.peers.process import serving
from tests.bench.proxy_process import free_port
from tests.bench.speech import told
from tests.bench.speech.cases import SEED, Case
from tests.bench.speech.sight import Sight, Watching
from tests.bench.speech.wire import network
from understudy.apps.simulator import server
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.watch import Blind
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot, Transcriber, Voice

TRANSCRIBER = {"interimMs": 200}
VOICE = {"synth": "Watermark", "firstMs": 100, "jitterMs": 80, "chunkMs": 40, "speed": 5.0}

FLUX = "deepgram/flux"
MODELS = {FLUX: "flux-general-en", "deepgram": "nova-3"}
"""Where the model decides the protocol; elsewhere the provider's default."""

VOICE_IDS = {"azure": "en-US-AvaMultilingualNeural", "deepgram": "aura-2-thalia-en", "openai": "alloy"}
"""Where a provider refuses names that are not of its kind."""


@dataclass
class World:
    """What runs.

    Attributes:
        port: the proxy's.
        far: the network's, behind which the providers are.
    """

    simulator: server.Simulator
    lines: Lines
    session: aiohttp.ClientSession
    port: int
    far: int
    folder: Path
    """Where the proxy's process writes its stalls and its log."""
    sights: dict[str, tuple[Sight, Sight]] = field(default_factory=dict)
    """Of each case, of the primary and the fallback."""

    def forget(self, case: str) -> None:
        """Let go of what was seen: a case's sound is some megabytes."""
        self.sights[case] = (Sight(), Sight())
        for which in "ab":
            if deployment := self.simulator.deployments.find(f"{case}-{which}"):
                deployment.watch = Blind()


def deployments(case: Case, recogniser: str = "Index") -> dict[str, Any]:
    """The script's part for a case: the primary with its failure, the fallback without."""
    ears = {which: _transcriber(case, which) | {"recogniser": recogniser} for which in "ab"}
    return {
        f"{case.name}-a": {"transcriber": ears["a"], "voice": _voice(case, "a"), "faults": case.faults()},
        f"{case.name}-b": {"transcriber": ears["b"], "voice": _voice(case, "b")},
    }


def _transcriber(case: Case, which: str) -> dict[str, Any]:
    return TRANSCRIBER | {"latencyMs": case.draw(f"latency-{which}").randrange(20, 200)}


def _voice(case: Case, which: str) -> dict[str, Any]:
    draw = random.Random(f"{SEED}:{case.primary if which == 'a' else case.fallback}")  # a voice is always the same
    return VOICE | {"levelDb": round(draw.uniform(-24, -16), 1), "wordsPerMinute": draw.randrange(150, 195)}


def voice_speed(case: Case, which: str) -> int:
    """Words a minute of the primary (`a`) or the fallback (`b`)."""
    speed: int = _voice(case, which)["wordsPerMinute"]
    return speed


def snapshot(case: Case, network_port: int) -> Snapshot:
    """The revision of a case's assistant."""
    providers = {f"{case.name}-a": case.primary, f"{case.name}-b": case.fallback}
    accounts = {name: _account(name, provider, network_port) for name, provider in providers.items()}
    model = Model(targets=(ModelTarget(name="m", account=f"{case.name}-a", model="m"),), system_prompt="You are brief.")
    listening = case.part == "transcriber"
    return Snapshot(
        accounts=accounts,
        model=model,
        transcribers=tuple(_wanted_ear(*each) for each in providers.items()) if listening else (),
        voices=() if listening else tuple(_wanted_voice(*each) for each in providers.items()),
        agent=Agent(image="none"),
        standby="Connected" if case.connected else "Cold",
    )


def _account(name: str, provider: str, port: int) -> Account:
    family = provider.partition("/")[0]
    url = f"http://127.0.0.1:{port}/{name}" + ("/v1" if family == "openai" else "")
    return Account(
        name=name,
        provider=family,
        base_url=url,
        secret=family if family in told.KEYS else told.SECRET,
        default_host=False,
        region="westeurope",
    )


def _wanted_ear(account: str, provider: str) -> Transcriber:
    return Transcriber(account=account, provider=provider.partition("/")[0], model=MODELS.get(provider), language="en")


def _wanted_voice(account: str, provider: str) -> Voice:
    return Voice(account=account, provider=provider, voice_id=VOICE_IDS.get(provider, "anna"), language="en")


@asynccontextmanager
async def running(
    cases: Sequence[Case],
    *,
    log_level: str = "WARNING",
    recogniser: str = "Index",
    revise: Callable[[Case, Snapshot], Snapshot] = lambda _, told: told,
) -> AsyncIterator[World]:
    """Run everything until the block ends; `revise` may change a case's revision."""
    script = {"seed": 5, "recogniserProcesses": int(recogniser == "Sphinx"), "deployments": {}}
    for case in cases:
        script["deployments"] |= deployments(case, recogniser)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(server.running(parse(script)))
        far = await stack.enter_async_context(network(simulator.port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        lines = Lines(session)
        pods = await stack.enter_async_context(agents(lines))
        folder = stack.enter_context(TemporaryDirectory(prefix="understudy-speech-"))
        lines.port, admin = free_port(), free_port()
        snapshots = {case.name: revise(case, snapshot(case, far)) for case in cases}
        told.write(Path(folder), snapshots, pods, (lines.port, admin))
        await stack.enter_async_context(_proxy(folder, admin, log_level))
        world = World(simulator, lines, session, lines.port, far, Path(folder))
        for case in cases:
            world.sights[case.name] = watched(simulator, case)
        yield world


def _proxy(folder: str, admin: int, log_level: str) -> Any:
    command = [sys.executable, "-m", "tests.bench.speech.proxy", folder]
    path = os.pathsep.join([*sys.path, str(Path(__file__).parents[3])])
    environment = {"PYTHONPATH": path, "SPEECH_BENCH_LOG": log_level}
    return serving(command, f"http://127.0.0.1:{admin}/readyz", environment)


def watched(simulator: server.Simulator, case: Case) -> tuple[Sight, Sight]:
    """Look on at the case's two providers from now on."""
    return _watched(simulator, f"{case.name}-a"), _watched(simulator, f"{case.name}-b")


def _watched(simulator: server.Simulator, name: str) -> Sight:
    sight = Sight()
    deployment = simulator.deployments.find(name)
    assert deployment is not None
    deployment.watch = Watching(sight)
    return sight
