"""What goes wrong with a streaming connection, carried out alike for every transcriber and every voice.

A transcriber's simulator makes a `Trouble` for each connection, hands the caller's audio through `hear` before it
recognises it, and asks `deaf` before it answers anything else. A voice's makes one for each utterance and hands its
audio through `say` before it sends it. The provider's own form of an error comes from the simulator, as `error`.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from understudy.apps.simulator import faults
from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.deployment import Exchange
from understudy.apps.simulator.script import Fault, FaultKind

Say = Callable[[], Awaitable[None]]


class Truncated(Exception):
    """A voice says nothing more and ends the utterance as though it were complete."""


class Trouble:
    """The fault of one connection or utterance.

    Args:
        request: the client's.
        exchange: what the script has for it.
        socket: the WebSocket, if it is one.
        error: sends the provider's own error message, and closes where the provider does.
        malformed: what comes instead of a message of the protocol.
    """

    def __init__(
        self,
        request: web.Request,
        exchange: Exchange,
        socket: web.WebSocketResponse | None = None,
        error: Say | None = None,
        malformed: str = '{"type":',
    ) -> None:
        self._request = request
        self._exchange = exchange
        self._socket = socket
        self._error = error
        self._malformed = malformed
        self._struck = False
        self._heard_ms = 0.0
        self._said = 0

    @property
    def deaf(self) -> bool:
        """Whether the transcriber answers nothing at all any more: keep silent whatever the client sends."""
        fault = self._exchange.fault
        if fault is not None and fault.kind is FaultKind.NO_OUTPUT and not fault.at_ms:
            self._note(fault)
        return self._struck and self._exchange.has(FaultKind.NO_OUTPUT, FaultKind.ERROR)

    @property
    def mute(self) -> bool:
        """Whether the voice sends no audio for this utterance, nor its end."""
        fault = self._exchange.fault
        if fault is not None and fault.kind is FaultKind.NO_OUTPUT:
            self._note(fault)
        return self._exchange.has(FaultKind.NO_OUTPUT)

    def _note(self, fault: Fault) -> None:
        """It strikes: tell whoever looks on, once."""
        if not self._struck:
            self._struck = True
            self._exchange.watch.struck(self._exchange.index, fault.kind.value)

    async def hear(self, sound: bytes, rate: int) -> bytes:
        """The caller's PCM as the transcriber hears it: as it is, silent, or empty where it hears nothing.

        Raises:
            ConnectionResetError: the connection broke, by the script.
        """
        fault = self._exchange.fault
        if fault is not None and not self._struck and self._heard_ms >= (fault.at_ms or 0):
            await self._strike_listener()
        self._exchange.watch.heard(self._exchange.index, sound, rate)
        if fault is None or not fault.speech_only or pcm.is_audible(sound):
            self._heard_ms += len(sound) / pcm.BYTES_PER_SAMPLE / rate * 1000
        if self._struck and self._exchange.has(FaultKind.EMPTY):
            return bytes(len(sound))
        return b"" if self.deaf else sound

    async def say(self, sound: bytes) -> bytes:
        """A voice's next chunk as it is sent.

        Raises:
            ConnectionResetError: the connection broke, by the script.
            Truncated: this was all: send the end of the utterance.
        """
        fault = self._exchange.fault
        if fault is not None and self._said == fault.at:
            self._note(fault)
            await self._strike_speaker(fault)
        self._said += 1
        self._exchange.watch.said(self._exchange.index, sound)
        silent = fault is not None and fault.kind is FaultKind.SILENT_AUDIO and self._said > fault.at
        return bytes(len(sound)) if silent else sound

    async def _strike_listener(self) -> None:
        fault = self._exchange.fault
        if fault is None or (fault.kind is FaultKind.DROP and fault.at_ms is None):  # `dropping` counts its time
            return
        self._note(fault)
        match fault.kind:
            case FaultKind.STUCK:
                await faults.stop_reading(self._request)
            case FaultKind.DROP | FaultKind.CUT:
                self._break()
            case _:
                await self._send_trouble(fault)

    async def _strike_speaker(self, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.STALL:
                await faults.hang()
            case FaultKind.CUT:
                self._break()
            case FaultKind.TRUNCATE:
                raise Truncated
            case _:
                await self._send_trouble(fault)
        if fault.kind is FaultKind.ERROR:
            raise ConnectionResetError("the utterance ended with an error, by the script")

    async def _send_trouble(self, fault: Fault) -> None:
        """The faults that are a message."""
        if self._socket is None:
            if fault.kind in (FaultKind.ERROR, FaultKind.CLOSE):  # within a body there is no other way to say so
                self._break()
            return
        match fault.kind:
            case FaultKind.ERROR if self._error is not None:
                await self._error()
            case FaultKind.MALFORMED:
                await self._socket.send_str(self._malformed)
            case FaultKind.CLOSE:
                await self._socket.close(code=fault.code, message=b"by the script")
        if self._socket.closed:
            raise ConnectionResetError("closed by the script")

    def _break(self) -> None:
        faults.cut(self._request)
        raise ConnectionResetError("cut by the script")
