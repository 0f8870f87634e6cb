"""Who the pods are and what they may read: nothing at all for agents, a few named objects for proxies."""

from collections.abc import Iterable
from typing import Any

from understudy.domain import naming
from understudy.domain.desired.kinds import CONFIG_MAP, REVISION, ROLE, ROLE_BINDING, SERVICE_ACCOUNT
from understudy.domain.desired.owner import Owner, make_object


def make_proxy_account(owner: Owner) -> dict[str, Any]:
    """ServiceAccount of the proxies; they read routing documents, so the token is mounted."""
    return make_object(SERVICE_ACCOUNT, owner, naming.proxy(owner.name), "proxy", automountServiceAccountToken=True)


def make_agent_account(owner: Owner, name: str) -> dict[str, Any]:
    """ServiceAccount of the agents: no token, because they have no business with the API server."""
    return make_object(SERVICE_ACCOUNT, owner, name, "agent", automountServiceAccountToken=False)


def make_proxy_role(owner: Owner, revision_objects: Iterable[str]) -> dict[str, Any]:
    """Rights of the proxies: the routing document, and the revisions in play, by name. No Secrets."""
    rules: list[dict[str, Any]] = [
        {
            "apiGroups": [""],
            "resources": [CONFIG_MAP.plural],
            "resourceNames": [naming.routing(owner.name)],
            "verbs": ["get", "list", "watch"],
        }
    ]
    names = sorted(set(revision_objects))
    if names:  # a rule without resourceNames would open every revision of the namespace
        rules.append({"apiGroups": ["apps"], "resources": [REVISION.plural], "resourceNames": names, "verbs": ["get"]})
    return make_object(ROLE, owner, naming.proxy(owner.name), "proxy", rules=rules)


def make_proxy_binding(owner: Owner) -> dict[str, Any]:
    """Gives the proxies' ServiceAccount its Role."""
    name = naming.proxy(owner.name)
    return make_object(
        ROLE_BINDING,
        owner,
        name,
        "proxy",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": ROLE.kind, "name": name},
        subjects=[{"kind": SERVICE_ACCOUNT.kind, "name": name, "namespace": owner.namespace}],
    )
