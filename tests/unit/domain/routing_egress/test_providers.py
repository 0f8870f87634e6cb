"""Base URLs as users write them, joined to the paths that providers serve."""

import pytest

from understudy.domain.routing.providers import DEFAULT_BASE_URL, cartesia_url, deepgram_url, openai_url


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
