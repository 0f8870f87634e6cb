"""The `start` message."""

from typing import Any

import pytest

from understudy.apps.agent.start import CallStart, parse_start
from understudy.base.errors import InvalidInput


def start(**changed: Any) -> dict[str, Any]:
    body = {
        "streamSid": "MZ1",
        "callSid": "CA1",
        "customParameters": {"understudy_token": "abc", "understudy_proxy": "http://10.0.0.1:8080/"},
    }
    return {"event": "start", "start": {**body, **changed}}


def test_a_start_message_names_call_token_and_proxy() -> None:
    """A trailing slash of the proxy's URL does not double."""
    call = parse_start(start())
    assert call == CallStart(stream_sid="MZ1", call_sid="CA1", token="abc", proxy="http://10.0.0.1:8080")  # noqa: S106
    assert call.sockets == "ws://10.0.0.1:8080"


@pytest.mark.parametrize(("told", "provider"), [({}, False), ("Agent", False), ("Provider", True), ("?", False)])
def test_it_says_who_ends_turns(told: Any, provider: bool) -> None:  # noqa: FBT001
    """A proxy that says nothing is older: then it is us."""
    parameters = {"understudy_token": "t", "understudy_proxy": "http://p"} | (
        {"understudy_turns": told} if told else {}
    )
    assert parse_start(start(customParameters=parameters)).provider_turns is provider


def test_a_proxy_behind_tls_gets_secure_sockets() -> None:
    """The scheme is kept."""
    parameters = {"understudy_token": "abc", "understudy_proxy": "https://proxy"}
    assert parse_start(start(customParameters=parameters)).sockets == "wss://proxy"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({}, "start"),
        ({"start": "x"}, "start"),
        (start(streamSid=""), "streamSid"),
        (start(callSid=None), "callSid"),
        (start(customParameters=None), "understudy_proxy"),
        (start(customParameters={"understudy_proxy": "http://p"}), "understudy_token"),
        (start(customParameters={"understudy_token": "t", "understudy_proxy": "ftp://p"}), "understudy_proxy"),
    ],
)
def test_a_start_message_that_lacks_something_names_it(message: dict[str, Any], field: str) -> None:
    """The proxy's mistake is found by the field's name in the log."""
    with pytest.raises(InvalidInput) as refused:
        parse_start(message)
    assert refused.value.field == field
