"""Our requests to Azure OpenAI go where the openai SDK's own Azure clients send theirs, with the same header."""

from pathlib import Path

import httpx2
import pytest
from openai import AzureOpenAI, OpenAI

from understudy.apps.proxy.credentials import Credentials
from understudy.base.clock import ManualClock
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.providers import chat_url, model_field

EAST = "https://east.openai.azure.com"
VERSION = "2024-10-21"
DEPLOYMENT = "gpt-4o-mini-2"

TARGET = ModelTarget(name="east", account="east", model="gpt-4o-mini", deployment=DEPLOYMENT)

ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}],
}


class Recorder(httpx2.BaseTransport):
    """Answers anything and keeps the request."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request of the SDK."""
        self.request = request
        return httpx2.Response(200, json=ANSWER)


def asked(client: OpenAI, recorder: Recorder) -> httpx2.Request:
    """What the SDK sends for a chat completion."""
    client.chat.completions.create(model=DEPLOYMENT, messages=[{"role": "user", "content": "Hello."}])
    return recorder.request


def account(version: str | None) -> Account:
    """An account with a key."""
    return Account(name="east", provider="azure-openai", base_url=EAST, secret="s", api_version=version)  # noqa: S106


async def ours(root: Path, wanted: Account) -> dict[str, str]:
    """The headers we send."""
    (root / "ns" / "s").mkdir(parents=True)
    (root / "ns" / "s" / "apiKey").write_text("k")
    return await Credentials(ManualClock(), root).headers_for("ns", wanted)


async def test_with_a_dated_version(tmp_path: Path) -> None:
    """AzureOpenAI: deployment URLs and the `api-key` header."""
    recorder = Recorder()
    with httpx2.Client(transport=recorder) as http:
        client = AzureOpenAI(azure_endpoint=EAST, api_version=VERSION, api_key="k", http_client=http)
        request = asked(client, recorder)
    assert str(request.url) == chat_url(account(VERSION), TARGET)
    assert {"api-key": request.headers["api-key"]} == await ours(tmp_path, account(VERSION))


@pytest.mark.parametrize("base", [f"{EAST}/openai/v1/"])
def test_with_the_v1_api(base: str) -> None:
    """OpenAI's own client at `/openai/v1/`, as Microsoft's documentation shows it: the deployment is the model."""
    recorder = Recorder()
    with httpx2.Client(transport=recorder) as http:
        request = asked(OpenAI(base_url=base, api_key="k", http_client=http), recorder)
    assert str(request.url) == chat_url(account(None), TARGET)
    assert f'"model":"{model_field(account(None), TARGET)}"' in request.content.decode().replace(": ", ":")


async def test_with_a_token() -> None:
    """AzureOpenAI sends an Entra token as a bearer, and so does `headers_for` (tests/integration/proxy_credentials)."""
    recorder = Recorder()
    with httpx2.Client(transport=recorder) as http:
        client = AzureOpenAI(azure_endpoint=EAST, api_version=VERSION, azure_ad_token="t", http_client=http)  # noqa: S106
        request = asked(client, recorder)
    assert request.headers["authorization"] == "Bearer t"
    assert "api-key" not in request.headers
