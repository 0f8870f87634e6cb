"""WebSocket frames. Source: RFC 6455, without extensions."""

import secrets
from typing import NamedTuple

from aiohttp._websocket.helpers import websocket_mask  # compiled; the version is locked, and there is no public name

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

FIN, RESERVED, OPCODE = 0x80, 0x70, 0x0F
MASKED, LENGTH = 0x80, 0x7F
_TWO_BYTES, _EIGHT_BYTES = 126, 127

_WHOLE_TEXT = FIN | TEXT
_MEDIUM_MASKED = MASKED | _TWO_BYTES
_SHORTEST_MEDIUM = 126 + 4

LONGEST_CONTROL = 125
"""Bytes of a ping's, pong's or close frame's payload."""

GOING_AWAY, PROTOCOL_ERROR, NO_CODE, ABNORMAL, TOO_BIG = 1001, 1002, 1005, 1006, 1009
"""Close codes that are set here; 1005 and 1006 are never sent."""


class Frame(NamedTuple):
    """One frame.

    Attributes:
        first: its first byte: FIN, reserved bits, opcode.
        payload: unmasked.
        raw: as it came, mask and all.
    """

    first: int
    payload: bytes
    raw: bytes


class FrameError(ValueError):
    """The peer broke the protocol; `code` is the close code that says how."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class FrameDecoder:
    """Bytes in, frames out.

    Args:
        masked: whether the peer has to mask, which clients do and servers do not.
        longest: bytes of a payload.
    """

    def __init__(self, *, masked: bool, longest: int) -> None:
        self._masked = masked
        self._longest = longest
        self._rest = b""

    def message(self, data: bytes) -> bytes | None:
        """The payload when `data` is one whole text message of medium length, which nearly all are; None: `decode`."""
        if self._rest or len(data) < _SHORTEST_MEDIUM or data[0] != _WHOLE_TEXT:
            return None
        size = (data[2] << 8) + data[3]
        if self._masked:
            if data[1] != _MEDIUM_MASKED or len(data) != size + 8 or size > self._longest:
                return None
            return masked(data[8:], data[4:8])
        return data[4:] if data[1] == _TWO_BYTES and len(data) == size + 4 and size <= self._longest else None

    def decode(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises:
            FrameError: it is not a frame, or too long a one.
        """
        data = self._rest + data if self._rest else data
        size, at, frames = len(data), 0, []
        while size - at > 1:
            second = data[at + 1]
            length, start = second & LENGTH, at + 2
            if length >= _TWO_BYTES:
                start = at + (4 if length == _TWO_BYTES else 10)
                length = int.from_bytes(data[at + 2 : start], "big") if size >= start else 0
            if (second & MASKED != 0) is not self._masked or length > self._longest:
                raise self._error(length)
            start += 4 if self._masked else 0
            end = start + length
            if size < end:
                break
            payload = data[start:end]
            if self._masked:
                payload = masked(payload, data[start - 4 : start])
            frames.append(Frame(data[at], payload, data if end - at == size else data[at:end]))
            at = end
        self._rest = data[at:]
        return frames

    def _error(self, length: int) -> FrameError:
        if length > self._longest:
            return FrameError(TOO_BIG, "a message too long")
        return FrameError(PROTOCOL_ERROR, "a frame without a mask" if self._masked else "a frame with a mask")


def masked(payload: bytes, key: bytes) -> bytes:
    """`payload` with its mask put on, or taken off."""
    data = bytearray(payload)
    websocket_mask(key, data)
    return bytes(data)


def encode(opcode: int, payload: bytes, *, mask: bool) -> bytes:
    """`payload` as one frame; `mask`: as clients have to."""
    size, bit = len(payload), MASKED if mask else 0
    if size < _TWO_BYTES:
        head = bytes((FIN | opcode, bit | size))
    elif size < 1 << 16:
        head = bytes((FIN | opcode, bit | _TWO_BYTES)) + size.to_bytes(2, "big")
    else:
        head = bytes((FIN | opcode, bit | _EIGHT_BYTES)) + size.to_bytes(8, "big")
    if not mask:
        return head + payload
    key = secrets.token_bytes(4)
    return head + key + masked(payload, key)
