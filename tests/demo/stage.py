"""Set the stage: cluster, images, operator, simulated providers, and an assistant that is Ready."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from string import Template

from tests.demo import shell
from understudy.domain import naming

SYSTEM = "understudy-system"
DEMO = "understudy-demo"
ASSISTANT = "front-desk"
NAMESPACE = "default"


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    say(f"▸ {title}")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.1f} s")


def cluster() -> None:
    """Bring the cluster up with the images loaded; shows its own progress."""
    subprocess.run([sys.executable, "-m", "tests.cluster", "up"], cwd=shell.ROOT, check=True)
    shell.environment.cache_clear()


def images() -> dict[str, str]:
    """Target → exact reference of each loaded image: exact, so that changed code rolls the pods."""
    exported = shell.environment()
    return {
        "understudy": exported["UNDERSTUDY_IMAGE"],
        "agent": exported["UNDERSTUDY_AGENT_IMAGE"],
        "simulator": exported["UNDERSTUDY_SIMULATOR_IMAGE"],
    }


def install(references: dict[str, str]) -> None:
    """`helm upgrade --install` the operator, and wait until it is ready."""
    values = []
    for name in ("understudy", "agent"):
        repository, _, tag = references[name].rpartition(":")
        values += ["--set", f"images.{name}.repository={repository},images.{name}.tag={tag}"]
    shell.run(
        "helm", "upgrade", "--install", "understudy", "helm/understudy", "--namespace", SYSTEM,
        "--create-namespace", "--take-ownership", "--wait", "--timeout", "3m", *values,
    )  # fmt: skip


def providers(references: dict[str, str]) -> None:
    """Deploy the simulated providers."""
    manifest = Template((shell.ROOT / "tests/demo/simulator.yaml").read_text())
    documents = manifest.substitute(SIMULATOR_IMAGE=references["simulator"])
    shell.kubectl("apply", "-f", "-", stdin=documents.split("---")[0])
    script = shell.kubectl(
        "-n", DEMO, "create", "configmap", "simulator-script", "--dry-run=client", "-o", "yaml",
        "--from-file=demo.yaml=operator/understudy/apps/simulator/demo.yaml",
    )  # fmt: skip
    shell.kubectl("apply", "-f", "-", stdin=script)
    shell.kubectl("apply", "-f", "-", stdin=documents)
    shell.kubectl("-n", DEMO, "rollout", "status", "deployment/simulator", "--timeout=180s")


def assistant() -> None:
    """`kubectl apply` the examples and wait until the assistant serves."""
    shell.kubectl("apply", "-f", "examples/")
    shell.kubectl("wait", "--for=condition=Ready", f"va/{ASSISTANT}", "--timeout=300s", timeout_s=310)
    # Ready says that callers are served, also while changed images are being rolled out; the story starts after that.
    shell.kubectl("rollout", "status", f"deployment/{naming.proxy(ASSISTANT)}", "--timeout=300s", timeout_s=310)


def front_door() -> str:
    """Base URL of the assistant's front door as this machine reaches it."""
    service = shell.get("service", ASSISTANT, NAMESPACE)
    port = next(port["port"] for port in service["spec"]["ports"] if port["name"] != "admin")
    return f"http://{service['spec']['clusterIP']}:{port}"


def prepare() -> None:
    """Everything up to a Ready assistant; what is there already is left as it is."""
    with step("a real Kubernetes, and the images"):
        cluster()
    references = images()
    with step(f"helm upgrade --install understudy helm/understudy (namespace {SYSTEM})"):
        install(references)
    with step("simulated providers: model, transcriber, voice"):
        providers(references)
    with step(f"kubectl apply -f examples/; kubectl wait --for=condition=Ready va/{ASSISTANT}"):
        assistant()
