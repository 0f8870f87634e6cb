"""A TCP connection to a name: every address gets its chance, and a name server that is away does not cut us off."""

import asyncio
import socket
from collections import OrderedDict

from aiohappyeyeballs import AddrInfoType, start_connection

STAGGER_S = 0.25
"""Seconds one address has before the next is tried as well; what RFC 8305 recommends. Where IPv6 leads nowhere, a
provider with both kinds of address would otherwise cost the whole time for connecting."""

NAMES = 1024
"""Names whose last addresses are kept for when they cannot be looked up; a pool has at most as many."""


class Dialer:
    """Connects to hosts."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], list[AddrInfoType]] = OrderedDict()

    async def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket; who waits sets the time.

        Raises:
            socket.gaierror: the name has no address, and never had one.
            OSError: no address took the connection.
        """
        return await start_connection(await self._addresses(host, port), happy_eyeballs_delay=STAGGER_S, interleave=1)

    async def _addresses(self, host: str, port: int) -> list[AddrInfoType]:
        """The addresses of `host`; those it had last when it cannot be looked up."""
        try:
            found = await self._look_up(host, port)
        except socket.gaierror:
            if (host, port) not in self._known:
                raise
        else:
            self._known[host, port] = found
            if len(self._known) > NAMES:
                self._known.popitem(last=False)
        self._known.move_to_end((host, port))
        return self._known[host, port]

    @staticmethod
    async def _look_up(host: str, port: int) -> list[AddrInfoType]:
        loop = asyncio.get_running_loop()
        return list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))
