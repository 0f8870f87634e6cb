"""Flipping faults while calls run: `/control/…`, and `/healthz`."""

from typing import Any

from aiohttp import web

from understudy.apps.simulator.deployment import Deployment, Deployments
from understudy.base.errors import InvalidInput


class Control:
    """The control routes of a simulator."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def add_routes(self, app: web.Application) -> None:
        """Serve `/healthz` and `/control`."""
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/control/stats", self._stats)
        app.router.add_get("/control/{deployment}", self._show)
        app.router.add_get("/control/{deployment}/dialogues", self._dialogues)
        app.router.add_get("/control/{deployment}/asked", self._asked)
        app.router.add_put("/control/{deployment}", self._change)
        app.router.add_delete("/control/{deployment}", self._restore)

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _stats(self, _request: web.Request) -> web.Response:
        return web.json_response(self._deployments.stats())

    async def _show(self, request: web.Request) -> web.Response:
        deployment = self._deployments.find(request.match_info["deployment"])
        if deployment is None:
            return web.json_response({"error": "no such deployment"}, status=404)
        return _settings(deployment)

    async def _dialogues(self, request: web.Request) -> web.Response:
        """The latest model requests, each with its answer as the last message; newest last."""
        deployment = self._deployments.find(request.match_info["deployment"])
        if deployment is None:
            return web.json_response({"error": "no such deployment"}, status=404)
        return web.json_response(list(deployment.dialogues))

    async def _asked(self, request: web.Request) -> web.Response:
        """What the latest streams of transcribers and voices asked for; newest last."""
        deployment = self._deployments.find(request.match_info["deployment"])
        if deployment is None:
            return web.json_response({"error": "no such deployment"}, status=404)
        return web.json_response(list(deployment.asked))

    async def _change(self, request: web.Request) -> web.Response:
        """Lay the body over the deployment's settings; a deployment that does not exist is made."""
        try:
            change: Any = await request.json()
            deployment = self._deployments.create(request.match_info["deployment"])
            deployment.change(change)
        except (ValueError, InvalidInput) as complaint:
            return web.json_response({"error": str(complaint)}, status=400)
        return _settings(deployment)

    async def _restore(self, request: web.Request) -> web.Response:
        """Back to what the script says."""
        deployment = self._deployments.find(request.match_info["deployment"])
        if deployment is None:
            return web.json_response({"error": "no such deployment"}, status=404)
        deployment.change(None)
        return _settings(deployment)


def _settings(deployment: Deployment) -> web.Response:
    """The settings without the keys: nobody needs to read those back."""
    shown = deployment.settings.model_dump(mode="json", by_alias=True, exclude={"api_keys"})
    return web.json_response(shown)
