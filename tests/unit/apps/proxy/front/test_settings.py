from pathlib import Path

import pytest

from understudy.apps.proxy.settings import from_environment
from understudy.apps.proxy.sharing_setup import stream
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


def test_a_store_is_named_by_a_url_that_is_never_printed() -> None:
    """Nor in the error when it is wrong: it may hold a password."""
    env = {"UNDERSTUDY_ASSISTANTS": "a/b", "UNDERSTUDY_SHARED_STATE_URL": "rediss://user:hunter2@valkey:6379/0"}
    settings = from_environment(env)
    assert settings.shared_state_url == env["UNDERSTUDY_SHARED_STATE_URL"]
    assert "hunter2" not in repr(settings)
    assert from_environment({"UNDERSTUDY_ASSISTANTS": "a/b"}).shared_state_url == ""
    with pytest.raises(InvalidInput, match="UNDERSTUDY_SHARED_STATE_URL") as caught:
        from_environment(env | {"UNDERSTUDY_SHARED_STATE_URL": "user:hunter2@valkey"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("assistants", "key"), [("shop/desk", "eu:samples:shop"), ("b/x,a/y,b/z", "eu:samples:a+b")])
def test_accounts_belong_to_namespaces_and_so_does_what_is_known_of_them(assistants: str, key: str) -> None:
    env = {"UNDERSTUDY_ASSISTANTS": assistants, "UNDERSTUDY_SHARED_STATE_PREFIX": "eu"}
    assert stream(from_environment(env)) == key
