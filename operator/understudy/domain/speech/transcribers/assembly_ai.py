"""AssemblyAI's universal streaming, version 3 of its WebSocket API.

Source: AssemblyAI's API specification (usm-streaming.yml), its documentation, "Universal-Streaming" (message sequence,
turn detection, common session errors), and the vendor's Python SDK, `assemblyai.streaming.v3`.

A turn's text is asked for unformatted: the formatted one comes later and says the same again. Models from `u3-` and
`universal-3-` on format always, and say each turn once.

Kept audio is sent hardly faster than real time: a session ends only when it is 310 s ahead (error 3007, as others
report it), but "Stream a pre-recorded file in real time" says that audio which comes too fast may be misheard.
"""

from typing import Any
from urllib.parse import urlencode

import orjson

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.routing.providers import socket_url
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Connect,
    Event,
    Failure,
    Flushed,
    Frame,
    Result,
    Traits,
    Word,
)
from understudy.domain.speech.transcribers.common import Plain, parsed, reported, strict
from understudy.domain.speech.transcribers.timeline import Timeline

MODELS = {"en": "universal-streaming-english", "multi": "universal-streaming-multilingual"}
"""The model for each language, where the revision names none."""

FORMATTING = ("u3-", "universal-3-")
"""Beginnings of the names of models that format every turn, and are told a language by its code."""

ENCODINGS = {"linear16": "pcm_s16le", "mulaw": "pcm_mulaw"}

CHUNK_MIN_MS, CHUNK_MAX_MS = 50, 1000
"""Milliseconds of audio in one message: outside of this the session ends with error 3007."""

SESSION_S = 3 * 3600.0
"""How long a session lasts: then it ends with error 3008."""

MAX_TERMS = 100
"""Terms of `keyterms_prompt`; more end the session."""

MIN_TURN_SILENCE_MS = 400
"""The provider's `min_turn_silence`, which must not be over `max_turn_silence`."""

TRANSIENT = frozenset({1013, 3005, 3008})
"""Error codes after which a new session works at once: a forced wait, an error of the server's, the session's age."""

FORCE_ENDPOINT = '{"type":"ForceEndpoint"}'
KEEP_ALIVE = '{"type":"KeepAlive"}'
TERMINATE = '{"type":"Terminate"}'


class AssemblyAiCodec(Plain):
    """One session.

    A `ForceEndpoint` outside a turn is not answered: who sends one without speech before it waits in vain.
    """

    traits = Traits(Ack.WORD, chunk_min_s=CHUNK_MIN_MS / 1000, chunk_max_s=CHUNK_MAX_MS / 1000, lasts_s=SESSION_S)

    def __init__(self, transcriber: Transcriber, account: Account) -> None:
        self._transcriber = transcriber
        self._account = account
        self._audio = AudioFormat()
        self._timeline = Timeline(self._audio)
        self._rest = b""
        self._asked = 0
        self._turns_done = 0

    def takes(self, agent: AudioFormat) -> AudioFormat:
        """16-bit linear samples or μ-law, of any rate."""
        return AudioFormat(agent.encoding if agent.encoding in ENCODINGS else "linear16", agent.sample_rate)

    def open(self, audio: AudioFormat, query: dict[str, str], key: str | None) -> Connect:  # noqa: ARG002 - a protocol
        """Everything is said in the URL; the key is the whole of the header."""
        self._audio, self._timeline = audio, Timeline(audio)
        parameters = {"sample_rate": audio.sample_rate, "encoding": ENCODINGS[audio.encoding]}
        parameters |= _parameters(self._transcriber)
        base = self._account.base_url.rstrip("/").removesuffix("/v3/ws")  # it may be the whole URL, as Pipecat wants it
        url = f"{socket_url(base, 'v3', 'ws')}?{urlencode(parameters)}"
        return Connect(url, {"Authorization": key} if key else {})

    def send(self, audio: bytes) -> list[Frame]:
        """Messages of the length that the provider takes; what is too short for one waits."""
        sound = self._rest + audio
        most = self._audio.bytes_per_second * CHUNK_MAX_MS // 1000
        pieces = [sound[at : at + most] for at in range(0, len(sound), most)]
        self._rest = pieces.pop() if pieces and len(pieces[-1]) < self._least else b""
        return [self._timeline.sent(piece) for piece in pieces]

    def finalize(self) -> list[Frame]:
        """Ends the turn, after what was said to its last sample."""
        self._asked += 1
        return [*self._last(), FORCE_ENDPOINT]

    def keep_alive(self) -> list[Frame]:
        """Not needed: without `inactivity_timeout` the provider waits for as long as the session lasts."""
        return [KEEP_ALIVE]

    def finish(self) -> list[Frame]:
        """Ends the session, which is billed by its length."""
        return [*self._last(), TERMINATE]

    @strict
    def receive(self, message: Frame) -> list[Event]:
        """What a message means."""
        said = parsed(message)
        match said.get("type", "Error" if "error" in said else None):
            case "Turn":
                return [self._turn(said)]
            case "Error":
                code = said.get("error_code")
                return [Failure(reported(code), transient=code in TRANSIENT)]
            case None:
                raise ValueError("a message without a type")
        return [Alive()]

    def _last(self) -> list[Frame]:
        """What waits, with silence up to the shortest message."""
        if not self._rest:
            return []
        rest, self._rest = self._timeline.sent(self._rest), b""
        missing_s = (self._least - len(rest)) / self._audio.bytes_per_second
        return [rest + self._timeline.silence(missing_s)]

    @property
    def _least(self) -> int:
        """Bytes of the shortest message, in whole samples."""
        samples = -(-self._audio.sample_rate * CHUNK_MIN_MS // 1000)
        return samples * self._audio.bytes_per_second // self._audio.sample_rate

    def _turn(self, said: dict[str, Any]) -> Event:
        if said["turn_order"] < self._turns_done:  # the formatted text of a turn that was final already
            return Alive()
        words = tuple(self._word(each) for each in said["words"])
        final = bool(said["end_of_turn"])
        text = said["transcript"] if final or not words else " ".join(each.text for each in words)
        answer = final and self._asked > 0
        if final:
            self._turns_done = said["turn_order"] + 1
            self._asked -= answer
        if not text:
            return Flushed() if answer else Alive()
        return Result(
            text=text,
            final=final,
            from_finalize=answer,
            start=words[0].start if words else None,
            end=words[-1].end if words else None,
            words=words,
            confidence=sum(each.confidence or 0.0 for each in words) / len(words) if words else None,
            ends_turn=final,
        )

    def _word(self, said: dict[str, Any]) -> Word:
        start, end = self._timeline.ours(said["start"] / 1000), self._timeline.ours(said["end"] / 1000)
        return Word(said["text"], start, end, float(said["confidence"]))


def _parameters(transcriber: Transcriber) -> dict[str, Any]:
    """The revision's settings under today's names."""
    settings, language = transcriber.settings, transcriber.language
    model = settings.get("speechModel") or MODELS[language or "en"]
    asked: dict[str, Any] = {"speech_model": model}
    if not model.startswith(FORMATTING):
        asked["format_turns"] = "false"
        asked |= {"language": language} if language else {}
    elif language == "en":
        asked["language_code"] = language  # these models hear several languages where none is named
    terms = dict.fromkeys([*settings.get("keytermsPrompt", ()), *settings.get("wordBoost", ())])
    if terms:
        asked["keyterms_prompt"] = orjson.dumps(list(terms)[:MAX_TERMS]).decode()
    if (silence_ms := settings.get("endUtteranceSilenceThreshold")) is not None:
        asked["max_turn_silence"] = silence_ms
        if silence_ms < MIN_TURN_SILENCE_MS:
            asked["min_turn_silence"] = silence_ms
    if settings.get("vadAssistedEndpointingEnabled"):
        asked["end_of_turn_confidence_threshold"] = 1  # no guess from the words: only voice activity ends a turn
    return asked
