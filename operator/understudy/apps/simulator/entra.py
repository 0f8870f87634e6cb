"""`POST /{tenant}/oauth2/v2.0/token`, as Microsoft Entra answers an application (client credentials flow)."""

import secrets
from typing import Any

from aiohttp import web

from understudy.apps.simulator.deployment import Deployment
from understudy.apps.simulator.script import Entra

_SCOPE_END = "/.default"
"""Applications may only ask for all that they were given."""


async def token(request: web.Request, deployment: Deployment) -> web.StreamResponse:
    """A token that this deployment takes from now on, until it expires."""
    application = deployment.settings.entra
    if application is None:
        return _error(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.")
    failed = _refusal(application, dict(await request.post()))
    if failed is not None:
        return failed
    fresh = secrets.token_urlsafe(24)
    deployment.give_token(fresh)
    lives = application.expires_s
    return web.json_response(
        {"token_type": "Bearer", "expires_in": lives, "ext_expires_in": lives, "access_token": fresh}
    )


def _refusal(application: Entra, form: dict[str, Any]) -> web.Response | None:
    if form.get("grant_type") != "client_credentials":
        return _error(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
    if (form.get("client_id"), form.get("client_secret")) != (application.client_id, application.client_secret):
        return _error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
    if not str(form.get("scope", "")).endswith(_SCOPE_END):
        return _error(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
    return None


def _error(status: int, code: str, description: str) -> web.Response:
    return web.json_response({"error": code, "error_description": description}, status=status)
