"""A session of Gladia's: what it was given, and what it has heard, over all of its connections."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from aiohttp import WSMessage, web

from understudy.apps.simulator.deployment import Exchange
from understudy.apps.simulator.pace import BURST_S, Pace
from understudy.apps.simulator.streaming import Trouble
from understudy.apps.simulator.transcriber import audio_stream
from understudy.apps.simulator.transcriber.audio_stream import AudioStream
from understudy.apps.simulator.transcriber.gladia_config import MESSAGES, silence_ms, sound_of
from understudy.apps.simulator.transcriber.hearing import Result
from understudy.apps.simulator.transcriber.recogniser import RecogniserPool
from understudy.base.clock import Clock

INVALID, INTERNAL, TOO_FAST = 4400, 1011, 1008
"""Close codes."""

Read = Callable[[WSMessage], bytes | str | None]


class Session:
    """One session.

    Args:
        token: its name.
        said: the request that opened it, valid.
        exchange: what the script has for it.
        pool: recognises.
        clock: tells the time.
    """

    def __init__(
        self, token: str, said: dict[str, Any], exchange: Exchange, pool: RecogniserPool, clock: Clock
    ) -> None:
        self.over = False
        self._token = token
        self._clock = clock
        self._sound = sound_of(said)
        self._wants = MESSAGES | said.get("messages_config", {})
        self._stream = AudioStream(exchange, pool, self._sound, silence_ms(said))
        # Clients that have no other way send silence to end an utterance, at once.
        self._pace = Pace(clock, exchange.settings.transcriber, burst_s=BURST_S + silence_ms(said) / 1000)
        self._bytes = 0
        self._utterances = 0
        self._socket = web.WebSocketResponse()

    async def serve(self, request: web.Request, socket: web.WebSocketResponse, exchange: Exchange, read: Read) -> None:
        """One connection, until it ends.

        Raises:
            ConnectionResetError: the client vanished; it may come back.
        """
        self._socket = socket
        trouble = Trouble(request, exchange, socket, self._fail)
        await self._tell("start_recording", "receive_lifecycle_events")

        async def take(message: WSMessage) -> None:
            said = read(message)
            if isinstance(said, bytes):
                await self._audio(said, trouble)
            elif said == "stop_recording":
                await self._stop()
            else:
                await self._error("invalid_message", INVALID)

        await audio_stream.served(socket, trouble, take)

    async def close(self) -> None:
        """Nobody comes back."""
        await self._stream.close()

    async def _tell(self, kind: str, wanted: str, **fields: Any) -> None:
        if self._wants[wanted]:
            created = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC).isoformat()
            await self._socket.send_json({"session_id": self._token, "created_at": created, "type": kind} | fields)

    async def _fail(self) -> None:
        await self._error("internal_error", INTERNAL)

    async def _error(self, code: str, close_code: int) -> None:
        await self._tell("error", "receive_errors", data={"code": code, "message": "by the simulator"})
        await self._socket.close(code=close_code, message=code.encode())

    async def _audio(self, data: bytes, trouble: Trouble) -> None:
        if not self._pace.takes(self._sound.seconds(data)):
            error = {"message": "audio comes faster than it can be transcribed"}
            await self._tell("audio_chunk", "receive_acknowledgments", acknowledged=False, error=error, data=None)
            await self._socket.close(code=TOO_FAST)
            return
        began, self._bytes = self._bytes, self._bytes + len(data)
        async for result in self._stream.feed(data, trouble):
            await self._heard(result)
        if not trouble.deaf:
            rate = self._sound.sample_bytes * self._sound.rate
            taken = {"byte_range": [began, self._bytes], "time_range": [began / rate, self._bytes / rate]}
            await self._tell("audio_chunk", "receive_acknowledgments", acknowledged=True, error=None, data=taken)

    async def _heard(self, result: Result) -> None:
        if result.started:
            await self._tell("speech_start", "receive_speech_events", data={"time": result.start, "channel": 0})
        elif result.final:
            await self._final(result)
        else:
            await self._transcript(result)

    async def _final(self, result: Result) -> None:
        at = result.start + result.duration
        await self._tell("speech_end", "receive_speech_events", data={"time": at, "channel": 0})
        if result.recognised.text:
            await self._transcript(result)
            self._utterances += 1

    async def _transcript(self, result: Result) -> None:
        heard = audio_stream.words(result)
        confidence = result.recognised.confidence
        utterance = {
            "text": result.recognised.text,
            "start": heard[0].start,
            "end": heard[-1].end,
            "language": "en",
            "confidence": confidence,
            "channel": 0,
            "words": [
                {"word": f" {word.text}", "start": word.start, "end": word.end, "confidence": confidence}
                for word in heard
            ],
        }
        wanted = "receive_final_transcripts" if result.final else "receive_partial_transcripts"
        data = {"id": f"00_{self._utterances:08}", "is_final": result.final, "utterance": utterance}
        await self._tell("transcript", wanted, data=data)

    async def _stop(self) -> None:
        """The last final, and the end."""
        left = await self._stream.finish()
        seconds = self._stream.seconds
        taken = {"recording_duration": seconds, "recording_left_to_process": 0.0}
        await self._tell("stop_recording", "receive_acknowledgments", acknowledged=True, error=None, data=taken)
        if left.recognised.text:
            await self._final(left)
        await self._tell("end_recording", "receive_lifecycle_events", data={"recording_duration": seconds})
        await self._tell("end_session", "receive_lifecycle_events")
        self.over = True
        await self._socket.close()
