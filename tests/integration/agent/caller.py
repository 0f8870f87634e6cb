"""A caller that speaks Twilio Media Streams to an agent, in real time."""

import asyncio
import audioop
import base64
import json
from typing import Any, Self

import aiohttp

from tests.integration.agent.fake_proxy import TOKEN, Event
from tests.integration.agent.speech import FRAME_BYTES, RATE, SILENCE
from understudy.base.clock import SystemClock
from understudy.domain.naming import PARAM_PROXY, PARAM_TOKEN, PARAM_TURNS

FRAME_SECONDS = 0.02

DELAY_S = 0.15
"""From the carrier's receipt of audio to the caller's ear, as on a mobile network; marks come back after it."""


class Caller:
    """One phone call.

    Attributes:
        events: `sent` for the last frame of an utterance, `heard` for audio (data: bytes of μ-law), `clear`, `closed`.
        played: the audio that the caller's ear had, of each stretch between two `clear`s; it plays `DELAY_S` late.
        late: the most that a frame was sent after its time, in seconds; a benchmark discards itself when it is large.
    """

    def __init__(self, url: str, proxy: str, name: str = "CA1", turns: str = "Agent") -> None:
        self.events: list[Event] = []
        self.close_code: int | None = None
        self.late = 0.0
        self._url = url
        self._start = _start(proxy, name, turns)
        self._speech = bytearray()
        self._clock = SystemClock()
        self._news = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.played: list[bytes] = []
        self._unplayed = bytearray()
        self._ends_at = 0.0

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
            now = self._clock.monotonic()
            if document["event"] == "media":
                audio = base64.b64decode(document["media"]["payload"])
                self._ends_at = max(self._ends_at, now + DELAY_S) + len(audio) / RATE
                self._unplayed += audio
                await self._note("heard", audio)
            elif document["event"] == "mark":
                self._tasks.append(asyncio.create_task(self._return(message.data, self._ends_at - now)))
            else:
                if document["event"] == "clear":
                    self._clear(now)
                await self._note(document["event"])
        self.close_code = self._socket.close_code
        await self._note("closed")

    def _clear(self, now: float) -> None:
        """Play no more of what there is."""
        rest = round(max(0.0, self._ends_at - now) * RATE)
        self.played.append(bytes(self._unplayed[: max(0, len(self._unplayed) - rest)]))
        self._unplayed.clear()
        self._ends_at = now

    async def _return(self, mark: str, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
        await self._socket.send_str(mark)

    async def _note(self, name: str, data: Any = None) -> None:
        self.events.append(Event(self._clock.monotonic(), name, data))
        async with self._news:
            self._news.notify_all()

    def loudness(self) -> int:
        """RMS of everything heard, of 32768."""
        heard = b"".join(event.data for event in self.named("heard"))
        return audioop.rms(audioop.ulaw2lin(heard, 2), 2)


def _start(proxy: str, name: str, turns: str) -> dict[str, Any]:
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
            "customParameters": {PARAM_TOKEN: TOKEN, PARAM_PROXY: proxy, PARAM_TURNS: turns},
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
