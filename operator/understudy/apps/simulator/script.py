"""The script: what each simulated deployment is, how fast, and what goes wrong. YAML or JSON, camelCase."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from understudy.base.errors import InvalidInput


class Section(BaseModel):
    """Base of the script's parts: frozen, and a misspelt field is an error rather than ignored."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")


class FaultKind(StrEnum):
    """What can go wrong. Which apply where is in the table of `faults.py`."""

    HANG = "hang"
    HEADERS_HANG = "headers-hang"
    KEEP_ALIVE = "keep-alive"
    ROLE_ONLY = "role-only"
    STALL = "stall"
    CUT = "cut"
    MALFORMED = "malformed"
    STATUS = "status"
    REFUSE = "refuse"
    RESET = "reset"
    NO_OUTPUT = "no-output"
    SILENT_AUDIO = "silent-audio"
    DROP = "drop"
    CLOSE = "close"
    ERROR = "error"
    STUCK = "stuck"
    EMPTY = "empty"
    TRUNCATE = "truncate"


class Fault(Section):
    """One thing that goes wrong, for some requests."""

    kind: FaultKind
    probability: float = Field(default=1.0, ge=0, le=1)
    """Share of the requests it hits, drawn from the seed and the request's index."""
    after: int = Field(default=0, ge=0)
    """Requests of the deployment that pass before it may strike."""
    from_s: float = Field(default=0.0, ge=0)
    """Seconds, since the start or since the deployment was last changed, from which on it may strike."""
    until_s: float | None = Field(default=None, ge=0)
    """Seconds from which on it no longer may; absent: no end."""
    count: int | None = Field(default=None, ge=0)
    """How many requests it hits at most; absent: no bound."""
    model: str | None = None
    """Only requests for this model."""
    at: int = Field(default=0, ge=0)
    """Tokens (model) or chunks of audio (voice) sent before."""
    at_ms: int | None = Field(default=None, ge=0)
    """Transcribers: milliseconds of the stream's audio taken in before; absent: from the start."""
    speech_only: bool = False
    """Transcribers: `at_ms` counts only audio that sounds, so that the fault strikes within what somebody says."""
    after_ms: int = Field(default=0, ge=0)
    """drop: how long the WebSocket lives; transcribers with `at_ms` count audio instead."""
    code: int = Field(default=1011, ge=1000, le=4999)
    """close: the WebSocket's close code."""
    status: int = Field(default=500, ge=400, le=599)
    retry_after_s: int | None = None
    retry_after_ms: int | None = None


class Persona(StrEnum):
    """How the simulated model talks."""

    GOOD = "Good"
    OTHER_WORDS = "OtherWords"
    POOR = "Poor"
    """Gives empty answers, repeats itself, asks the caller to repeat."""
    JUDGE = "Judge"
    """Reads the transcript of a call, as JSON, and answers with a score as JSON (model/judging.py)."""


class Continues(StrEnum):
    """What a model says when it is asked to go on with an answer that broke off."""

    EXACTLY = "Exactly"
    """The rest, from the next character on."""
    OVERLAPPING = "Overlapping"
    """The rest, with the last two words that were said once more."""
    ANEW = "Anew"
    """The whole answer again."""


class Drift(Section):
    """How slow a model is at a time; between two of these its factor changes evenly."""

    at_s: float = Field(ge=0)
    """Seconds since the start or since the deployment was last changed."""
    factor: float = Field(gt=0)
    """Of `firstMs`."""


class ModelSettings(Section):
    """One model name."""

    persona: Persona = Persona.GOOD
    answer: str | None = None
    """Said to everything, instead of holding the restaurant's conversation."""
    continues: Continues = Continues.EXACTLY
    first_ms: float = Field(default=150, ge=0)
    """Request → first token; the median where `sigma` is set."""
    sigma: float = Field(default=0.0, ge=0, le=3)
    """Standard deviation of the logarithm of the time to the first token: 0.3 is a good day, 0.7 a bad one."""
    jitter_ms: int = Field(default=0, ge=0)
    """Up to this much is added to `first_ms`, drawn from the seed."""
    drift: tuple[Drift, ...] = ()
    """In order of time; before the first and after the last, theirs holds."""
    prompt_ms: float = Field(default=0.0, ge=0)
    """Milliseconds added for each 1000 tokens of the prompt that are not cached."""
    cache_saves: float = Field(default=0.0, ge=0, le=1)
    """Share of the time to the first token that is saved when the whole prompt but the last message is cached."""
    token_ms: float = Field(default=12, ge=0)
    padding: int = Field(default=0, ge=0)
    """Characters added to each event of a stream, as OpenAI's `obfuscation` adds some."""


DEFAULT_MODELS = {
    "maitre": ModelSettings(),
    "maitre-2": ModelSettings(persona=Persona.OTHER_WORDS),
    "maitre-slow": ModelSettings(first_ms=1800),
    "maitre-cheap": ModelSettings(persona=Persona.POOR, first_ms=80),
}


class Recogniser(StrEnum):
    """How speech becomes text."""

    SPHINX = "Sphinx"
    """Real recognition by pocketsphinx over the restaurant grammar."""
    SCRIPT = "Script"
    """The next of `transcripts` after each utterance: costs nothing."""
    INDEX = "Index"
    """The words of numbered speech (`audio/numbered.py`), exactly: costs nearly nothing."""


class TranscriberSettings(Section):
    """The transcriber of a deployment, whichever provider's protocol it is asked in."""

    recogniser: Recogniser = Recogniser.SPHINX
    transcripts: tuple[str, ...] = ("what are your opening hours",)
    endpointing_ms: int = Field(default=300, ge=20)
    """Silence that ends an utterance; never less than the client's `endpointing`."""
    interim_ms: int = Field(default=300, ge=20)
    """Speech between interim results."""
    latency_ms: int = Field(default=0, ge=0)
    """`Finalize` or endpoint → final result, at least."""
    ahead_s: float | None = Field(default=None, ge=0)
    """Seconds of audio ahead of real time that are taken; absent: what the provider takes."""


class Synthesiser(StrEnum):
    """How text becomes speech."""

    ESPEAK = "Espeak"
    TONE = "Tone"
    """A tone as long as the speech would be: costs nothing."""
    WATERMARK = "Watermark"
    """Each word a chord that tells which it is (`voice/watermark.py`): costs nearly nothing."""


class VoiceSettings(Section):
    """The voices of a deployment, whichever provider's protocol they are asked in."""

    synth: Synthesiser = Synthesiser.ESPEAK
    first_ms: int = Field(default=80, ge=0)
    jitter_ms: int = Field(default=0, ge=0)
    speed: float = Field(default=5.0, gt=0)
    """Seconds of audio sent in a second."""
    chunk_ms: int = Field(default=100, ge=10)
    words_per_minute: int = Field(default=170, ge=80, le=450)
    level_db: float = Field(default=-20.0, ge=-50, le=-6)
    """Loudness of the watermark's words: RMS, decibels of full scale."""
    voices: dict[str, str] = Field(default_factory=dict)
    """espeak-ng voices by voice id; the others are spread over the built-in list."""


class Limits(Section):
    """How many model requests are taken; beyond that, 429. Absent fields: no limit."""

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Of the prompt and of the longest answer that the request allows."""
    burst_s: float = Field(default=60.0, gt=0, le=60)
    """Seconds' worth of the limit that may be used at once: providers enforce over less than a minute."""


class Entra(Section):
    """An application of Microsoft Entra that may use this account."""

    client_id: str
    client_secret: str
    expires_s: int = Field(default=3599, ge=0)
    """How long its tokens live."""


class DeploymentSettings(Section):
    """One simulated account: any of the services under /<name>/."""

    api_keys: tuple[str, ...] = ()
    """Keys that are accepted; none listed, and no `entra`: any or none is."""
    entra: Entra | None = None
    """Who gets tokens at /<name>/<tenant>/oauth2/v2.0/token, which are accepted as keys are."""
    limits: Limits = Limits()
    models: dict[str, ModelSettings] = Field(default_factory=lambda: dict(DEFAULT_MODELS))
    """Names other than these are answered with 404, as OpenAI does."""
    transcriber: TranscriberSettings = TranscriberSettings()
    voice: VoiceSettings = VoiceSettings()
    faults: tuple[Fault, ...] = ()
    """The first that strikes is the one that happens."""


class Script(Section):
    """The whole script."""

    seed: int = 1
    recogniser_processes: int = Field(default=1, ge=0, le=8)
    """Processes that recognise; 0 recognises in a thread (tests)."""
    deployments: dict[str, DeploymentSettings] = Field(default_factory=dict)
    """By name. None listed: every name exists, with the defaults."""


def parse(document: Any) -> Script:
    """The script in `document`.

    Raises:
        InvalidInput: a field is unknown or has a value that it cannot have.
    """
    try:
        return Script.model_validate(document or {})
    except ValidationError as cause:
        raise InvalidInput("script", str(cause)) from cause


def load(path: Path) -> Script:
    """The script in a YAML or JSON file.

    Raises:
        InvalidInput: the file is not a script.
    """
    try:
        return parse(yaml.safe_load(path.read_text()))
    except yaml.YAMLError as cause:
        raise InvalidInput(str(path), str(cause)) from cause


def merged(settings: DeploymentSettings, change: Any) -> DeploymentSettings:
    """`settings` with `change` laid over it: objects merge, lists and scalars replace.

    Raises:
        InvalidInput: the result is not a deployment.
    """
    try:
        return DeploymentSettings.model_validate(_overlay(settings.model_dump(mode="json", by_alias=True), change))
    except ValidationError as cause:
        raise InvalidInput("deployment", str(cause)) from cause


def _overlay(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return base | {key: _overlay(base.get(key), value) for key, value in change.items()}
