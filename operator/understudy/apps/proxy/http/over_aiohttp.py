"""The port to providers, on aiohttp's client."""

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
)

from understudy.apps.proxy.http.errors import CannotConnect, Disconnected
from understudy.apps.proxy.http.transport import Answer


class AiohttpTransport:
    """`Transport` on the process's session."""

    def __init__(self, session: Callable[[], ClientSession]) -> None:
        self._session = session

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, connect_timeout_s: float) -> Answer:
        """See `Transport.post`."""
        try:
            try:
                return await self._once(url, body, headers, connect_timeout_s)
            except ClientConnectorError:
                raise
            except (ServerDisconnectedError, ClientOSError):
                return await self._once(url, body, headers, connect_timeout_s)
        except ClientConnectorError as error:
            raise CannotConnect(error.os_error.strerror or "no address") from error
        except (TimeoutError, asyncio.CancelledError):
            raise
        except (ClientError, OSError) as error:
            raise Disconnected("before the answer", answered=False) from error

    async def _once(self, url: str, body: bytes, headers: Mapping[str, str], connect_timeout_s: float) -> Answer:
        timeout = ClientTimeout(total=None, sock_connect=connect_timeout_s)
        sent = {**headers, "Accept-Encoding": "identity"}
        return _Answer(await self._session().post(url, data=body, headers=sent, timeout=timeout, allow_redirects=False))

    def warm(self, url: str) -> None:
        """Not possible with this client."""

    async def close(self) -> None:
        """The session is its owner's."""


class _Answer:
    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except ClientError as error:
            raise Disconnected("within the answer", answered=True) from error

    async def body(self, limit: int) -> bytes:
        pieces, size = [], 0
        while size < limit and (piece := await self.read()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)[:limit]

    def close(self) -> None:
        self._response.close()
