"""Twilio Media Streams: the messages of a call, and the TwiML that says where to send them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from understudy.apps.simulator.audio import mulaw
from understudy.base.errors import InvalidInput

RATE = 8000
"""Samples a second on the telephone; one byte each in μ-law."""

FRAME_BYTES = 160
"""20 ms."""

FRAME_S = FRAME_BYTES / RATE
"""Length of one frame, which is what Twilio sends."""

MAX_TWIML_CHARACTERS = 65_536
"""Twilio's own limit is 64 kB."""


@dataclass(frozen=True)
class StreamTarget:
    """Where the media go, and the parameters for the `start` message."""

    url: str
    parameters: Mapping[str, str]


def parse_twiml(text: str) -> StreamTarget:
    """The stream that the TwiML connects the call to.

    Raises:
        InvalidInput: there is no `<Connect><Stream url="…">` in it.
    """
    try:
        root = ET.fromstring(text[:MAX_TWIML_CHARACTERS])  # noqa: S314 — our own front door, bounded
    except ET.ParseError as cause:
        raise InvalidInput("twiml", "is not XML") from cause
    stream = root.find("./Connect/Stream")
    if stream is None or not stream.get("url"):
        raise InvalidInput("twiml", 'has no <Connect><Stream url="…">')
    parameters = {p.get("name", ""): p.get("value", "") for p in stream.findall("Parameter")}
    return StreamTarget(stream.get("url", ""), parameters)


def encoded_frames(pcm: bytes) -> list[str]:
    """PCM of 8 kHz as base64 payloads of 20 ms each, the last one filled up with silence."""
    line = mulaw.encode(pcm)
    line += bytes([mulaw.SILENCE]) * (-len(line) % FRAME_BYTES)
    return [base64.b64encode(line[at : at + FRAME_BYTES]).decode() for at in range(0, len(line), FRAME_BYTES)]


SILENT_FRAME = base64.b64encode(bytes([mulaw.SILENCE]) * FRAME_BYTES).decode()


@dataclass
class Outbound:
    """Builds the carrier's messages of one call; counts sequence numbers and chunks."""

    stream_id: str
    call_id: str
    parameters: Mapping[str, str]
    _sequence: int = 0
    _chunk: int = 0

    def connected(self) -> str:
        """The first message."""
        return json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self) -> str:
        """The second message, with everything about the call."""
        start = {
            "accountSid": "AC" + "0" * 32,
            "streamSid": self.stream_id,
            "callSid": self.call_id,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1},
            "customParameters": dict(self.parameters),
        }
        return self._message("start", {"start": start})

    def media(self, payload: str) -> str:
        """20 ms of the caller. Put together by hand: fifty a second for each call."""
        self._sequence += 1
        self._chunk += 1
        return (
            f'{{"event":"media","sequenceNumber":"{self._sequence}","streamSid":"{self.stream_id}","media":'
            f'{{"track":"inbound","chunk":"{self._chunk}","timestamp":"{self._chunk * 20}","payload":"{payload}"}}}}'
        )

    def mark(self, name: str) -> str:
        """The audio before that mark has been played."""
        return self._message("mark", {"mark": {"name": name}})

    def stop(self) -> str:
        """The caller hung up."""
        return self._message("stop", {"stop": {"accountSid": "AC" + "0" * 32, "callSid": self.call_id}})

    def _message(self, event: str, content: dict[str, Any]) -> str:
        self._sequence += 1
        head = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_id}
        return json.dumps(head | content)
