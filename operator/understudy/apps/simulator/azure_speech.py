"""What the simulated Azure recognition and voices have in common: where the key is, and what a message must be.

Source: Microsoft's "Speech Service WebSocket protocol", connection establishment and error handling.
"""

import re

from aiohttp import WSMessage, WSMsgType, web

from understudy.apps.simulator.deployment import Deployment
from understudy.domain.speech import azure

SUBPROTOCOL = "USP"
"""Offered by Microsoft's SDKs, and accepted where offered."""

INVALID_PAYLOAD = 1007
"""WebSocket close code for a message that cannot be read, as Microsoft documents it."""

PROTOCOL_ERROR = 1002
"""WebSocket close code for a header that is missing or wrong, as Microsoft documents it."""

_ID = re.compile(r"[0-9a-fA-F]{32}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")


class Violation(Exception):
    """The client broke the protocol: the connection is closed.

    Attributes:
        code: close code.
        reason: as Azure words it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def refused(status: int, message: str) -> web.Response:
    """An error before the upgrade."""
    return web.json_response({"error": {"code": str(status), "message": message}}, status=status)


def complaint(request: web.Request, deployment: Deployment) -> web.Response | None:
    """The answer to an upgrade that Azure does not take."""
    if not deployment.accepts(request.headers.get(azure.KEY_HEADER)):
        return refused(401, f"Access denied due to invalid key: it belongs into {azure.KEY_HEADER}")
    if not _ID.fullmatch(request.headers.get("X-ConnectionId", "").replace("-", "")):
        return refused(400, "X-ConnectionId must be a UUID")
    return None


def checked(received: WSMessage) -> azure.Message:
    """The message of the protocol.

    Raises:
        Violation: it is none.
    """
    try:
        said = azure.parse(received.data)
    except (ValueError, UnicodeError) as cause:
        raise Violation(INVALID_PAYLOAD, f"Incorrect message format. {cause}") from cause
    if (said.path == "audio") != (received.type is WSMsgType.BINARY):
        raise Violation(INVALID_PAYLOAD, "Incorrect message format. Audio is binary, everything else is text.")
    if not _TIMESTAMP.fullmatch(said.headers.get("x-timestamp", "")):
        raise Violation(PROTOCOL_ERROR, "Missing/Empty header. X-Timestamp")
    if said.path != "speech.config" and not said.request_id:
        raise Violation(PROTOCOL_ERROR, "Missing/Empty header. X-RequestId")
    if said.request_id and not _ID.fullmatch(said.request_id):
        raise Violation(
            PROTOCOL_ERROR, "Invalid request. X-RequestId header value was not specified in no-dash UUID format."
        )
    return said


def ticks(seconds: float) -> int:
    """Seconds in units of 100 ns."""
    return round(seconds * azure.TICKS)
