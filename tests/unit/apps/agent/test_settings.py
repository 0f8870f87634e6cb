"""What an agent pod can be told."""

import pytest

from understudy.apps.agent import settings
from understudy.apps.agent.settings import Settings, from_environment
from understudy.base.errors import InvalidInput


def test_an_empty_environment_gives_the_defaults() -> None:
    """Absent and empty are the same: a template may leave a variable empty."""
    assert from_environment({}) == Settings()
    assert from_environment({settings.ENV_CALLS: "", settings.ENV_END_OF_TURN: ""}) == Settings()


def test_every_variable_is_heard() -> None:
    """Nothing is accepted and ignored."""
    env = {
        settings.ENV_CALLS: "7",
        settings.ENV_END_OF_TURN: "Silence",
        settings.ENV_SILENCE_MS: "300",
        settings.ENV_MAX_CALL_MS: "60000",
        settings.ENV_HOST: "127.0.0.1",
        settings.ENV_PORT: "0",
        settings.ENV_LOG_LEVEL: "warning",
    }
    assert from_environment(env) == Settings(
        calls=7,
        end_of_turn="Silence",
        end_of_turn_silence_ms=300,
        max_call_ms=60_000,
        host="127.0.0.1",
        port=0,
        log_level="WARNING",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (settings.ENV_CALLS, "0"),
        (settings.ENV_CALLS, "many"),
        (settings.ENV_CALLS, "-1"),
        (settings.ENV_MAX_CALL_MS, "1.5"),
        (settings.ENV_SILENCE_MS, "200ms"),
        (settings.ENV_END_OF_TURN, "silence"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """A pod that cannot do what it is told says so instead of doing something else."""
    with pytest.raises(InvalidInput, match=value) as refused:
        from_environment({name: value})
    assert refused.value.field == name
