"""A caller that speaks Twilio Media Streams to an agent, in real time."""

import asyncio
import audioop
import base64
import json
from typing import Any, Self

import aiohttp

from tests.integration.agent.fake_proxy import TOKEN, Event
from tests.integration.agent.speech import FRAME_BYTES, SILENCE
from understudy.base.clock import SystemClock
from understudy.domain.naming import PARAM_PROXY, PARAM_TOKEN

FRAME_SECONDS = 0.02


class Caller:
    """One phone call.

    Attributes:
        events: `sent` for the last frame of an utterance, `heard` for audio (data: bytes of μ-law), `clear`, `closed`.
        late: the most that a frame was sent after its time, in seconds; a benchmark discards itself when it is large.
    """

    def __init__(self, url: str, proxy: str, name: str = "CA1") -> None:
        self.events: list[Event] = []
        self.close_code: int | None = None
        self.late = 0.0
        self._url = url
        self._start = _start(proxy, name)
        self._speech = bytearray()
        self._clock = SystemClock()
        self._news = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:  # noqa: D105
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(self._url, compress=0)
        except aiohttp.WSServerHandshakeError:
            await self._session.close()
            raise
        await self._socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._socket.send_json(self._start)
        self._tasks = [asyncio.create_task(self._talk()), asyncio.create_task(self._listen())]
        return self

    async def __aexit__(self, *_: object) -> None:  # noqa: D105
        await self.hang_up()
        await self._session.close()

    def say(self, speech: bytes) -> None:
        """Speak `speech` (μ-law) from the next frame on, in real time."""
        self._speech += speech

    async def hang_up(self) -> None:
        """Close the socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def stop(self) -> None:
        """Say that the stream has ended, as the carrier does, without closing the socket."""
        await self._socket.send_json(
            {"event": "stop", "streamSid": "MZ", "stop": {"accountSid": "AC0", "callSid": "CA"}}
        )

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    async def seen(self, name: str, count: int = 1, seconds: float = 10) -> Event:
        """The `count`th event of that name, waited for."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.named(name)) >= count)
        return self.named(name)[count - 1]

    async def _talk(self) -> None:
        number = 0
        due = self._clock.monotonic()
        while not self._socket.closed:
            frame = bytes(self._speech[:FRAME_BYTES])
            del self._speech[:FRAME_BYTES]
            number += 1
            await self._socket.send_str(_media(number, frame or SILENCE * FRAME_BYTES))
            if frame and not self._speech:
                await self._note("sent")
            due += FRAME_SECONDS
            ahead = due - self._clock.monotonic()
            self.late = max(self.late, -ahead)
            await asyncio.sleep(max(0.0, ahead))

    async def _listen(self) -> None:
        async for message in self._socket:
            document = json.loads(message.data)
            if document["event"] == "media":
                await self._note("heard", base64.b64decode(document["media"]["payload"]))
            else:
                await self._note(document["event"])
        self.close_code = self._socket.close_code
        await self._note("closed")

    async def _note(self, name: str, data: Any = None) -> None:
        self.events.append(Event(self._clock.monotonic(), name, data))
        async with self._news:
            self._news.notify_all()

    def loudness(self) -> int:
        """RMS of everything heard, of 32768."""
        heard = b"".join(event.data for event in self.named("heard"))
        return audioop.rms(audioop.ulaw2lin(heard, 2), 2)


def _start(proxy: str, name: str) -> dict[str, Any]:
    return {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": f"MZ{name}",
        "start": {
            "accountSid": "AC0",
            "streamSid": f"MZ{name}",
            "callSid": name,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {PARAM_TOKEN: TOKEN, PARAM_PROXY: proxy},
        },
    }


def _media(number: int, frame: bytes) -> str:
    media = {
        "track": "inbound",
        "chunk": str(number),
        "timestamp": str(number * 20),
        "payload": base64.b64encode(frame).decode(),
    }
    return json.dumps({"event": "media", "sequenceNumber": str(number + 1), "streamSid": "MZ", "media": media})
