"""Deepgram's streaming transcription with its nova models, `/v1/listen`. Flux is in `flux.py`.

Source: Deepgram's API reference, "Live audio", and deepgram-sdk 7 `listen/v1`.
"""

import re
from typing import Any
from urllib.parse import urlencode

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import deepgram_url
from understudy.domain.speech.codec import (
    Ack,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Frame,
    Notice,
    Result,
    Traits,
    Word,
)
from understudy.domain.speech.transcribers.common import Plain, parsed, reported, strict, text

DEFAULT_MODEL = "nova-3"
"""What is asked for where the revision names no model."""

AGENT_PARAMETERS = frozenset(
    {
        "interim_results",
        "multichannel",
        "endpointing",
        "utterance_end_ms",
        "vad_events",
        "no_delay",
        "punctuate",
    }
)
"""Query parameters the agent decides, since they belong to its turn-taking; a revision's setting comes before them."""

IDLE_S = 10.0
"""Deepgram closes a socket that had neither audio nor a KeepAlive for so long."""

FINALIZE = '{"type":"Finalize"}'
KEEP_ALIVE = '{"type":"KeepAlive"}'
CLOSE_STREAM = '{"type":"CloseStream"}'


class DeepgramCodec(Plain):
    """One connection to `/v1/listen`."""

    traits = Traits(Ack.WORD, replay_rate=1.25, idle_s=IDLE_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """Deepgram takes every format that an agent may send."""
        return agent

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:
        """The request that opens the socket; `query` is the agent's."""
        parameters: dict[str, Any] = {name: query[name] for name in sorted(AGENT_PARAMETERS & query.keys())}
        parameters |= {snake(name): query_value(value) for name, value in self._transcriber.settings.items()}
        parameters |= {"model": self._transcriber.model or DEFAULT_MODEL}
        if self._transcriber.language:
            parameters["language"] = self._transcriber.language
        parameters |= {"encoding": audio.encoding, "sample_rate": audio.sample_rate, "channels": audio.channels}
        url = f"{deepgram_url(self._account.base_url)}?{urlencode(parameters, doseq=True)}"
        return Connect(url, authorization(key))

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        return [audio]

    def finalize(self) -> list[Frame]:
        """Asks for what was heard so far to be made final."""
        return [FINALIZE]

    def keep_alive(self) -> list[Frame]:
        """A message that is there for this."""
        return [KEEP_ALIVE]

    def finish(self) -> list[Frame]:
        """Says that no more audio comes."""
        return [CLOSE_STREAM]

    def control(self, message: dict[str, Any]) -> list[Frame]:
        """The agent speaks Deepgram's protocol: whatever it says goes on."""
        return [text(message)]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message of Deepgram means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = parsed(message)
        if said.get("type") == "Results":
            return [_result(said)]
        if said.get("type") == "Error":
            return [Failure(reported(said.get("variant") or said.get("code")))]
        return [Notice(said)]


def _result(said: dict[str, Any]) -> Result:
    best = ((said.get("channel") or {}).get("alternatives") or [{}])[0]
    timed = "start" in said and "duration" in said
    return Result(
        text=str(best.get("transcript") or ""),
        final=bool(said.get("is_final")),
        from_finalize=bool(said.get("from_finalize")),
        end=float(said["start"]) + float(said["duration"]) if timed else None,
        message=said,
        start=float(said["start"]) if timed else None,
        words=words(best.get("words")),
        confidence=best.get("confidence"),
        ends_turn=bool(said.get("speech_final")),
    )


def words(spoken: Any) -> tuple[Word, ...]:
    """Deepgram's words; none where one has no times."""
    if not all("start" in one and "end" in one for one in spoken or ()):
        return ()
    return tuple(
        Word(str(one.get("word") or ""), float(one["start"]), float(one["end"]), one.get("confidence"))
        for one in spoken or ()
    )


def authorization(key: str | None) -> dict[str, str]:
    """The header that holds the key."""
    return {"Authorization": f"Token {key}"} if key else {}


def snake(name: str) -> str:
    """`smart_format` of `smartFormat`."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def query_value(value: Any) -> Any:
    """A setting as it is written in a query."""
    if isinstance(value, bool):
        return str(value).lower()
    return [query_value(item) for item in value] if isinstance(value, list | tuple) else value
