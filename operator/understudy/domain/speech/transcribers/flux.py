"""Deepgram's Flux models, `/v2/listen`: transcription that finds the ends of turns itself.

Source: Deepgram's documentation, "Flux" (API reference, "Force End Turn", "State"), and deepgram-sdk 7 `listen/v2`.
"""

from typing import Any
from urllib.parse import urlencode

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import flux_url
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Notice,
    Reply,
    Result,
    Traits,
)
from understudy.domain.speech.transcribers.common import Plain, base_language, parsed, reported, strict, text
from understudy.domain.speech.transcribers.deepgram import CLOSE_STREAM, authorization, query_value, snake, words

PREFIX = "flux-"
"""Models that speak this protocol; Deepgram's others speak `/v1/listen`."""

MULTILINGUAL = "flux-general-multi"
"""The model that takes languages, as hints; the others know one."""

AGENT_PARAMETERS = frozenset({"eager_eot_threshold", "eot_threshold", "eot_timeout_ms"})
"""Query parameters of an agent that speaks this protocol itself; a revision's setting comes before them."""

SUCCESSORS = {"smartFormat": "numerals"}
"""Settings of nova that Flux has under another name."""

FORCE_END_TURN = '{"type":"ForceEndTurn"}'

SETTLED_S = 0.25
"""A turn that ends this shortly before a `finalize` answers it: what an agent's voice detection waits for at least
before it calls for one is silence, and Flux reports at every 0.25 s."""

TRANSIENT = frozenset({"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "NET-0000"})
"""Errors after which another connection is worth while."""


class FluxCodec(Plain):
    """One connection to `/v2/listen`.

    Flux ends a turn on what it has transcribed so far, and takes no notice of `ForceEndTurn` outside a turn. So a
    `finalize` is answered by what Flux has reached: by the end of a turn, by silence up to there, or, where a turn has
    begun meanwhile, by ending it with a second `ForceEndTurn`.
    """

    traits = Traits(Ack.WORD, replay_rate=1.25, needs_silence=True, detects_turns=True)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._bytes_per_second = 1
        self._sent = 0
        self._asked: list[float] = []
        """Seconds of audio sent before each `finalize` that is not answered."""
        self._again = False
        """Whether the turn that goes on past a `finalize` was ended already."""

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """Flux takes every encoding of an agent's, one channel."""
        return AudioFormat(agent.encoding, agent.sample_rate)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:
        """The request that opens the socket."""
        self._bytes_per_second = audio.bytes_per_second
        parameters: dict[str, Any] = {name: query[name] for name in sorted(AGENT_PARAMETERS & query.keys())}
        for name, value in self._transcriber.settings.items():
            parameters[SUCCESSORS.get(name) or snake(name)] = query_value(value)
        parameters["model"] = self._transcriber.model
        if self._transcriber.language not in {None, "multi"} and self._transcriber.model == MULTILINGUAL:
            parameters["language_hint"] = base_language(self._transcriber.language or "")
        parameters |= {"encoding": audio.encoding, "sample_rate": audio.sample_rate}
        return Connect(f"{flux_url(self._account.base_url)}?{urlencode(parameters, doseq=True)}", authorization(key))

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        self._sent += len(audio)
        return [audio]

    def finalize(self) -> list[Frame]:
        """Ends the turn."""
        self._asked.append(self._sent / self._bytes_per_second)
        return [FORCE_END_TURN]

    def finish(self) -> list[Frame]:
        """Says that no more audio comes."""
        return [CLOSE_STREAM]

    def control(self, message: dict[str, Any]) -> list[Frame]:
        """Flux takes `Configure` in mid-stream."""
        return [text(message)] if message.get("type") == "Configure" else []

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Flux means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        match said.get("type"):
            case "TurnInfo":
                return self._turn(said)
            case "Error":
                return [Failure(reported(said.get("code")), transient=said.get("code") in TRANSIENT)]
            case "ConfigureSuccess" | "ConfigureFailure":
                return [Notice(said)]
        return [Alive()]

    def _turn(self, said: dict[str, Any]) -> list[Event]:
        end, over = float(said["audio_window_end"]), said.get("event") == "EndOfTurn"
        transcript = str(said.get("transcript") or "")
        if over:
            answers = self._answer(end + SETTLED_S)
            return [_result(said, final=True, from_finalize=answers > 0), *[Flushed()] * (answers - 1)]
        if transcript:
            return [_result(said, final=False), *self._end_again(end)]
        return [Flushed()] * self._answer(end) or [Alive()]

    def _end_again(self, end: float) -> list[Event]:
        """Ends a turn that began after Flux was told to end the one before."""
        if self._again or not any(asked <= end for asked in self._asked):
            return []
        self._again = True
        return [Reply((FORCE_END_TURN,))]

    def _answer(self, until: float) -> int:
        """How many `finalize`s are answered when everything `until` there is."""
        open_still = [asked for asked in self._asked if asked > until]
        answered, self._asked = len(self._asked) - len(open_still), open_still
        self._again = False
        return answered


def _result(said: dict[str, Any], *, final: bool, from_finalize: bool = False) -> Result:
    spoken = said.get("words") or []
    return Result(
        text=str(said.get("transcript") or ""),
        final=final,
        from_finalize=from_finalize,
        start=float(said["audio_window_start"]),
        end=float(said["audio_window_end"]),
        words=words(spoken),
        confidence=sum(float(one.get("confidence") or 0) for one in spoken) / len(spoken) if spoken else None,
        ends_turn=final and said.get("trigger") != "manual",
    )
