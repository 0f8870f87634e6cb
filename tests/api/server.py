"""Asking the API server what it thinks of a manifest."""

import base64
import json
import re
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.api.manifests import API_VERSION, Manifest
from tests.cluster.apiserver import Server

ROOT = Path(__file__).resolve().parents[2]
CRDS = ROOT / "crds"
PLURALS = {"VoiceAssistant": "voiceassistants", "FallbackPlan": "fallbackplans"}

ESTABLISHED_S = 30.0
"""Longest wait for the API server to serve a new kind; it takes about a second."""


@dataclass(frozen=True)
class Cause:
    """One complaint of the API server."""

    field: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of a manifest."""

    status: int
    document: dict[str, Any]
    causes: tuple[Cause, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it was stored, or would have been."""
        return self.status in (200, 201)

    @property
    def by_schema(self) -> bool:
        """Whether the schema refused it, so that CEL rules were not all looked at."""
        return any("some validation rules were not checked" in cause.message for cause in self.causes)

    def says(self, field: str, text: str) -> bool:
        """Whether a complaint about `field` contains `text`."""
        return any(cause.field == field and text in cause.message for cause in self.causes)


class Kube:
    """A connection to the API server."""

    def __init__(self, server: Server, folder: Path) -> None:
        config = json.loads(server.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        tls = ssl.create_default_context(cadata=authority)
        for name in ("certificate", "key"):
            (folder / name).write_bytes(base64.b64decode(user[f"client-{name}-data"]))
        tls.load_cert_chain(folder / "certificate", folder / "key")
        self.client = httpx.Client(base_url=cluster["server"], verify=tls, trust_env=False, timeout=30)

    def install_crds(self) -> None:
        """Create the CRDs and wait until their kinds are served."""
        for path in sorted(CRDS.glob("*.yaml")):
            document = yaml.safe_load(path.read_text())
            answer = self.client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=document)
            assert answer.status_code == 201, answer.text
        deadline = time.perf_counter() + ESTABLISHED_S
        while not all(self._served(plural) for plural in PLURALS.values()):
            assert time.perf_counter() < deadline, "the API server does not serve the new kinds"

    def _served(self, plural: str) -> bool:
        return self.client.get(f"/apis/{API_VERSION}/namespaces/default/{plural}").status_code == 200

    def try_create(self, manifest: Manifest) -> Outcome:
        """What would become of `manifest`; nothing is stored. Unknown fields are refused, as kubectl asks for."""
        plural = PLURALS[manifest["kind"]]
        answer = self.client.post(
            f"/apis/{API_VERSION}/namespaces/default/{plural}",
            params={"dryRun": "All", "fieldValidation": "Strict"},
            json=manifest,
        )
        return outcome(answer)


def outcome(answer: httpx.Response) -> Outcome:
    """What the API server said."""
    document = answer.json()
    details = (document.get("details") or {}) if document.get("kind") == "Status" else {}
    causes = tuple(Cause(each.get("field", ""), each["message"]) for each in details.get("causes", ()))
    if document.get("kind") == "Status" and not causes:
        causes = tuple(Cause("", line) for line in re.split(r"\n", document["message"]))
    return Outcome(answer.status_code, document, causes)
