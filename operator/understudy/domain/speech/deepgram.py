"""Deepgram's streaming transcription, `/v1/listen`: as a provider, and as the protocol our agents speak to us.

Source: Deepgram's API reference, "Live audio", and deepgram-sdk `listen/v1`.
"""

import re
from typing import Any
from urllib.parse import urlencode

import orjson

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
    Post,
    Result,
    Traits,
)

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

PROVIDER_TURNS = frozenset({"endpointing", "utterance_end_ms", "vad_events"})
"""Query parameters of a client that leaves it to the provider where an utterance ends."""

FINALIZE = '{"type":"Finalize"}'
KEEP_ALIVE = '{"type":"KeepAlive"}'
CLOSE_STREAM = '{"type":"CloseStream"}'


class DeepgramCodec:
    """One revision's transcriber at Deepgram."""

    traits = Traits(Ack.WORD, replay_rate=1.25, idle_s=10.0)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """Deepgram takes every format that an agent may send."""
        return agent

    def before(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Post | None:
        """Nothing has to be asked first."""

    def answered(self, body: bytes) -> None:
        """Nothing was asked."""

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:
        """The request that opens the socket; `query` is the agent's."""
        parameters: dict[str, Any] = {name: query[name] for name in sorted(AGENT_PARAMETERS & query.keys())}
        parameters |= {_snake(name): _value(value) for name, value in self._transcriber.settings.items()}
        parameters |= {"model": self._transcriber.model or DEFAULT_MODEL}
        if self._transcriber.language:
            parameters["language"] = self._transcriber.language
        parameters |= {"encoding": audio.encoding, "sample_rate": audio.sample_rate, "channels": audio.channels}
        url = f"{deepgram_url(self._account.base_url)}?{urlencode(parameters, doseq=True)}"
        return Connect(url, {"Authorization": f"Token {key}"} if key else {})

    def greet(self) -> list[Frame]:
        """Everything is in the URL."""
        return []

    def send(self, audio: bytes) -> list[Frame]:
        """Audio goes as it is."""
        return [audio]

    def finalize(self) -> list[Frame]:
        """Asks for what was heard so far to be made final."""
        return [FINALIZE]

    def keep_alive(self) -> list[Frame]:
        """Without audio Deepgram closes the socket after 10 s."""
        return [KEEP_ALIVE]

    def finish(self) -> list[Frame]:
        """Says that no more audio comes."""
        return [CLOSE_STREAM]

    def control(self, message: dict[str, Any]) -> list[Frame]:
        """The agent speaks Deepgram's protocol: whatever it says goes on."""
        return [orjson.dumps(message).decode()]

    def receive(self, message: Frame) -> list[Event]:
        """What a message of Deepgram means.

        Raises:
            ValueError: it is not one of the protocol.
        """
        said = orjson.loads(message)
        if not isinstance(said, dict):
            raise ValueError("a message that is not an object")  # noqa: TRY004 - a protocol error, not a caller's
        if said.get("type") == "Results":
            return [_result(said)]
        if said.get("type") == "Error":
            return [Failure(f"the provider reported {_word(said.get('variant') or said.get('code'))}")]
        return [Notice(said)]


def _result(said: dict[str, Any]) -> Result:
    alternatives = (said.get("channel") or {}).get("alternatives") or [{}]
    timed = "start" in said and "duration" in said
    return Result(
        text=str(alternatives[0].get("transcript") or ""),
        final=bool(said.get("is_final")),
        from_finalize=bool(said.get("from_finalize")),
        end=float(said["start"]) + float(said["duration"]) if timed else None,
        message=said,
    )


def shifted(message: dict[str, Any], seconds: float) -> dict[str, Any]:
    """`message` with every time moved by `seconds`: a connection's clock starts at its own first audio."""
    moved = {**message, "start": round(message.get("start", 0.0) + seconds, 3)}
    alternatives = [
        {**alternative, "words": [_shifted_word(word, seconds) for word in alternative.get("words") or ()]}
        for alternative in (message.get("channel") or {}).get("alternatives") or ()
    ]
    moved["channel"] = {**(message.get("channel") or {}), "alternatives": alternatives}
    return moved


def _shifted_word(word: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {**word, "start": round(word["start"] + seconds, 3), "end": round(word["end"] + seconds, 3)}


def empty_final(at: float) -> dict[str, Any]:
    """The answer to a `Finalize` when there is nothing more to say, `at` seconds into the call's audio."""
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": round(at, 3),
        "duration": 0.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": True,
        "channel": {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]},
        "metadata": {"request_id": "", "model_uuid": "", "model_info": {"name": "", "version": "", "arch": ""}},
    }


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return [_value(item) for item in value] if isinstance(value, list | tuple) else value


def _word(value: Any) -> str:
    """A provider's code as text that is safe in logs and messages: short, without content."""
    text = str(value or "an error")
    return text if re.fullmatch(r"[\w .-]{1,64}", text) else "an error"
