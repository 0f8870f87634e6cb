"""The opening of a Media Streams call: `connected`, then `start` with what the agent has to know."""

from dataclasses import dataclass
from typing import Any

from understudy.base.errors import InvalidInput
from understudy.domain.naming import PARAM_PROXY, PARAM_TOKEN, PARAM_TURNS


@dataclass(frozen=True, slots=True)
class CallStart:
    """One call, as its `start` message describes it."""

    stream_sid: str
    call_sid: str
    token: str
    """The call token: the API key of every provider request of this call."""
    proxy: str
    """Base URL of the proxy pod that took the call, no trailing slash."""
    provider_turns: bool = False
    """Whether the transcriber says when a turn ends, instead of us."""

    @property
    def sockets(self) -> str:
        """`proxy` with the scheme of WebSockets."""
        return "ws" + self.proxy.removeprefix("http")


def parse_start(message: dict[str, Any]) -> CallStart:
    """The call that a `start` message opens.

    Raises:
        InvalidInput: a field is missing or is not usable; names it.
    """
    start = message.get("start")
    if not isinstance(start, dict):
        raise InvalidInput("start", "is missing", reason="BadStart")
    parameters = start.get("customParameters") or {}
    proxy = _text(parameters, PARAM_PROXY).rstrip("/")
    if not proxy.startswith(("http://", "https://")):
        raise InvalidInput(PARAM_PROXY, "is not an http(s) URL", reason="BadStart")
    return CallStart(
        stream_sid=_text(start, "streamSid"),
        call_sid=_text(start, "callSid"),
        token=_text(parameters, PARAM_TOKEN),
        proxy=proxy,
        provider_turns=parameters.get(PARAM_TURNS) == "Provider",
    )


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(name, "is missing", reason="BadStart")
    return value
