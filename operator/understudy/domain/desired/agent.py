"""The agent pods of one agent digest: Deployment, headless Service, disruption budget, account, network policy."""

from dataclasses import dataclass
from typing import Any

from understudy.domain import naming
from understudy.domain.desired import pods
from understudy.domain.desired.access import make_agent_account
from understudy.domain.desired.kinds import DEPLOYMENT, NETWORK_POLICY, SERVICE
from understudy.domain.desired.owner import Owner, make_object, with_label
from understudy.domain.desired.proxy import PROGRESS_DEADLINE_S, grace_s, make_disruption_budget
from understudy.domain.revision.snapshot import Agent

RESOURCES = {"requests": {"cpu": "100m", "memory": "384Mi"}, "limits": {"memory": "1536Mi"}}
"""Pipecat with its turn model takes about 300 MiB before the first call. No CPU limit: throttling is heard."""

START_S = 180
"""How long a pod may take to import Pipecat and load its models on a busy node."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the agent pods of one digest are made from."""

    agent: Agent
    name: str
    """Of the Deployment and the headless Service; what `RevisionRef.agent_service` says."""
    pull_policy: str = "IfNotPresent"
    replicas: int = 1
    max_call_duration_ms: int = 1_800_000


def selector(owner: Owner, name: str) -> dict[str, str]:
    """Labels of the pods of the agent Deployment `name`."""
    return {**naming.labels(owner.name, "agent"), naming.LABEL_AGENT: name.rsplit("-", 1)[-1]}


def _container(settings: AgentSettings) -> dict[str, Any]:
    agent = settings.agent
    return {
        "name": "agent",
        "image": agent.image,
        "imagePullPolicy": settings.pull_policy,
        "env": [
            pods.from_field("POD_IP", "status.podIP"),
            pods.from_field("POD_NAME", "metadata.name"),
            *pods.env_list(
                {
                    "HOME": "/tmp",  # noqa: S108 - the pod's own, in an emptyDir
                    "UNDERSTUDY_CALLS_PER_AGENT": str(agent.calls_per_agent),
                    "UNDERSTUDY_END_OF_TURN": agent.end_of_turn,
                    "UNDERSTUDY_END_OF_TURN_SILENCE_MS": str(agent.end_of_turn_silence_ms),
                    "UNDERSTUDY_MAX_CALL_MS": str(settings.max_call_duration_ms),
                }
            ),
        ],
        "ports": [{"name": "media", "containerPort": naming.AGENT_PORT}],
        "startupProbe": pods.http_probe("/healthz", "media", 1, START_S),
        "livenessProbe": pods.http_probe("/healthz", "media", 10, 6),
        "readinessProbe": pods.http_probe("/readyz", "media", 2, 2),
        "resources": RESOURCES,
        "securityContext": pods.container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own, in an emptyDir
    }


def _pod(owner: Owner, settings: AgentSettings) -> dict[str, Any]:
    return {
        "serviceAccountName": settings.name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": grace_s(settings.max_call_duration_ms),
        "enableServiceLinks": False,
        "securityContext": pods.pod_security(),
        "dnsConfig": pods.dns_config(),
        "topologySpreadConstraints": pods.spread(selector(owner, settings.name)),
        "containers": [_container(settings)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
    }


def make_agent_deployment(owner: Owner, settings: AgentSettings) -> dict[str, Any]:
    """The agents of one digest. `maxUnavailable: 0`: callers find a free agent at every moment of an update."""
    labels = selector(owner, settings.name)
    return make_object(
        DEPLOYMENT,
        owner,
        settings.name,
        "agent",
        spec={
            "replicas": settings.replicas,
            "progressDeadlineSeconds": PROGRESS_DEADLINE_S,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": pods.with_template(_pod(owner, settings), settings.agent.template),
            },
        },
    )


def make_agent_service(owner: Owner, name: str) -> dict[str, Any]:
    """The headless Service by which proxies find agents that are ready."""
    return make_object(
        SERVICE,
        owner,
        name,
        "agent",
        spec={
            "clusterIP": "None",
            "publishNotReadyAddresses": False,
            "selector": selector(owner, name),
            "ports": [{"name": "media", "port": naming.AGENT_PORT, "targetPort": "media", "protocol": "TCP"}],
        },
    )


def make_agent_policy(owner: Owner, name: str) -> dict[str, Any]:
    """Agents take calls from this assistant's proxies and from nobody else."""
    return make_object(
        NETWORK_POLICY,
        owner,
        name,
        "agent",
        spec={
            "podSelector": {"matchLabels": selector(owner, name)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"podSelector": {"matchLabels": naming.labels(owner.name, "proxy")}}],
                    "ports": [{"port": naming.AGENT_PORT, "protocol": "TCP"}],
                }
            ],
        },
    )


def make_agent(owner: Owner, settings: AgentSettings) -> list[dict[str, Any]]:
    """Every object of one agent digest; all carry its label, so that they are collected together."""
    objects = [
        make_agent_account(owner, settings.name),
        make_agent_service(owner, settings.name),
        make_agent_policy(owner, settings.name),
        make_disruption_budget(owner, settings.name, "agent", selector(owner, settings.name)),
        make_agent_deployment(owner, settings),
    ]
    digest = settings.name.rsplit("-", 1)[-1]
    return [with_label(each, naming.LABEL_AGENT, digest) for each in objects]
