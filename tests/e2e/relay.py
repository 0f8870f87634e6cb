"""The assistant of examples/speech/relay.yaml: transcribers and voices of six providers, beside night-desk."""

import json

from tests.demo import shell
from tests.e2e import night_desk
from understudy.domain import naming

NAME = "relay"
EXAMPLE = "speech/relay.yaml"
MODEL = "openai"
TRANSCRIBERS = ("deepgram", "assembly-ai", "speechmatics")
VOICES = ("openai-spare", "cartesia", "11labs")
"""Accounts, in the order in which they are tried; they are deployments of the demo's simulator."""


def make() -> None:
    """Create it, and wait until it can take calls."""
    for document in night_desk.example(EXAMPLE):
        shell.kubectl("apply", "-f", "-", stdin=json.dumps(document))
    night_desk.kubectl("wait", "--for=condition=Ready", f"va/{NAME}", "--timeout=180s")


def remove() -> None:
    """Take it away, and wait until its pods are gone."""
    night_desk.kubectl("delete", "va", NAME, "--timeout=60s")
    night_desk.kubectl("wait", "--for=delete", "pods", "-l", f"{naming.LABEL_INSTANCE}={NAME}", "--timeout=120s")


def twiml() -> str:
    """Where a carrier asks what to do with a call."""
    address = shell.get("service", NAME, night_desk.NAMESPACE)["spec"]["clusterIP"]
    return f"http://{address}:{naming.PROXY_PORT}{naming.twiml_path(night_desk.NAMESPACE, NAME)}"
