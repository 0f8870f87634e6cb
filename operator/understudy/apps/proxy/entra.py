"""Microsoft Entra tokens for Azure OpenAI: fetched before they are needed, kept until shortly before they expire.

Written from Microsoft's documentation, "Microsoft identity platform and the OAuth 2.0 client credentials flow": a form
is POSTed to the tenant's token endpoint, the answer has `access_token` and `expires_in`, an error has `error`.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from understudy.base.clock import Clock
from understudy.base.errors import UnderstudyError

log = logging.getLogger(__name__)

TOKEN_URL = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
"""Token endpoint of the public cloud; a Secret's tokenUrl names another cloud's."""

SCOPE = "https://cognitiveservices.azure.com/.default"
"""What the token is for in the public cloud; a Secret's scope names another cloud's."""

FETCH_TIMEOUT_S = 5.0
"""Longest wait for a token: the endpoint answers within a second, and a call that waits for one is lost by then."""

REFRESH_BEFORE_S = 600.0
"""Seconds before a token's end from which on a new one is fetched: tokens last about an hour, so an outage of the
token endpoint may last ten minutes before anybody notices."""

RETRY_S = 5.0
"""Pause after a failed fetch: turns meanwhile go elsewhere at once instead of waiting for the next failure."""

END_MARGIN_S = 30.0
"""Seconds before its end from which on a token is not used: a request may be under way, and clocks differ."""

MIN_LIFE_S = 30.0
"""Shortest life that is believed: an answer that claims less would make every request fetch."""

REFUSED_AFTER_S = 60.0
"""Age of a token from which on a provider's refusal makes us fetch another: roles given meanwhile are in a new one."""

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class TokenUnavailable(UnderstudyError):
    """No token; `refused` says whether the endpoint answered and said no."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class EntraClient:
    """Who asks for a token, and where. Two that are equal share one."""

    tenant: str
    client_id: str
    client_secret: str = field(repr=False)
    token_url: str = ""
    scope: str = ""

    @property
    def url(self) -> str:
        """The token endpoint."""
        return self.token_url or TOKEN_URL.format(tenant=self.tenant)

    @property
    def form(self) -> dict[str, str]:
        """What is POSTed to it."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope or SCOPE,
        }

    @property
    def well_formed(self) -> bool:
        """Whether the tenant can stand in a path: an id or a domain."""
        return _TENANT.fullmatch(self.tenant) is not None


@dataclass(slots=True)
class _Kept:
    """What is known for one client; times on the monotonic clock."""

    token: str = ""
    fetched_at: float = 0.0
    refresh_at: float = 0.0
    expires_at: float = 0.0
    failed: TokenUnavailable | None = None
    retry_at: float = 0.0
    fetching: asyncio.Task[None] | None = None


class EntraTokens:
    """Tokens by client. A client's first request waits; later ones are served while a new token is on its way."""

    def __init__(self, clock: Clock, session: Callable[[], ClientSession]) -> None:
        self._clock = clock
        self._session = session
        self._kept: dict[EntraClient, _Kept] = {}

    async def token(self, client: EntraClient) -> str:
        """A token that is good now.

        Raises:
            TokenUnavailable: there is none and none could be fetched.
        """
        kept = self._kept.setdefault(client, _Kept())
        self._refresh(client, kept)
        if self._clock.monotonic() >= kept.expires_at and kept.fetching:
            await asyncio.shield(kept.fetching)
        if self._clock.monotonic() < kept.expires_at:
            return kept.token
        raise kept.failed or TokenUnavailable("the token has expired", refused=False)

    def failure(self, client: EntraClient) -> TokenUnavailable | None:
        """Why the last fetch failed; None when it did not, or there was none."""
        kept = self._kept.get(client)
        return kept.failed if kept else None

    def generation(self, client: EntraClient) -> float:
        """Changes with every token."""
        kept = self._kept.get(client)
        return kept.fetched_at if kept else 0.0

    def refused(self, client: EntraClient) -> None:
        """A provider did not take the token: the next one may have the role that this one lacks."""
        kept = self._kept.get(client)
        if kept and self._clock.monotonic() - kept.fetched_at >= REFUSED_AFTER_S:
            kept.refresh_at = 0.0

    def forget(self, known: set[EntraClient]) -> None:
        """Drop what has ended and belongs to none of `known`: Secrets rotate, and old ones must not pile up."""
        now = self._clock.monotonic()
        for client in self._kept.keys() - known:
            kept = self._kept[client]
            if kept.fetching is None and now >= max(kept.expires_at, kept.retry_at):
                del self._kept[client]

    def _refresh(self, client: EntraClient, kept: _Kept) -> None:
        """Start a fetch when one is due and none is under way."""
        now = self._clock.monotonic()
        if kept.fetching is None and now >= max(kept.refresh_at, kept.retry_at):
            kept.fetching = asyncio.create_task(self._fetch(client, kept))

    async def _fetch(self, client: EntraClient, kept: _Kept) -> None:
        try:
            token, life = await _ask(self._session(), client)
        except TokenUnavailable as error:
            log.warning("no Entra token for tenant %s: %s", client.tenant, error)
            kept.failed, kept.retry_at = error, self._clock.monotonic() + RETRY_S
        else:
            now, usable = self._clock.monotonic(), max(life - END_MARGIN_S, MIN_LIFE_S)
            kept.token, kept.failed, kept.fetched_at = token, None, now
            kept.expires_at = now + usable
            kept.refresh_at = now + max(usable - REFRESH_BEFORE_S, usable / 2)
        finally:
            kept.fetching = None


async def _ask(session: ClientSession, client: EntraClient) -> tuple[str, float]:
    """A token and its life in seconds.

    Raises:
        TokenUnavailable: the endpoint refused or could not be asked.
    """
    if not client.well_formed:
        raise TokenUnavailable("tenantId is neither an id nor a domain", refused=True)
    try:
        timeout = ClientTimeout(total=FETCH_TIMEOUT_S)
        async with session.post(client.url, data=client.form, timeout=timeout, allow_redirects=False) as response:
            status, answer = response.status, orjson.loads(await response.read())
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        raise TokenUnavailable(f"the token endpoint cannot be asked ({type(error).__name__})", refused=False) from error
    return _read(status, answer)


def _read(status: int, answer: Any) -> tuple[str, float]:
    """What the endpoint's answer says; of an error only its code is quoted, since the text names the client."""
    answer = answer if isinstance(answer, dict) else {}
    token, life = answer.get("access_token"), answer.get("expires_in")
    if status == HTTPStatus.OK and isinstance(token, str) and token and str(life).isdecimal():
        return token, float(life)
    code = str(answer.get("error", ""))
    told = f" ({code})" if re.fullmatch(r"[a-z_]{1,64}", code) else ""
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.TOO_MANY_REQUESTS
    raise TokenUnavailable(f"the token endpoint answered {status}{told}", refused=refused)
