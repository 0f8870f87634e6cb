"""An HTTP server that answers as the API server does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from understudy.adapters.cluster.inspection import Inspector, Whereabouts
from understudy.domain import naming
from understudy.domain.routing.pool.view import PoolsView

POD_NAME = "front-desk-proxy-x1"
POD = {
    "metadata": {"name": POD_NAME, "labels": naming.labels("front-desk", "proxy")},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
REVISIONS = "/apis/apps/v1/namespaces/shop/controllerrevisions"
CRD = "/apis/understudy.dev/v1alpha1/namespaces/shop/voiceassistants"
PODS = "/api/v1/namespaces/shop/pods"


class ApiServer:
    """Serves one assistant and its proxy.

    Attributes:
        denied: paths that are forbidden.
        installed: whether our kind is known.
        operator: answers a request, by verb and what the annotation says; None: it is away.
    """

    def __init__(self, folder: Path) -> None:
        self.denied: set[str] = set()
        self.installed = True
        self.operator: Callable[[str, str], dict[str, Any]] | None = None
        self.revisions: list[dict[str, Any]] = []
        self.patches: list[tuple[str, dict[str, str], Any]] = []
        self.assistant: dict[str, Any] = {
            "metadata": {"namespace": "shop", "name": "front-desk", "annotations": {}},
            "status": {"phase": "Stable", "rollout": {"phase": "Stable"}},
        }
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.kubeconfig = folder / "kubeconfig"
        self._runner: web.AppRunner

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        app.router.add_patch("/{path:.*}", self._patch)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        context = {"cluster": "c", "user": "u", "namespace": "shop"}
        self.kubeconfig.write_text(
            yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "u", "user": {"token": "t0ken"}}],
                "contexts": [{"name": "here", "context": context},
                             {"name": "elsewhere", "context": {**context, "namespace": "office"}}],
            })
        )  # fmt: skip

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(request.query), request.headers.get("Authorization", "")))
        if request.path in self.denied:
            message = f'User "eve" cannot get resource "{request.path}"'
            return web.json_response({"kind": "Status", "message": message}, status=403)
        answers: dict[str, Any] = {
            f"{CRD}/front-desk": self.assistant,
            CRD: {"items": [self.assistant]},
            PODS: {"items": self._labelled([POD], request)},
            DEPLOYMENTS: {"items": []},
            REVISIONS: {"items": self.revisions},
            f"{PODS}/{POD_NAME}:9090/proxy/v1/pools": json.loads(PoolsView(pod="x1").model_dump_json()),
        }
        known = self.installed or not request.path.startswith(CRD)
        found = answers.get(request.path) if known else None
        return web.json_response(found or {"message": "not found"}, status=200 if found else 404)

    @staticmethod
    def _labelled(documents: list[dict[str, Any]], request: web.Request) -> list[dict[str, Any]]:
        selector = request.query.get("labelSelector", "")
        wanted = {tuple(each.split("=", 1)) for each in selector.split(",") if each}
        return [each for each in documents if wanted <= set(each["metadata"]["labels"].items())]

    async def _patch(self, request: web.Request) -> web.Response:
        if request.path in self.denied or request.path != f"{CRD}/front-desk":
            return web.json_response({"message": "no"}, status=403 if request.path in self.denied else 404)
        body = await request.json()
        self.patches.append((request.headers["Content-Type"], dict(request.query), body))
        for key, value in body["metadata"]["annotations"].items():
            self.assistant["metadata"]["annotations"][key] = value
            self._operate(key.partition("/")[2], value)
        return web.json_response(self.assistant)

    def _operate(self, verb: str, value: str) -> None:
        if self.operator:
            handled = {"verb": verb, "id": value.partition("/")[0], **self.operator(verb, value)}
            self.assistant["status"]["rollout"].setdefault("requests", []).append(handled)


async def connect(server: ApiServer, **where: str) -> Inspector:
    return await Inspector.connect(Whereabouts(kubeconfig=str(server.kubeconfig), **where))
