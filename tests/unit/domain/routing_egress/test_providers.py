"""Base URLs as users write them, joined to the paths that providers serve."""

import pytest

from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.providers import (
    DEFAULT_BASE_URL,
    cartesia_url,
    chat_url,
    deepgram_url,
    model_field,
    openai_url,
    takes_completion_tokens,
)


def azure(base: str, version: str | None = None) -> Account:
    return Account(name="a", provider="azure-openai", base_url=base, api_version=version, default_host=False)


MINI = ModelTarget(name="t", account="a", model="gpt-4o-mini", deployment="mini 2/b")
BARE = ModelTarget(name="t", account="a", model="gpt-4o-mini")
EAST = "https://east.openai.azure.com"


@pytest.mark.parametrize(
    ("account", "target", "url"),
    [
        (azure(EAST), MINI, f"{EAST}/openai/v1/chat/completions"),
        (azure(f"{EAST}/openai"), MINI, f"{EAST}/openai/v1/chat/completions"),
        (azure(f"{EAST}/openai/v1/"), MINI, f"{EAST}/openai/v1/chat/completions"),
        (azure("http://sim:8080/east"), MINI, "http://sim:8080/east/openai/v1/chat/completions"),
        (
            azure(EAST, "2024-10-21"),
            MINI,
            f"{EAST}/openai/deployments/mini%202%2Fb/chat/completions?api-version=2024-10-21",
        ),
        (
            azure(f"{EAST}/openai/v1", "2024-10-21"),
            BARE,
            f"{EAST}/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
        ),
        (
            Account(name="a", provider="openai", base_url="https://api.groq.com/openai/v1"),
            BARE,
            "https://api.groq.com/openai/v1/chat/completions",
        ),
    ],
)
def test_where_a_chat_completion_is_posted(account: Account, target: ModelTarget, url: str) -> None:
    """Azure OpenAI's two shapes, and everybody else's one."""
    assert chat_url(account, target) == url


def test_azure_is_told_the_deployments_name_for_the_models() -> None:
    """Its v1 API has it nowhere else."""
    assert model_field(azure(EAST), MINI) == "mini 2/b"
    assert model_field(azure(EAST), BARE) == "gpt-4o-mini"
    assert model_field(Account(name="a", provider="openai", base_url=EAST), MINI) == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("account", "newer"),
    [
        (azure(EAST), True),
        (azure(EAST, "2024-10-21"), True),
        (azure(EAST, "2024-09-01-preview"), True),
        (azure(EAST, "2024-08-01-preview"), False),
        (Account(name="a", provider="openai", base_url=EAST), True),
        (Account(name="a", provider="openai", base_url=EAST, default_host=False), False),
    ],
)
def test_the_longest_answer_is_called_as_the_server_knows_it(account: Account, newer: bool) -> None:  # noqa: FBT001
    assert takes_completion_tokens(account) == newer


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (DEFAULT_BASE_URL["openai"], "https://api.openai.com/v1/chat/completions"),
        ("http://vllm:8000", "http://vllm:8000/v1/chat/completions"),
        ("http://vllm:8000/", "http://vllm:8000/v1/chat/completions"),
        ("https://api.groq.com/openai/v1/", "https://api.groq.com/openai/v1/chat/completions"),
        ("https://host/v1beta/openai", "https://host/v1beta/openai/chat/completions"),
    ],
)
def test_openai(base: str, url: str) -> None:
    assert openai_url(base, "chat/completions") == url


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (DEFAULT_BASE_URL["deepgram"], "wss://api.deepgram.com/v1/listen"),
        ("https://api.deepgram.com/v1/", "wss://api.deepgram.com/v1/listen"),
        ("http://sim:8080/slow", "ws://sim:8080/slow/v1/listen"),
    ],
)
def test_deepgram(base: str, url: str) -> None:
    assert deepgram_url(base) == url


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (DEFAULT_BASE_URL["cartesia"], "wss://api.cartesia.ai/tts/websocket"),
        ("wss://api.cartesia.ai/tts/websocket", "wss://api.cartesia.ai/tts/websocket"),
        ("http://sim:8080/fast/", "ws://sim:8080/fast/tts/websocket"),
    ],
)
def test_cartesia(base: str, url: str) -> None:
    assert cartesia_url(base) == url


@pytest.mark.parametrize("base", ["", "api.openai.com", "ftp://host/v1", "https:///v1"])
def test_not_a_url(base: str) -> None:
    with pytest.raises(ValueError, match="is not a URL"):
        openai_url(base, "models")
