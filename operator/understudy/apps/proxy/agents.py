"""Finding an agent pod with room for a call."""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout

from understudy.apps.proxy.http.errors import NotHttp
from understudy.apps.proxy.http.handshake import connect
from understudy.apps.proxy.http.websocket import WebSocket
from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError
from understudy.domain.naming import AGENT_PORT

log = logging.getLogger(__name__)

POLL_S = 1.0
"""Seconds between looks at every pod's load: between two, a pod's own refusal is what counts."""

RESOLVE_EVERY = 2
"""Polls between DNS look-ups: a new pod gets calls two seconds after DNS knows it."""

PROBE_TIMEOUT_S = 0.8
"""A pod that does not answer within a poll is tried last: its loop is busy, or it is gone."""

CONNECT_S = 1.5
"""Longest wait for one pod to take a call: building a pipeline blocks an agent for 0.15 s, several at a time more."""

ADMISSION_S = 8.0
"""Longest search for an agent: callers wait two rings without wondering; a rolled-out pod is ready within this."""

RETRY_S = 0.2
"""Pause before all pods are asked again."""

HEARTBEAT_S = 5.0
"""Seconds between pings to an agent: a node that vanishes without a packet is noticed within 7.5 s, not in minutes."""

WRITE_HIGH = 8 * 1024
"""Bytes we hold for an agent before we stop reading from the carrier: half a second of speech."""

MAX_MESSAGE = 2**18
"""Bytes in one message: 20 s of audio, far above what an agent sends at once."""


class NoAgentCapacity(UnderstudyError):
    """No agent pod took the call in time."""


@dataclass
class Pod:
    """An agent pod as last seen. `address` is host:port."""

    address: str
    known: bool = False
    live: int = 0
    capacity: int = 0
    draining: bool = False

    def preference(self) -> tuple[bool, bool, float]:
        """Sort key: those with room first, by load; then unknown ones; full and draining ones last."""
        full = self.known and (self.draining or self.live >= self.capacity)
        return (full, not self.known, self.live / max(1, self.capacity))


class Agents:
    """The pods of every agent service in use.

    Args:
        session: the process's client session.
        clock: for the admission deadline.
        wanted: yields (namespace, service) of every service whose pods should be known in advance.
        cluster_domain: DNS suffix of Services.
    """

    def __init__(
        self,
        session: Callable[[], ClientSession],
        clock: Clock,
        wanted: Callable[[], Iterable[tuple[str, str]]],
        cluster_domain: str,
    ) -> None:
        self._session = session
        self._clock = clock
        self._wanted = wanted
        self._domain = cluster_domain
        self._random = random.Random()  # noqa: S311 - spreads load, keeps no secret
        self._pods: dict[tuple[str, str], dict[str, Pod]] = {}

    async def run(self) -> None:
        """Keep addresses and loads fresh until cancelled."""
        tick = 0
        while True:
            services = set(self._wanted())
            self._pods = {key: pods for key, pods in self._pods.items() if key in services}
            if tick % RESOLVE_EVERY == 0:
                await asyncio.gather(*(self._resolve(*key) for key in services))
            await asyncio.gather(*(self._probe(pod) for pods in self._pods.values() for pod in pods.values()))
            tick += 1
            await asyncio.sleep(POLL_S)

    async def connect(self, namespace: str, service: Callable[[], str], *, avoid: str = "") -> tuple[str, WebSocket]:
        """A media connection to the least loaded pod that takes the call, and the pod's address.

        Args:
            namespace: of the assistant.
            service: the revision's `agent_service`; asked anew each round, since a rollback may come in between.
            avoid: the address of a pod that has just failed: asked only when it is the last.

        Raises:
            NoAgentCapacity: every pod refused or failed until the deadline.
        """
        deadline = self._clock.monotonic() + ADMISSION_S
        while True:
            key = (namespace, service())
            if not self._pods.get(key):
                await self._resolve(*key)
            pods = self._pods.get(key, {}).values()
            # Among equals by chance, or every proxy would send its next call to the same pod.
            for pod in sorted(pods, key=lambda pod: (pod.address == avoid, pod.preference(), self._random.random())):
                if media := await self._try(pod):
                    return pod.address, media
            if self._clock.monotonic() >= deadline:
                raise NoAgentCapacity(f"none of {len(pods)} agent pods of {key[1]} took the call")
            await asyncio.sleep(RETRY_S)
            await self._resolve(*key)

    async def _try(self, pod: Pod) -> WebSocket | None:
        # Counted before it is certain, so that a burst of calls between two polls spreads over the pods.
        pod.live += 1
        try:
            async with asyncio.timeout(CONNECT_S):
                media = WebSocket(client=True, longest=MAX_MESSAGE, heartbeat_s=HEARTBEAT_S, write_high=WRITE_HIGH)
                await connect(pod.address, "/media", media)
                return media
        except (NotHttp, TimeoutError, OSError) as error:
            pod.live -= 1
            log.info("agent %s did not take a call: %s", pod.address, type(error).__name__)
            return None

    async def _resolve(self, namespace: str, service: str) -> None:
        """Refresh the addresses of a service; a failed look-up keeps those known, which may still answer."""
        found: set[str] = set()
        for host, port in _places(namespace, service, self._domain):
            with contextlib.suppress(OSError):
                loop = asyncio.get_running_loop()
                answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found |= {_address(str(answer[4][0]), port) for answer in answers}
        if found:
            known = self._pods.get((namespace, service), {})
            self._pods[namespace, service] = {address: known.get(address) or Pod(address) for address in sorted(found)}

    async def _probe(self, pod: Pod) -> None:
        try:
            timeout = ClientTimeout(total=PROBE_TIMEOUT_S)
            async with self._session().get(f"http://{pod.address}/capacity", timeout=timeout) as response:
                load = await response.json()
            pod.live, pod.capacity = int(load["live"]), int(load["capacity"])
            pod.draining, pod.known = bool(load["draining"]), True
        except (ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            pod.known = False


def _places(namespace: str, service: str, domain: str) -> list[tuple[str, int]]:
    """Host names and ports of a service: a Service's name, or addresses `host:port,host:port` without a cluster."""
    if ":" not in service:
        return [(f"{service}.{namespace}.svc.{domain}.", AGENT_PORT)]
    return [(host, int(port)) for host, _, port in (place.strip().rpartition(":") for place in service.split(","))]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
