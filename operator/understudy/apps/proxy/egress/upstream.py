"""Requests to providers, and their failures told in our words: of what a provider says only its code is quoted."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    ServerDisconnectedError,
    WSServerHandshakeError,
)

from understudy.apps.proxy.http.errors import CannotConnect
from understudy.apps.proxy.http.transport import Answer
from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderTimeout
from understudy.domain.speech.codec import Connect

CONNECT_TIMEOUT_S = 2.0
"""TCP and TLS to a provider take 50 to 300 ms; past two seconds the next target answers sooner."""

MAX_ERROR_BODY = 65_536
"""Bytes read of a provider's error: more is never needed to find its code."""

CLOSE_S = 0.5
"""Longest wait for the other side's close frame: providers that are gone do not send one."""

HTTP_ERROR = 400
"""HTTP status from which a provider's answer is an error."""


async def post(session: ClientSession, url: str, body: bytes, headers: dict[str, str]) -> ClientResponse:
    """POST `body` as JSON; the response once its headers are there.

    A connection that broke before a byte of the answer came is tried once more: a kept-alive connection that the
    provider had closed meanwhile fails like this. Redirects are not followed, since they would carry the key along.
    """
    sent = {"Content-Type": "application/json", "Accept-Encoding": "identity", **headers}
    timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)

    async def once() -> ClientResponse:
        return await session.post(url, data=body, headers=sent, timeout=timeout, allow_redirects=False)

    try:
        return await once()
    except ClientConnectorError:
        raise
    except (ServerDisconnectedError, ClientOSError):
        return await once()


async def open_socket(session: ClientSession, connect: Connect) -> ClientWebSocketResponse[bool]:
    """A WebSocket to a provider, uncompressed."""
    return await session.ws_connect(
        connect.url,
        headers=connect.headers,
        protocols=connect.subprotocols,
        compress=0,
        autoping=True,
        max_msg_size=0,
        timeout=ClientWSTimeout(ws_close=CLOSE_S),
    )


async def refuse_errors(provider: str, response: ClientResponse) -> None:
    """Nothing for a success.

    Raises:
        ProviderRefused: the provider answered with an error, or with a redirect.
    """
    if response.status < 300:  # noqa: PLR2004 - an HTTP success
        return
    code = ""
    if response.status >= HTTP_ERROR:
        code = _code(await response.content.read(MAX_ERROR_BODY))
    raise ProviderRefused(provider, f"answered {response.status}{code}", response.status)


async def refuse_error_answers(provider: str, answer: Answer) -> None:
    """Nothing for a success; the like of `refuse_errors` for the transport's answers.

    Raises:
        ProviderRefused: the provider answered with an error, or with a redirect.
    """
    if answer.status < 300:  # noqa: PLR2004 - an HTTP success
        return
    code = _code(await answer.body(MAX_ERROR_BODY)) if answer.status >= HTTP_ERROR else ""
    raise ProviderRefused(provider, f"answered {answer.status}{code}", answer.status)


@contextmanager
def told_as(provider: str) -> Iterator[None]:
    """Turn what the transport, aiohttp and asyncio raise inside into errors of `provider`."""
    try:
        yield
    except ProviderError:
        raise
    except WSServerHandshakeError as error:
        raise ProviderRefused(provider, f"answered {error.status}", error.status) from error
    except TimeoutError as error:
        raise ProviderTimeout(provider, "nothing useful in time") from error
    except ClientConnectorError as error:
        raise ProviderBroke(provider, f"cannot connect ({error.os_error.strerror or 'no address'})") from error
    except CannotConnect as error:
        raise ProviderBroke(provider, f"cannot connect ({error})") from error
    except (ClientError, OSError, asyncio.IncompleteReadError) as error:
        raise ProviderBroke(provider, "the connection broke") from error
    except ValueError as error:
        raise ProviderBroke(provider, plain(error)) from error


def _code(body: bytes) -> str:
    """A provider's error code, where it is a plain word: messages may quote keys and callers."""
    try:
        error = orjson.loads(body)["error"]
        code = error.get("code") or error.get("type") or ""
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    return f" ({code})" if re.fullmatch(r"[\w.-]{1,64}", str(code)) else ""


def plain(error: ValueError) -> str:
    """Our own words about a protocol error; a library's may quote what was received."""
    return (
        str(error) if type(error).__module__.startswith("understudy.") else f"not the protocol ({type(error).__name__})"
    )
