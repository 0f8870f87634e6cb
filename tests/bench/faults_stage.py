"""The simulated deployments in front of which the systems stand, healthy at first."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.faults_kinds import KINDS
from tests.bench.faults_text import ANSWER_WORDS, LONG_WORDS, answer
from tests.bench.peers import Pools, Upstream
from understudy.apps.simulator import broken_tls, server
from understudy.apps.simulator.script import parse

DEPLOYMENTS = 4

FAST = {"firstMs": 180, "sigma": 0.25, "tokenMs": 12}
SLOWER = {"firstMs": 240, "sigma": 0.25, "tokenMs": 12}
"""The survivor is not the one that latency alone had preferred."""

PADDING = 10_000
"""Characters added to each event that the slow reader does not read: 3.6 MB an answer."""

NO_HOST = "nowhere.understudy.example"
"""Nobody can have a name under `example`; `invalid` is refused by Portkey before it looks."""


@dataclass(frozen=True)
class Stage:
    """The simulated deployments, and addresses at which there is nothing good.

    Attributes:
        alive: of each fault's pools, which deployment lives.
    """

    alive: Sequence[int]
    simulator: server.Simulator
    addresses: Mapping[str, Sequence[str]]
    """Base URLs by the kind of what is wrong with them; each faulty deployment gets the next."""

    def pools(self, system: str) -> Pools:
        """Upstreams by pool."""
        return {pool(fault, alive): self._upstreams(system, fault, alive) for fault in KINDS for alive in self.alive}

    def strike(self, system: str) -> None:
        """Break what has to break."""
        for fault, kind in KINDS.items():
            for alive in self.alive:
                for order, number in enumerate(_faulty(alive)):
                    change = {"faults": kind.faults(order)}
                    self.simulator.deployments.create(deployment(system, fault, alive, number)).change(change)

    def _upstreams(self, system: str, fault: str, alive: int) -> list[Upstream]:
        names = [deployment(system, fault, alive, number) for number in range(DEPLOYMENTS)]
        urls = {name: f"{self.simulator.url(name)}/v1" for name in names}
        broken = self.addresses.get(KINDS[fault].address, ())
        for order, number in enumerate(_faulty(alive)):
            if broken:
                urls[names[number]] = broken[order % len(broken)]
        return [Upstream(name, url) for name, url in urls.items()]


def _faulty(alive: int) -> list[int]:
    return [number for number in range(DEPLOYMENTS) if number != alive]


def pool(fault: str, alive: int) -> str:
    """Its name: an assistant's, too, so without underscores."""
    return f"{fault.replace('_', '-')}-{alive}"


def deployment(system: str, fault: str, alive: int, number: int) -> str:
    """Its name."""
    return f"{system}-{pool(fault, alive)}-{number}"


@asynccontextmanager
async def stage(systems: Sequence[str], alives: Sequence[int]) -> AsyncIterator[Stage]:
    """Serve everything until the block ends."""
    deployments = {
        deployment(system, fault, alive, number): {"models": {"maitre": _model(fault, lives=number == alive)}}
        for system in systems
        for fault in KINDS
        for alive in alives
        for number in range(DEPLOYMENTS)
    }
    script = parse({"seed": 7, "recogniserProcesses": 0, "deployments": deployments})
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(server.running(script))
        ports = [await stack.enter_async_context(broken_tls.listening(broken)) for broken in broken_tls.Broken]
        tls = [f"https://127.0.0.1:{port}/v1" for port in ports]
        yield Stage(alives, simulator, {"tls": tls, "dns": [f"https://{NO_HOST}/v1"]})


def _model(fault: str, *, lives: bool) -> dict[str, Any]:
    if KINDS[fault].habit.slow:
        return {"answer": answer(LONG_WORDS), "firstMs": 180, "tokenMs": 0, "padding": PADDING}
    return {"answer": answer(ANSWER_WORDS), **(SLOWER if lives else FAST)}
