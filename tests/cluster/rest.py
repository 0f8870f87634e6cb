"""The few requests we make to the API server ourselves, before anything else can."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from tests.cluster.errors import NotReady
from tests.cluster.identities import ADMIN


@dataclass(frozen=True)
class Api:
    """An API server's address and the folder with the administrator's certificate."""

    url: str
    pki: Path

    def get(self, path: str) -> Any:
        """The JSON at `path`, or None if the server does not answer it with 200."""
        return self._send("GET", path, None)

    def apply(self, path: str, manifest: dict[str, Any]) -> bool:
        """Server-side apply one object; False if the server refused or did not answer."""
        body = json.dumps(manifest).encode()
        return self._send("PATCH", f"{path}?fieldManager=understudy-cluster&force=true", body) is not None

    def ready(self) -> bool:
        """Whether the server says that it serves."""
        return self._send("GET", "/readyz", None) is not None

    def _send(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)  # noqa: S310
        # No proxies: whatever this machine uses to reach the world does not lead to a namespace of our own.
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls()))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=5) as answer:
                text = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return None
        return json.loads(text) if text.startswith(("{", "[")) else text

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / f"{ADMIN.name}.crt", self.pki / f"{ADMIN.name}.key")
        return context


def wait_for(what: str, ready: Callable[[], bool], *, check: Callable[[], None], timeout_seconds: float = 90.0) -> None:
    """Poll `ready` until it holds; `check` runs between polls and raises if waiting is pointless.

    Raises:
        NotReady: it did not hold in time.
    """
    deadline = perf_counter() + timeout_seconds
    while not ready():
        check()
        if perf_counter() > deadline:
            raise NotReady(f"{what} after {timeout_seconds:.0f} s: not ready. See `python -m tests.cluster status`.")
        sleep(0.1)
