from pathlib import Path

import pytest

from understudy.apps.proxy.settings import from_environment
from understudy.base.errors import InvalidInput
from understudy.domain import naming


def test_a_pod_made_by_the_operator_needs_only_the_assistants() -> None:
    settings = from_environment({"UNDERSTUDY_ASSISTANTS": "a/b, c/d", "POD_IP": "198.18.64.7", "POD_NAME": "p-1"})
    assert settings.assistants == (("a", "b"), ("c", "d"))
    assert (settings.pod, settings.pod_ip) == ("p-1", "198.18.64.7")
    assert (settings.port, settings.admin_port) == (naming.PROXY_PORT, naming.ADMIN_PORT)
    assert settings.documents is None


def test_the_command_line_wins_over_the_environment() -> None:
    env = {"UNDERSTUDY_ASSISTANTS": "a/b", "UNDERSTUDY_DOCUMENTS": "/env"}
    assert from_environment(env).documents == Path("/env")
    assert from_environment(env, Path("/line")).documents == Path("/line")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("UNDERSTUDY_ASSISTANTS", ""),
        ("UNDERSTUDY_ASSISTANTS", "front-desk"),
        ("UNDERSTUDY_ASSISTANTS", "a/b/c"),
        ("UNDERSTUDY_ASSISTANTS", "/b"),
        ("UNDERSTUDY_PORT", "http"),
        ("UNDERSTUDY_ADMIN_PORT", "70000"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=variable):
        from_environment({"UNDERSTUDY_ASSISTANTS": "a/b", variable: value})
