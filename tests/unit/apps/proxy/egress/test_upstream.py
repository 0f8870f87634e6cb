"""Failures in our words: nothing that a provider said is quoted but its code."""

import asyncio

import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError
from aiohttp.test_utils import make_mocked_request

from understudy.apps.proxy.egress.auth import token_of
from understudy.apps.proxy.egress.upstream import _code, told_as
from understudy.apps.proxy.egress.webhook import signature
from understudy.apps.proxy.http.errors import CannotConnect, Disconnected, NotHttp
from understudy.base.errors import ProviderBroke, ProviderError, ProviderRefused, ProviderTimeout
from understudy.domain.routing.completion import Malformed


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (TimeoutError(), ProviderTimeout, "a: nothing useful in time"),
        (ServerDisconnectedError(), ProviderBroke, "a: the connection broke"),
        (ClientPayloadError("secret"), ProviderBroke, "a: the connection broke"),
        (ConnectionResetError("secret"), ProviderBroke, "a: the connection broke"),
        (asyncio.IncompleteReadError(b"secret", 9), ProviderBroke, "a: the connection broke"),
        (CannotConnect("no address"), ProviderBroke, "a: cannot connect (no address)"),
        (Disconnected("secret", answered=True), ProviderBroke, "a: the connection broke"),
        (NotHttp("no status line"), ProviderBroke, "a: no status line"),
        (Malformed("a chunk without choices"), ProviderBroke, "a: a chunk without choices"),
        (ValueError("secret"), ProviderBroke, "a: not the protocol (ValueError)"),
        (ProviderRefused("b", "answered 500", 500), ProviderRefused, "b: answered 500"),
    ],
)
def test_errors_are_told_in_our_words(raised: Exception, kind: type[ProviderError], message: str) -> None:
    with pytest.raises(kind) as caught, told_as("a"):
        raise raised
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"code":"rate_limit_exceeded","message":"for sk-1"}}', " (rate_limit_exceeded)"),
        (b'{"error":{"code":null,"type":"server_error"}}', " (server_error)"),
        (b'{"error":{"code":"Incorrect key: sk-1"}}', ""),
        (b'{"error":"sk-1"}', ""),
        (b"<html>", ""),
        (b"[]", ""),
    ],
)
def test_only_codes_are_quoted(body: bytes, code: str) -> None:
    assert _code(body) == code


@pytest.mark.parametrize(
    ("headers", "query", "token"),
    [
        ({"Authorization": "Bearer t"}, "", "t"),
        ({"Authorization": "Token t"}, "", "t"),
        ({"Authorization": "bearer  t "}, "", "t"),
        ({"X-API-Key": "t"}, "", "t"),
        ({"Authorization": "Basic x"}, "?api_key=t", "t"),
        ({}, "?api_key=t", "t"),
        ({}, "", ""),
    ],
)
def test_token_is_where_sdks_put_their_key(headers: dict[str, str], query: str, token: str) -> None:
    assert token_of(make_mocked_request("GET", f"/{query}", headers=headers)) == token


def test_signature_changes_with_key_time_and_body() -> None:
    made = {signature(key, body, at) for key in ("k", "l") for body in (b"a", b"b") for at in (1, 2)}
    assert len(made) == 8
    assert all(text.startswith(("t=1,v1=", "t=2,v1=")) for text in made)
