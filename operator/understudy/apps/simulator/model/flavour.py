"""The two dialects of one API: OpenAI's, and Azure OpenAI's.

Azure OpenAI (Microsoft's REST reference): the deployment in the URL stands for the model, `api-version` is required
there, errors have codes as text, a stream begins with a chunk of content filter results that has no choices.
"""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

_KINDS = {400: "invalid_request_error", 401: "invalid_request_error", 404: "invalid_request_error"}
_AZURE_MESSAGES = {
    401: "Access denied due to invalid subscription key or wrong API endpoint.",
    404: "The API deployment for this resource does not exist.",
}


def refused(status: int, message: str, code: str | None = None) -> web.Response:
    """An error in OpenAI's shape."""
    kind = "rate_limit_error" if status == 429 else _KINDS.get(status, "server_error")  # noqa: PLR2004 - the HTTP status
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)


def refused_by_azure(status: int, message: str, code: str | None = None) -> web.Response:
    """An error in Azure OpenAI's shape."""
    said = _AZURE_MESSAGES.get(status, message)
    codes = {"model_not_found": "DeploymentNotFound"}
    return web.json_response({"error": {"code": codes.get(code or "", str(status)), "message": said}}, status=status)


@dataclass(frozen=True)
class Flavour:
    """How one request is to be answered.

    Attributes:
        azure: in Azure OpenAI's dialect.
        model: the deployment in the URL, which stands for the body's `model`; None where the body names it.
    """

    azure: bool = False
    model: str | None = None

    def refused(self, status: int, message: str, code: str | None = None) -> web.Response:
        """An error in the dialect's shape."""
        return (refused_by_azure if self.azure else refused)(status, message, code)

    def name(self, body: dict[str, Any]) -> str:
        """The model that is asked.

        Raises:
            KeyError: nothing names it.
        """
        return self.model or str(body["model"])
