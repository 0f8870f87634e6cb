"""Who is asking: the call token, wherever an SDK puts its provider key."""

from collections.abc import Mapping

import orjson
from aiohttp import web

from understudy.apps.proxy.calls import Call, Registry
from understudy.base.errors import Unauthorized

_SCHEMES = ("bearer", "token")
"""OpenAI and Cartesia say `Bearer`, Deepgram says `Token`."""


def token_of(request: web.BaseRequest) -> str:
    """The token in `request`; empty when there is none."""
    headers = {name: request.headers.get(name, "") for name in ("authorization", "x-api-key")}
    return token_in(headers) or request.query.get("api_key", "")


def token_in(headers: Mapping[str, str]) -> str:
    """The token in `headers`, whose names are in lower case; empty when there is none."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES:
        return credentials.strip()
    return headers.get("x-api-key", "")


def authenticate(request: web.BaseRequest, registry: Registry) -> Call:
    """The call that `request` speaks for.

    Raises:
        web.HTTPUnauthorized: in the shape that OpenAI's SDKs show.
    """
    try:
        return registry.authenticate(token_of(request))
    except Unauthorized as error:
        body = error_body(str(error), "invalid_api_key", kind="authentication_error")
        raise web.HTTPUnauthorized(text=body.decode(), content_type="application/json") from error


def error_body(message: str, code: str, *, kind: str = "invalid_request_error", **more: object) -> bytes:
    """An error as OpenAI's SDKs expect it."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code, **more}})


def bad_request(message: str) -> web.HTTPBadRequest:
    """400 with `message`."""
    return web.HTTPBadRequest(text=error_body(message, "bad_request").decode(), content_type="application/json")


async def json_object(request: web.Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        web.HTTPBadRequest: it is none.
    """
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise bad_request("the body is not JSON") from error
    if not isinstance(body, dict):
        raise bad_request("the body is not a JSON object")
    return body
