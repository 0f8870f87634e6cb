"""Google's transcription: the Gemini Live API, `BidiGenerateContent`, with its transcription models.

Gemini's own detection of activity is off, since it ends utterances when it likes: every stretch of audio is between
an `activityStart` and an `activityEnd` of ours, and yields one transcript, which is what `finalize` needs. A stretch in
which nobody spoke yields none, only the echo that the activity ended; the next one begins when the last is answered,
as Google describes no order of answers for several at a time.

Sources: Google's "Live API: WebSockets API reference" and "Live transcription"; googleapis/python-genai `live.py`,
`types.py`; Pipecat's `services/google/gemini_live/stt.py`. Seen by others on the live service, and not documented: JSON
in binary messages, and that silence gets only the echo.
"""

import base64
import re
from typing import Any

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import WS, join
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Leaving,
    Ready,
    Reply,
    Result,
    Traits,
)
from understudy.domain.speech.transcribers.common import Plain, parsed, reported, strict, text
from understudy.domain.speech.transcribers.google_languages import hints
from understudy.domain.speech.transcribers.held import Held

DEFAULT_MODEL = "gemini-3.5-transcribe-live"
"""What is asked for where the revision names no model, or one that no live connection takes."""

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"

FORMAT = AudioFormat("linear16", 16_000)
"""What the transcription models take."""

CONNECTION_S = 600.0
"""About how long a connection lasts; `goAway` says it some time before."""

CHUNK_S = 0.5
"""Longest audio in one message, so that no message of base64 delays others."""

MAX_AUDIO = int(CHUNK_S * FORMAT.bytes_per_second)
"""The same in bytes."""

ACTIVITY_MIN_S = 0.1
"""Shortest activity; Google names none, and a single frame is nobody's word."""

_MIME = f"audio/pcm;rate={FORMAT.sample_rate}"


class GoogleCodec(Plain):
    """One session."""

    traits = Traits(
        Ack.UTTERANCE, waits_for_ready=True, chunk_max_s=CHUNK_S, finalize_min_s=ACTIVITY_MIN_S, lasts_s=CONNECTION_S
    )

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._open = False
        """Whether an activity has begun."""
        self._ending = False
        """Whether its transcript is awaited."""
        self._echo = False
        """Whether its end has been echoed."""
        self._asked = False
        """Whether that answers a `finalize`."""
        self._finishing = False
        self._settled = ""
        """What of the activity Gemini has made final already."""
        self._guessed = False
        """Whether there were words since."""
        self._late_echoes = 0
        self._late_completions = 0
        """Messages still to come of activities that are answered."""
        self._held = Held()

    def takes(self, agent: AudioFormat) -> AudioFormat:  # noqa: ARG002 - there is only one
        """Linear samples of 16 kHz, one channel."""
        return FORMAT

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002 - a protocol
        """The request that opens the socket."""
        return Connect(join(self._account.base_url, PATH, WS), {"x-goog-api-key": key} if key else {})

    def greet(self) -> list[Frame]:
        """Says what to transcribe with; `setupComplete` answers."""
        transcription: dict[str, Any] = {"languageCodes": codes} if (codes := hints(self._transcriber.language)) else {}
        setup = {
            "model": f"models/{model(self._transcriber.model)}",
            "generationConfig": {"responseModalities": ["TEXT"]},
            "inputAudioTranscription": transcription,
            "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
        }
        return [text({"setup": setup})]

    def send(self, audio: bytes) -> list[Frame]:
        """The audio, in a new activity if none has begun; kept back while one is being ended."""
        if self._ending:
            self._held.add(audio)
            return []
        pieces = (audio[at : at + MAX_AUDIO] for at in range(0, len(audio), MAX_AUDIO))
        return [*self._begin(), *(_audio(piece) for piece in pieces)]

    def finalize(self) -> list[Frame]:
        """Ends the activity; its transcript answers."""
        if self._ending:
            self._held.cut()
            return []
        self._asked = True
        return [*self._begin(), self._end()]

    def finish(self) -> list[Frame]:
        """Ends the activity, once what is held is sent; Gemini leaves the closing to us."""
        self._finishing = True
        return [self._end()] if self._open and not self._ending else []

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Gemini means; one may hold several things.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        if "error" in said:
            return [Failure(reported(said["error"].get("status")), transient=said["error"].get("code", 0) >= 500)]  # noqa: PLR2004 - HTTP's server errors
        if "setupComplete" in said:
            return [Ready()]
        if "goAway" in said:
            return [Leaving(_seconds(said["goAway"].get("timeLeft")))]
        events = self._content(said.get("serverContent") or {})
        if (said.get("voiceActivity") or {}).get("type") == "ACTIVITY_END":
            events += self._echoed()
        return events or [Alive()]

    def _content(self, content: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        if words := _text(content, "interimInputTranscription"):
            self._guessed = True
            events.append(Result(_joined(self._settled, words), final=False))
        if words := _text(content, "inputTranscription"):
            self._settled = _joined(self._settled, words)
            self._guessed = False
            self._late_completions += 1
            events += self._ended() if self._ending else [Result(self._settled, final=False)]
        if content.get("generationComplete"):
            events += self._completed()
        return events

    def _completed(self) -> list[Event]:
        """Gemini has said what it has: of a transcript that came, or that there is none."""
        if self._late_completions:
            self._late_completions -= 1
            return []
        return self._ended() if self._ending else []

    def _echoed(self) -> list[Event]:
        """An activity of ours has ended: the only answer if nobody spoke, one of several otherwise."""
        if self._late_echoes:
            self._late_echoes -= 1
            return []
        if not self._ending:
            return []
        self._echo = True
        return [] if self._guessed else self._ended()

    def _begin(self) -> list[Frame]:
        begun, self._open = self._open, True
        return [] if begun else [_input("activityStart", {})]

    def _end(self) -> Frame:
        self._ending, self._echo = True, False
        return _input("activityEnd", {})

    def _ended(self) -> list[Event]:
        """The activity is transcribed. What waited goes on its way."""
        words, asked = self._settled, self._asked
        self._late_echoes += not self._echo
        answer: Event = Result(words, final=True, from_finalize=asked) if words else Flushed() if asked else Alive()
        self._open = self._ending = self._asked = self._guessed = False
        self._settled = ""
        audio, cut = self._held.take()
        frames = self.send(audio) if audio else []
        if cut:
            frames += self.finalize()
        elif self._finishing:
            frames += self.finish()
        return [answer, Reply(tuple(frames))] if frames else [answer]


def model(name: str | None) -> str:
    """The model to ask for: `name` where it is one for transcription on a live connection, its successor otherwise."""
    bare = (name or DEFAULT_MODEL).removeprefix("models/")
    return bare if "transcribe" in bare and "live" in bare else DEFAULT_MODEL


def _audio(piece: bytes) -> str:
    return _input("audio", {"data": base64.b64encode(piece).decode(), "mimeType": _MIME})


def _input(kind: str, value: dict[str, str]) -> str:
    return text({"realtimeInput": {kind: value}})


def _text(content: dict[str, Any], kind: str) -> str:
    return str((content.get(kind) or {}).get("text") or "").strip()


def _joined(settled: str, words: str) -> str:
    return f"{settled} {words}".strip()


def _seconds(duration: Any) -> float:
    """Seconds of a duration such as `9.5s`; 0 where there is none."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?)s", str(duration or ""))
    return float(found[1]) if found else 0.0
