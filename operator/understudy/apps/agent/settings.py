"""What an agent pod can be told, from environment variables; each with its unit, default and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from understudy.base.errors import InvalidInput
from understudy.domain.naming import AGENT_PORT

EndOfTurn = Literal["SmartTurn", "Silence"]

DEFAULT_CALLS = 10
"""Calls. One process serves 20 on a core of its own; half of it leaves room for bursts of turn endings."""
DEFAULT_SILENCE_MS = 1200
"""Milliseconds. People pause for up to a second inside a sentence that smart-turn calls unfinished."""
DEFAULT_MAX_CALL_MS = 1_800_000
"""Milliseconds: half an hour, the product's default for `maxCallDuration`."""

ENV_CALLS = "UNDERSTUDY_CALLS_PER_AGENT"
ENV_END_OF_TURN = "UNDERSTUDY_END_OF_TURN"
ENV_SILENCE_MS = "UNDERSTUDY_END_OF_TURN_SILENCE_MS"
ENV_MAX_CALL_MS = "UNDERSTUDY_MAX_CALL_MS"
ENV_HOST = "UNDERSTUDY_AGENT_HOST"
ENV_PORT = "UNDERSTUDY_AGENT_PORT"
ENV_LOG_LEVEL = "UNDERSTUDY_LOG_LEVEL"


@dataclass(frozen=True, slots=True)
class Settings:
    """One agent process."""

    calls: int = DEFAULT_CALLS
    """Calls served at a time; the next one is refused with 503, so that the proxy asks another pod."""
    end_of_turn: EndOfTurn = "SmartTurn"
    """`SmartTurn`: a model of prosody decides. `Silence`: plain silence, for callers that are synthetic voices."""
    end_of_turn_silence_ms: int = DEFAULT_SILENCE_MS
    """Milliseconds of silence that end a turn: one that smart-turn called unfinished, or with `Silence` any."""
    max_call_ms: int = DEFAULT_MAX_CALL_MS
    """Milliseconds after which a call is ended; the proxy ends it earlier, this is for a proxy that is gone."""
    host: str = "0.0.0.0"
    port: int = AGENT_PORT
    """TCP port; 0 takes a free one, for tests."""
    log_level: str = "INFO"
    """`DEBUG` also prints the library's own messages, which repeat what callers say: never in production."""


def from_environment(env: Mapping[str, str]) -> Settings:
    """The settings in `env`; what is absent or empty takes its default.

    Raises:
        InvalidInput: a value is not one of those allowed; names the variable.
    """
    return Settings(
        calls=_whole(env, ENV_CALLS, DEFAULT_CALLS, least=1),
        end_of_turn=_end_of_turn(env),
        end_of_turn_silence_ms=_whole(env, ENV_SILENCE_MS, DEFAULT_SILENCE_MS, least=0),
        max_call_ms=_whole(env, ENV_MAX_CALL_MS, DEFAULT_MAX_CALL_MS, least=1),
        host=env.get(ENV_HOST) or "0.0.0.0",
        port=_whole(env, ENV_PORT, AGENT_PORT, least=0),
        log_level=(env.get(ENV_LOG_LEVEL) or "INFO").upper(),
    )


def _whole(env: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or int(text) < least:
        raise InvalidInput(name, f"{text!r} is not a whole number of at least {least}")
    return int(text)


def _end_of_turn(env: Mapping[str, str]) -> EndOfTurn:
    text = env.get(ENV_END_OF_TURN) or "SmartTurn"
    if text == "SmartTurn":
        return "SmartTurn"
    if text == "Silence":
        return "Silence"
    raise InvalidInput(ENV_END_OF_TURN, f"{text!r} is neither SmartTurn nor Silence")
