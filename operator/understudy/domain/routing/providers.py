"""Where each provider lives, and how a facade's path is joined to the base URL a user gave."""

from urllib.parse import urlsplit, urlunsplit

DEFAULT_BASE_URL: dict[str, str] = {
    "openai": "https://api.openai.com/v1",
    "deepgram": "wss://api.deepgram.com",
    "cartesia": "wss://api.cartesia.ai",
}
"""Base URL of each built provider, used where an account names none."""

_HTTP = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_WS = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def openai_url(base: str, resource: str) -> str:
    """URL of an OpenAI resource such as `chat/completions`.

    As in OpenAI's SDKs the base includes the version: `https://host/openai/v1`. A base that is a bare host gets `/v1`,
    which every compatible server uses.
    """
    return _join(base, f"/{resource}" if urlsplit(base).path.strip("/") else f"/v1/{resource}", _HTTP)


def deepgram_url(base: str) -> str:
    """URL of Deepgram's streaming transcription; the base may or may not end with the version."""
    return _join(base, "/listen" if _ends_with(base, "v1") else "/v1/listen", _WS)


def cartesia_url(base: str) -> str:
    """URL of Cartesia's WebSocket for speech; the base may already be that URL, as in its SDKs' settings."""
    return _join(base, "" if base.rstrip("/").endswith("/tts/websocket") else "/tts/websocket", _WS)


def _ends_with(base: str, segment: str) -> bool:
    return urlsplit(base).path.rstrip("/").rpartition("/")[2] == segment


def _join(base: str, path: str, schemes: dict[str, str]) -> str:
    parts = urlsplit(base)
    if parts.scheme not in schemes or not parts.netloc:
        raise ValueError(f"{base!r} is not a URL: write http(s)://host or ws(s)://host, a port and a path if needed")
    return urlunsplit((schemes[parts.scheme], parts.netloc, parts.path.rstrip("/") + path, "", ""))
