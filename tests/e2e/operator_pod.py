"""Ending the operator: crashed in place, its pod gone, or scaled away."""

from tests.demo import shell
from tests.demo.stage import SYSTEM
from tests.e2e import processes

DEPLOYMENT = "deployment/understudy"
SELECTOR = "app.kubernetes.io/name=understudy,app.kubernetes.io/component=controller"


def name() -> str:
    """The operator's pod that is not on its way out."""
    found = [each for each in shell.items("pods", SYSTEM, SELECTOR) if "deletionTimestamp" not in each["metadata"]]
    return str(found[-1]["metadata"]["name"])


def crash() -> None:
    """SIGKILL; the kubelet starts the container again in the same pod."""
    processes.kill(name())


def destroy() -> None:
    """SIGKILL, and the pod is gone with it; another pod has to wait for the dead leader's lease."""
    pod = name()
    processes.kill(pod)
    shell.kubectl("-n", SYSTEM, "delete", "pod", pod, "--force", "--grace-period=0")


def scale(replicas: int) -> None:
    """Have so many operators; returns when that is so."""
    shell.kubectl("-n", SYSTEM, "scale", DEPLOYMENT, f"--replicas={replicas}")
    if replicas:
        shell.kubectl("-n", SYSTEM, "rollout", "status", DEPLOYMENT, "--timeout=120s")
    else:
        shell.kubectl("-n", SYSTEM, "wait", "--for=delete", "pods", "-l", SELECTOR, "--timeout=60s")


def wait_ready() -> None:
    """Until the operator is ready, whichever pod it is."""
    shell.kubectl("-n", SYSTEM, "rollout", "status", DEPLOYMENT, "--timeout=120s")


def replace_restarted() -> None:
    """Have a pod that was never restarted, so that it comes back at once when it is killed."""
    processes.replace_restarted(SYSTEM, SELECTOR)
