"""What a client may ask of ElevenLabs' voices in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass

RATES = (8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
FORMATS = {f"pcm_{rate}": ("linear16", rate) for rate in RATES} | {"ulaw_8000": ("mulaw", 8000)}
"""Of those that ElevenLabs makes, the ones that are simulated; its default is MP3."""

IDLE_S = (1, 20, 180)
"""Shortest, usual and longest `inactivity_timeout`."""

SWITCHES = frozenset({"auto_mode", "sync_alignment", "enable_logging", "enable_ssml_parsing"})

PARAMETERS = SWITCHES | {
    "model_id",
    "output_format",
    "language_code",
    "inactivity_timeout",
    "apply_text_normalization",
    "apply_language_text_normalization",
    "optimize_streaming_latency",
    "seed",
}
"""All that a client may ask for."""

TAKES_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3", "eleven_v4")
"""How the names of models begin that do not refuse a language."""


@dataclass(frozen=True)
class Asked:
    """What is spoken with.

    Attributes:
        auto: each text is spoken as it comes; otherwise it waits for more, or for a flush.
        synced: each chunk has its own characters; otherwise the first has those of the whole text.
    """

    voice_id: str
    encoding: str
    rate: int
    auto: bool
    synced: bool
    idle_s: float
    model: str | None


def asked(voice_id: str, query: Mapping[str, str]) -> Asked:
    """What a URL without complaint asks for."""
    encoding, rate = FORMATS[query["output_format"]]
    return Asked(
        voice_id,
        encoding,
        rate,
        query.get("auto_mode") == "true",
        query.get("sync_alignment") == "true",
        float(query.get("inactivity_timeout", IDLE_S[1])),
        query.get("model_id"),
    )


def complaint(query: Mapping[str, str]) -> str | None:
    """What is wrong with the URL."""
    unknown = sorted(query.keys() - PARAMETERS)
    if unknown:
        return f"unknown parameter {unknown[0]}"
    if query.get("output_format") not in FORMATS:
        return "output_format must be pcm or ulaw_8000: others are not simulated"
    switched = (name for name in sorted(SWITCHES & query.keys()) if query[name] not in {"true", "false"})
    if wrong := next(switched, None):
        return wrong
    if "language_code" in query and not query.get("model_id", "").startswith(TAKES_LANGUAGE):
        return "this model takes no language_code"
    idle = query.get("inactivity_timeout", "20")
    return None if idle.isdigit() and IDLE_S[0] <= int(idle) <= IDLE_S[2] else "inactivity_timeout"
