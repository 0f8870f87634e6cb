"""A carrier's end of a call: Twilio Media Streams over a WebSocket."""

import asyncio
import base64
from typing import Any, Self
from xml.etree import ElementTree as ET

import orjson
from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from tests.integration.proxy_front.agent import LOUD, SILENT, media


class Caller:
    """A caller on the line.

    Args:
        url: of the front door.
        call_id: the carrier's id of the call.
        parameters: what the TwiML gave the carrier to pass on.
    """

    def __init__(self, url: str, call_id: str, parameters: dict[str, str] | None = None) -> None:
        self._url = url.replace("http", "ws", 1) + "/v1/assistants/demo/front-desk/media"
        self.call_id = call_id
        self._parameters = parameters or {}
        self._session = ClientSession()
        self.socket: ClientWebSocketResponse

    async def __aenter__(self) -> Self:
        """Dial."""
        try:
            self.socket = await self._session.ws_connect(self._url)
        except ClientError:
            await self._session.close()
            raise
        start = {
            "callSid": self.call_id,
            "streamSid": f"MZ{self.call_id}",
            "customParameters": self._parameters,
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }
        await self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self.send({"event": "start", "streamSid": start["streamSid"], "start": start})
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the line without a word."""
        await self.socket.close()
        await self._session.close()

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send_str(orjson.dumps(message).decode())

    async def say(self, frames: int = 1) -> None:
        """Speak."""
        for _ in range(frames):
            await self.socket.send_str(media(f"MZ{self.call_id}", LOUD))

    async def wait(self, frames: int = 1) -> None:
        """Keep silent for some frames."""
        for _ in range(frames):
            await self.socket.send_str(media(f"MZ{self.call_id}", SILENT))

    async def hears(self) -> bytes:
        """The next audio; other messages are passed over."""
        while True:
            message = await self.event()
            if message["event"] == "media":
                return base64.b64decode(message["media"]["payload"])

    async def event(self) -> dict[str, Any]:
        """The next message."""
        message = await self.socket.receive(5)
        assert message.type is WSMsgType.TEXT, (message, self.socket.close_code)
        found: dict[str, Any] = orjson.loads(message.data)
        return found

    async def closed(self) -> tuple[int | None, str]:
        """Wait for the other side to close; the code and the reason."""
        while True:
            message = await self.socket.receive(15)
            if message.type is not WSMsgType.TEXT:
                return self.socket.close_code, str(message.extra or "")

    async def hang_up(self) -> None:
        """What the carrier sends when the caller hangs up."""
        await self.send({"event": "stop", "streamSid": f"MZ{self.call_id}", "stop": {"callSid": self.call_id}})
        await self.closed()


async def twiml(url: str, call_id: str = "", headers: dict[str, str] | None = None) -> tuple[int, ET.Element]:
    """What the front door tells the carrier to do."""
    async with (
        ClientSession() as session,
        session.post(f"{url}/v1/assistants/demo/front-desk/twiml", data={"CallSid": call_id}, headers=headers) as reply,
    ):
        return reply.status, ET.fromstring(await reply.read())  # noqa: S314 - our own


async def ticket(url: str, call_id: str) -> dict[str, str]:
    """The parameters that the TwiML gives the carrier."""
    _, document = await twiml(url, call_id)
    return {str(each.get("name")): str(each.get("value")) for each in document.iter("Parameter")}


async def settled(condition: Any) -> None:
    """Let the loop run until `condition()`; fails after five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - any condition, of parts that do not signal
            await asyncio.sleep(0.005)
