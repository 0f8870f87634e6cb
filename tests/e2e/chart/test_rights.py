"""What the operator, the proxies and the agents may not do, asked of the real API server."""

import subprocess

import pytest

from tests.demo import shell
from tests.demo.stage import ASSISTANT, NAMESPACE, SYSTEM
from understudy.domain import naming

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("installed")]

OPERATOR = f"system:serviceaccount:{SYSTEM}:understudy"
PROXY = f"system:serviceaccount:{NAMESPACE}:{naming.proxy(ASSISTANT)}"


def ask(who: str, *question: str, namespace: str = NAMESPACE) -> bool:
    command = ["kubectl", "auth", "can-i", *question, "--namespace", namespace, "--as", who]
    done = subprocess.run(command, env=shell.environment(), capture_output=True, text=True, check=False)
    assert done.stdout.strip() in {"yes", "no"}, done.stderr
    return done.stdout.strip() == "yes"


def agent() -> str:
    selector = f"{naming.LABEL_INSTANCE}={ASSISTANT},{naming.LABEL_COMPONENT}=agent"
    (first, *_) = shell.items("serviceaccounts", NAMESPACE, selector)
    return f"system:serviceaccount:{NAMESPACE}:{first['metadata']['name']}"


@pytest.mark.parametrize("namespace", [NAMESPACE, SYSTEM, "kube-system"])
@pytest.mark.parametrize("verb", ["get", "list", "watch", "create", "update", "patch", "delete"])
def test_the_operator_has_no_right_on_secrets(verb: str, namespace: str) -> None:
    assert not ask(OPERATOR, verb, "secrets", namespace=namespace)


@pytest.mark.parametrize(
    "question",
    [
        ("create", "pods"),
        ("delete", "pods"),
        ("create", "pods", "--subresource=exec"),
        ("get", "pods", "--subresource=log"),
        ("update", "voiceassistants.understudy.dev"),
        ("delete", "voiceassistants.understudy.dev"),
        ("delete", "roles.rbac.authorization.k8s.io"),
        ("escalate", "roles.rbac.authorization.k8s.io"),
        ("bind", "clusterroles.rbac.authorization.k8s.io"),
        ("impersonate", "serviceaccounts"),
        ("create", "serviceaccounts", "--subresource=token"),
    ],
    ids=" ".join,
)
def test_the_operator_may_not(question: tuple[str, ...]) -> None:
    assert not ask(OPERATOR, *question)


def test_the_operator_cannot_give_away_what_it_does_not_hold() -> None:
    """Not through a Role of its making, and not by binding somebody to a stronger one."""
    for command in (
        ["create", "role", "thief", "--verb=get", "--resource=secrets"],
        ["create", "rolebinding", "thief", "--clusterrole=cluster-admin", f"--user={OPERATOR}"],
    ):
        with pytest.raises(shell.CommandFailed, match="orbidden"):
            shell.kubectl("-n", NAMESPACE, *command, "--dry-run=server", "--as", OPERATOR)


def test_the_proxies_read_their_own_documents_by_name() -> None:
    stable = shell.get("va", ASSISTANT, NAMESPACE)["status"]["stableRevision"]
    assert ask(PROXY, "get", f"configmaps/{naming.routing(ASSISTANT)}")
    assert ask(PROXY, "watch", f"configmaps/{naming.routing(ASSISTANT)}")
    assert ask(PROXY, "get", f"controllerrevisions.apps/{naming.revision(ASSISTANT, stable)}")


@pytest.mark.parametrize(
    "question",
    [
        ("get", "secrets"),
        ("list", "secrets"),
        ("get", "configmaps/kube-root-ca.crt"),
        ("list", "configmaps"),
        ("list", "controllerrevisions.apps"),
        ("update", f"configmaps/{naming.routing(ASSISTANT)}"),
        ("get", "pods"),
        ("get", "voiceassistants.understudy.dev"),
    ],
    ids=" ".join,
)
def test_the_proxies_may_not(question: tuple[str, ...]) -> None:
    assert not ask(PROXY, *question)


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "pods", "controllerrevisions.apps"])
def test_the_agents_may_read_nothing(resource: str) -> None:
    assert not ask(agent(), "get", resource)
