"""One context of an ElevenLabs voice: text that is gathered, spoken in order, and ended by closing the context."""

import asyncio
import base64
import contextlib
from collections.abc import Awaitable
from typing import Any, Protocol

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.deployment import UTTERANCE_FAULTS, Deployment, Exchange
from understudy.apps.simulator.streaming import Trouble, Truncated
from understudy.apps.simulator.voice.elevenlabs_query import Asked
from understudy.apps.simulator.voice.sound import Sounds, chunks

SCHEDULE = (120, 160, 250, 290)
"""Characters that are gathered before the first, second, third and every later piece is spoken."""

SERVER_ERROR = 1011
"""Code of an error of ours."""

Message = dict[str, Any]


class Room(Protocol):
    """The connection that a context belongs to."""

    request: web.Request
    socket: web.WebSocketResponse
    deployment: Deployment
    sounds: Sounds
    wanted: Asked

    async def send(self, document: Message) -> None:
        """A message to the client."""
        ...

    def forget(self, context_id: str, context: "Context") -> None:
        """The context is over."""
        ...


class Context:
    """What is spoken in one context.

    Args:
        room: its connection.
        context_id: the client's.
        settings: `voice_settings` of its first message.
    """

    def __init__(self, room: Room, context_id: str, settings: Message) -> None:
        self._room = room
        self._id = context_id
        self._speed = float(settings.get("speed") or 1.0)
        self._buffer = ""
        self._pieces = 0
        self._pending = 0
        """Texts that are not spoken to their end."""
        self._flushed = False
        self._closing = False
        self._began = False
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()
        """Texts to speak; None: the end."""
        self._task = asyncio.create_task(self._run())

    def take(self, message: Message) -> None:
        """A message for this context."""
        text = str(message.get("text") or "")
        self._buffer += text
        if text.strip():
            self._flushed = False
        if message.get("flush"):
            self._flush()
        elif text.strip() and (self._room.wanted.auto or len(self._buffer) >= self._least()):
            self._speak_buffer()
        if message.get("close_context") and not self._closing:
            self._close()

    def finish(self) -> Awaitable[None]:
        """Speak everything there is, and end."""
        if not self._closing:
            self._flush()
            self._close()
        return self._task

    def cancel(self) -> None:
        """Nobody listens any more."""
        self._task.cancel()

    def _least(self) -> int:
        return SCHEDULE[min(self._pieces, len(SCHEDULE) - 1)]

    def _flush(self) -> None:
        self._speak_buffer()
        self._flushed = True

    def _speak_buffer(self) -> None:
        text, self._buffer = self._buffer, ""
        if text.strip():
            self._pieces += 1
            self._pending += 1
            self._waiting.put_nowait(text)

    def _close(self) -> None:
        """What was flushed is spoken to its end; of the rest nothing more is."""
        self._closing = True
        if self._flushed or not self._pending:
            self._waiting.put_nowait(None)
        else:
            self._drop()

    def _drop(self) -> None:
        """What waits is not spoken; what is being spoken is cut off."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)
        if self._began:  # a task that did not begin would not end either
            self._task.cancel()

    async def _run(self) -> None:
        room, self._began = self._room, True
        try:
            with room.deployment.exchange(room.wanted.model, UTTERANCE_FAULTS) as exchange:
                await self._converse(exchange)
        except ConnectionError:
            return
        except asyncio.CancelledError:
            if not self._closing:
                raise
            await self._end()
        finally:
            room.forget(self._id, self)

    async def _converse(self, exchange: Exchange) -> None:
        trouble = Trouble(self._room.request, exchange, self._room.socket, self._fail, '{"audio":"')
        with contextlib.suppress(Truncated):
            while (text := await self._waiting.get()) is not None:
                await self._speak(text, exchange, trouble)
                self._pending -= 1
        if not trouble.mute:
            await self._end()

    async def _end(self) -> None:
        await self._room.send({"audio": None, "isFinal": True, "contextId": self._id})

    async def _fail(self) -> None:
        error = {"message": "by the script", "error": "internal_server_error", "code": SERVER_ERROR}
        await self._room.send(error | {"contextId": self._id})

    async def _speak(self, text: str, exchange: Exchange, trouble: Trouble) -> None:
        settings, wanted = exchange.settings.voice, self._room.wanted
        sound = await self._room.sounds.make(text, wanted.voice_id, settings, wanted.rate, speed=self._speed)
        if trouble.mute or not sound:
            return
        if self._pieces == 1:
            await faults.pause(settings.first_ms + exchange.draw.uniform(0, settings.jitter_ms))
        letters = Letters(text, len(sound) / pcm.BYTES_PER_SAMPLE / wanted.rate)
        if not wanted.synced:
            letters = letters.at_once()
        for piece in chunks(sound, wanted.rate, settings.chunk_ms):
            alignment = letters.next(len(piece) / pcm.BYTES_PER_SAMPLE / wanted.rate)
            await self._chunk(await trouble.say(piece), alignment)
            await faults.pause(settings.chunk_ms / settings.speed)

    async def _chunk(self, sound: bytes, alignment: Message | None) -> None:
        data = base64.b64encode(mulaw.encode(sound) if self._room.wanted.encoding == "mulaw" else sound).decode()
        times = {"alignment": alignment, "normalizedAlignment": alignment}
        await self._room.send({"audio": data, "isFinal": None, "contextId": self._id} | times)


class Letters:
    """The characters of a text and when each sounds, by its share of the time.

    Args:
        text: what is spoken.
        seconds: how long.
        whole: the first chunk has all of them.
    """

    def __init__(self, text: str, seconds: float, *, whole: bool = False) -> None:
        self._text = text
        self._seconds = seconds
        self._whole = whole
        self._given = 0
        self._passed = 0.0

    def at_once(self) -> "Letters":
        """The same, all with the first chunk."""
        return Letters(self._text, self._seconds, whole=True)

    def next(self, seconds: float) -> Message | None:
        """Those of the next chunk, in milliseconds from its beginning; None where there are none."""
        began, step = self._passed, self._seconds / len(self._text)
        self._passed += seconds
        last = self._whole or self._passed >= self._seconds - step / 2
        until = len(self._text) if last else max(self._given, round(self._passed / step))
        letters, first = self._text[self._given : until], self._given
        self._given = until
        if not letters:
            return None
        starts = [max(0, round(((first + at) * step - began) * 1000)) for at in range(len(letters))]
        lengths = [round(step * 1000)] * len(letters)
        return {"chars": [*letters], "charStartTimesMs": starts, "charDurationsMs": lengths}
