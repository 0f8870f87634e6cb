"""Azure's recognition over a WebSocket.

Audio belongs to a *turn*: a request id, `speech.context`, a RIFF header, audio. A turn ends with an empty audio
message; Azure then says what it still has, and `turn.end`. That is the only answer that comes whether or not anybody
spoke, so it is what `finalize` asks for: silence beyond the segmentation timeout would give none where there was
nothing to say, and would have to be waited for. The next turn begins on the same connection, with an id of its own and
offsets from zero, as the SDK does after each `turn.end`. Its audio waits for that, since audio of a new turn makes
Azure drop what it has not yet said of the one before.

Sources: Microsoft's "Speech Service WebSocket protocol"; microsoft/cognitive-services-speech-sdk-js,
`ServiceRecognizerBase.ts` (turns, segmentation, 5 s at once then twice real time), `RequestSession.ts` (what a phrase
acknowledges).
"""

from dataclasses import replace
from urllib.parse import urlencode

from understudy.base.clock import Clock, SystemClock
from understudy.domain.revision.languages import heard_by
from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech import azure
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Reply,
    Result,
    Traits,
)
from understudy.domain.speech.transcribers import azure_phrases, azure_turn
from understudy.domain.speech.transcribers.common import Plain, parsed, strict
from understudy.domain.speech.transcribers.held import Held

DEFAULT_LANGUAGE = "en-US"

REPLAY_RATE, REPLAY_BURST_S = 2.0, 5.0
"""How much faster than real time Microsoft's SDKs send what they have, after five seconds at once."""

MAX_AUDIO = 8192
"""Bytes of audio in one message: Azure's limit."""

CHUNK_S = 0.25
"""Longest audio in one message: a little less than `MAX_AUDIO` at 16 kHz."""

TURN_MIN_S = 0.1
"""Shortest turn: what Microsoft's SDKs send in one message; how Azure answers a shorter one is not documented."""

CONNECTION_S = 600.0
"""How long Azure keeps a connection that is in use; it closes it without notice."""

TAIL_S = 2.0
"""Audio sent again when Azure ends a turn by itself: what it may have missed of the next word while it did."""


class AzureCodec(Plain):
    """One connection."""

    traits = Traits(
        Ack.WORD,
        replay_rate=REPLAY_RATE,
        replay_burst_s=REPLAY_BURST_S,
        chunk_max_s=CHUNK_S,
        finalize_min_s=TURN_MIN_S,
        lasts_s=CONNECTION_S,
        idle_s=azure.IDLE_S,
    )

    def __init__(self, transcriber: Transcriber, account: Account, clock: Clock | None = None) -> None:
        self._transcriber = transcriber
        self._account = account
        self._clock = clock or SystemClock()
        self._audio = AudioFormat()
        self._turn: str | None = None
        self._turn_start_s = 0.0
        self._sent_bytes = 0
        self._covered_s = 0.0
        self._tail = bytearray()
        self._speaking = False
        self._ending = False
        """Whether `turn.end` is awaited."""
        self._asked = False
        """Whether that answers a `finalize`."""
        self._finishing = False
        self._last: Result | None = None
        self._held = Held()

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """The telephone's formats as they are, and PCM of 16 kHz."""
        as_it_is = agent.sample_rate == 8000 or (agent.encoding, agent.sample_rate) == ("linear16", 16_000)  # noqa: PLR2004 - Hz
        if agent.encoding in azure_turn.FORMATS and agent.channels == 1 and as_it_is:
            return agent
        return AudioFormat("linear16", 16_000)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002 - a protocol
        """The request that opens the socket."""
        self._audio = audio
        at = azure.endpoint(self._account, "stt")
        parameters = {"language": self._language, "format": "detailed", "wordLevelTimestamps": "true"}
        return azure.connect(f"{at.url}?{urlencode(parameters)}" if at.regional else at.url, key)

    def greet(self) -> list[Frame]:
        """Who we are."""
        return [azure.speech_config(self._clock.now())]

    def send(self, audio: bytes) -> list[Frame]:
        """The audio, in a new turn if none is open; kept back while one is being ended."""
        if self._ending:
            self._held.add(audio)
            return []
        return self._speak(audio)

    def finalize(self) -> list[Frame]:
        """Ends the turn; `turn.end` answers."""
        if self._ending:
            self._held.cut()
            return []
        frames = self._begin() if self._turn is None else []
        self._asked = True
        return [*frames, self._end()]

    def keep_alive(self) -> list[Frame]:
        """Who we are, once more: the only message that belongs to no turn."""
        return self.greet()

    def finish(self) -> list[Frame]:
        """Ends the turn, once what is held is sent; Azure leaves the closing to us."""
        self._finishing = True
        return [] if self._ending or self._turn is None else [self._end()]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Azure means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = azure.parse(message)
        if said.request_id != self._turn:
            return [Alive()]
        match said.path:
            case "speech.hypothesis" | "speech.fragment":
                self._speaking = True
                return [azure_phrases.hypothesis(parsed(said.body), self._turn_start_s)]
            case "speech.phrase":
                return self._phrase(azure_phrases.phrase(parsed(said.body), self._turn_start_s))
            case "turn.end":
                return self._ended() if self._ending else self._left()
        return [Alive()]

    @property
    def _language(self) -> str:
        """With its region, which Azure wants."""
        found = heard_by("azure", self._transcriber.language or DEFAULT_LANGUAGE)
        return (found and found.language) or DEFAULT_LANGUAGE

    @property
    def _sent_s(self) -> float:
        return self._sent_bytes / self._audio.bytes_per_second

    def _begin(self) -> list[Frame]:
        self._turn = azure.new_id()
        self._turn_start_s = self._sent_s
        self._tail.clear()
        now = self._clock.now()
        context = azure.text(
            "speech.context", self._turn, azure_turn.context(self._transcriber.settings, self._language), now
        )
        return [context, azure.binary("audio", self._turn, azure_turn.riff(self._audio), now, "audio/x-wav")]

    def _speak(self, audio: bytes) -> list[Frame]:
        frames = self._begin() if self._turn is None else []
        turn, now = str(self._turn), self._clock.now()
        self._sent_bytes += len(audio)
        self._tail += audio
        del self._tail[: -self._bytes(TAIL_S)]
        pieces = (audio[at : at + MAX_AUDIO] for at in range(0, len(audio), MAX_AUDIO))
        return [*frames, *(azure.binary("audio", turn, piece, now) for piece in pieces)]

    def _end(self) -> Frame:
        self._ending = True
        return azure.binary("audio", str(self._turn), b"", self._clock.now())

    def _phrase(self, event: Event) -> list[Event]:
        """A phrase; while a turn ends each is kept until it is known whether it is the last, which answers."""
        if not isinstance(event, Result):
            return [event]
        self._speaking = False
        self._covered_s = event.end or self._covered_s
        if not self._ending:
            return [event]
        earlier, self._last = self._last, event
        return [earlier] if earlier else [Alive()]

    def _ended(self) -> list[Event]:
        """The turn that we ended is complete: all audio that was sent is covered. What waited goes on its way."""
        answer = self._answer()
        self._close_turn()
        audio, cut = self._held.take()
        frames = self._speak(audio) if audio else []
        if cut:
            frames += self.finalize()
        elif self._finishing:
            frames += self.finish()
        return [*answer, Reply(tuple(frames))] if frames else answer

    def _answer(self) -> list[Event]:
        last, asked = self._last, self._asked
        if last is None or not last.text:
            return [Flushed() if asked else Alive()]
        return [replace(last, from_finalize=asked, end=round(self._sent_s, 6))]

    def _left(self) -> list[Event]:
        """Azure ended the turn by itself, as it may after long silence: a loss only in the middle of a phrase."""
        if self._speaking:
            return [Failure("the provider ended the turn within a phrase", transient=True)]
        missed = min(len(self._tail), self._bytes(max(0.0, self._sent_s - self._covered_s)))
        again = bytes(self._tail[len(self._tail) - missed :])
        self._close_turn()
        self._sent_bytes -= len(again)
        return [Reply(tuple(self._speak(again)))] if again else [Alive()]

    def _close_turn(self) -> None:
        self._turn = self._last = None
        self._ending = self._asked = self._speaking = False
        self._covered_s = self._sent_s

    def _bytes(self, seconds: float) -> int:
        """Whole samples in `seconds`."""
        width = self._audio.bytes_per_second // self._audio.sample_rate
        return round(seconds * self._audio.sample_rate) * width
