"""Where each provider lives, and how a facade's path is joined to the base URL a user gave.

Azure OpenAI's URLs: Microsoft's documentation, "Azure OpenAI in Microsoft Foundry Models v1 API" and "Azure OpenAI
REST API reference", read as of 2026; see docs/reference/providers.md.
"""

from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from understudy.domain.revision.snapshot import Account, ModelTarget

DEFAULT_BASE_URL: dict[str, str] = {
    "openai": "https://api.openai.com/v1",
    "deepgram": "wss://api.deepgram.com",
    "cartesia": "wss://api.cartesia.ai",
    "11labs": "wss://api.elevenlabs.io",
    "assembly-ai": "wss://streaming.assemblyai.com",
    "gladia": "https://api.gladia.io",
    "google": "wss://generativelanguage.googleapis.com",
    "speechmatics": "wss://eu.rt.speechmatics.com",
}
"""Base URL of each provider that has one for everybody, used where an account names none."""

AZURE_OPENAI = "azure-openai"

AZURE_HOSTS = ("*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com", "*.openai.azure.us")
"""Where Microsoft serves its customers' resources; a key may go there by itself."""

_COMPLETION_TOKENS_SINCE = "2024-09-01"
"""Dated versions of Azure OpenAI's API from this on know `max_completion_tokens`."""

HTTP = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
"""Scheme of a request by the scheme of the base URL, and below that of a WebSocket."""
WS = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
"""The same for a WebSocket."""


@lru_cache(maxsize=4096)
def openai_url(base: str, resource: str) -> str:
    """URL of an OpenAI resource such as `chat/completions`.

    As in OpenAI's SDKs the base includes the version: `https://host/openai/v1`. A base that is a bare host gets `/v1`,
    which every compatible server uses.
    """
    return join(base, f"/{resource}" if urlsplit(base).path.strip("/") else f"/v1/{resource}", HTTP)


def chat_url(account: Account, target: ModelTarget) -> str:
    """URL that a chat completion for `target` is POSTed to.

    Azure OpenAI has two: the v1 API, where the body's `model` names the deployment, and, where the account has an
    `api_version`, deployment URLs. The base may end with `/openai` or `/openai/v1`, as portals and SDKs show it.

    Raises:
        ValueError: the account's base URL is none.
    """
    if account.provider != AZURE_OPENAI:
        return openai_url(account.base_url, "chat/completions")
    root = account.base_url.rstrip("/").removesuffix("/openai/v1").removesuffix("/openai")
    if account.api_version is None:
        return join(root, "/openai/v1/chat/completions", HTTP)
    name = quote(target.deployment or target.model, safe="")
    url = join(root, f"/openai/deployments/{name}/chat/completions", HTTP)
    return f"{url}?api-version={quote(account.api_version, safe='')}"


def model_field(account: Account, target: ModelTarget) -> str:
    """What goes into the body's `model`: Azure OpenAI wants the deployment's name there, others the model's."""
    return (target.deployment or target.model) if account.provider == AZURE_OPENAI else target.model


def takes_completion_tokens(account: Account) -> bool:
    """Whether `max_completion_tokens` is the name of the longest answer, rather than the older `max_tokens`.

    OpenAI and Azure refuse the older name on newer models; compatible servers often know no other.
    """
    if account.provider == AZURE_OPENAI:
        return account.api_version is None or account.api_version >= _COMPLETION_TOKENS_SINCE
    return account.default_host


def deepgram_url(base: str) -> str:
    """URL of Deepgram's streaming transcription; the base may or may not end with the version."""
    return socket_url(base, "v1", "listen")


def flux_url(base: str) -> str:
    """URL of Deepgram's Flux: the same host, the second version of the API."""
    return join(base.rstrip("/").removesuffix("/v1").removesuffix("/v2"), "/v2/listen", WS)


def cartesia_url(base: str) -> str:
    """URL of Cartesia's WebSocket for speech; the base may already be that URL, as in its SDKs' settings."""
    return join(base, "" if base.rstrip("/").endswith("/tts/websocket") else "/tts/websocket", WS)


def cartesia_stt_url(base: str) -> str:
    """URL of Cartesia's WebSocket for transcription; the base may be that for speech."""
    return join(base.rstrip("/").removesuffix("/tts/websocket").removesuffix("/stt/websocket"), "/stt/websocket", WS)


def openai_realtime_url(base: str) -> str:
    """URL of OpenAI's Realtime API; as for `openai_url`, the base includes the version."""
    return join(base, "/realtime" if urlsplit(base).path.strip("/") else "/v1/realtime", WS)


def _ends_with(base: str, segment: str) -> bool:
    return urlsplit(base).path.rstrip("/").rpartition("/")[2] == segment


def socket_url(base: str, version: str, resource: str) -> str:
    """URL of a WebSocket whose path begins with a version such as `v1`, which the base may hold already."""
    return join(base, f"/{resource}" if _ends_with(base, version) else f"/{version}/{resource}", WS)


def join(base: str, path: str, schemes: dict[str, str]) -> str:
    """`path` below `base`, in the scheme that `schemes` (`HTTP` or `WS`) has for the base's.

    Raises:
        ValueError: the base is no URL.
    """
    parts = urlsplit(base)
    if parts.scheme not in schemes or not parts.netloc:
        raise ValueError(f"{base!r} is not a URL: write http(s)://host or ws(s)://host, a port and a path if needed")
    return urlunsplit((schemes[parts.scheme], parts.netloc, parts.path.rstrip("/") + path, "", ""))
