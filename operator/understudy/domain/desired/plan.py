"""Everything an assistant should own, and what it owns and should not any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.domain import naming
from understudy.domain.desired.access import make_proxy_account, make_proxy_binding, make_proxy_role
from understudy.domain.desired.agent import AgentSettings, make_agent
from understudy.domain.desired.kinds import OWNED
from understudy.domain.desired.owner import Owner
from understudy.domain.desired.proxy import (
    UNSHARED,
    ProxySettings,
    SharedState,
    make_front_door,
    make_proxy_budget,
    make_proxy_deployment,
)
from understudy.domain.desired.revisions import StoredRevision

_ORDER = {kind.kind: index for index, kind in enumerate(OWNED)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the objects are made from."""

    owner: Owner
    in_play: tuple[StoredRevision, ...]
    """Revisions that new or live calls may need: stable, canary, the one before stable while it bakes, retained."""
    history: tuple[StoredRevision, ...]
    """Every stored revision and the desired one."""
    proxy_image: str
    proxy_pull_policy: str = "IfNotPresent"
    proxy_replicas: int = 2
    proxy_template: dict[str, Any] = field(default_factory=dict)
    shared_state: SharedState = UNSHARED
    scoring_secrets: tuple[str, ...] = ()
    """Of those who score finished calls."""
    agent_pull_policy: str = "IfNotPresent"
    agent_replicas: int = 1


def make_access(wanted: Wanted) -> list[dict[str, Any]]:
    """Who the proxies are and what they may read; written before the routing document names new revisions."""
    return [
        make_proxy_account(wanted.owner),
        make_proxy_role(wanted.owner, (each.object_name for each in wanted.in_play)),
        make_proxy_binding(wanted.owner),
    ]


def make_workloads(wanted: Wanted) -> list[dict[str, Any]]:
    """Services, disruption budgets, policies and Deployments, in the order of writing."""
    objects = [
        make_front_door(wanted.owner),
        make_proxy_budget(wanted.owner),
        make_proxy_deployment(wanted.owner, _proxy_settings(wanted)),
    ]
    for settings in _agents(wanted):
        objects += make_agent(wanted.owner, settings)
    return sorted(objects, key=lambda each: _ORDER[each["kind"]])


def _proxy_settings(wanted: Wanted) -> ProxySettings:
    secrets = {secret for each in wanted.history for secret in each.snapshot.secrets()} | {*wanted.scoring_secrets}
    return ProxySettings(
        image=wanted.proxy_image,
        pull_policy=wanted.proxy_pull_policy,
        replicas=wanted.proxy_replicas,
        max_call_duration_ms=_longest_call_ms(wanted.in_play),
        secrets=tuple(sorted(secrets)),
        template=wanted.proxy_template,
        shared_state=wanted.shared_state,
    )


def _agents(wanted: Wanted) -> Iterable[AgentSettings]:
    """One for each agent digest in play, not for each revision: a new prompt needs no new pods."""
    made: dict[str, AgentSettings] = {}
    for revision in wanted.in_play:
        agent = revision.snapshot.agent
        name = naming.agent(wanted.owner.name, agent.digest())
        sharing = [each for each in wanted.in_play if each.snapshot.agent == agent]
        made[name] = AgentSettings(
            agent=agent,
            name=name,
            pull_policy=wanted.agent_pull_policy,
            replicas=wanted.agent_replicas,
            max_call_duration_ms=_longest_call_ms(sharing),
        )
    return made.values()


def _longest_call_ms(revisions: Sequence[StoredRevision]) -> int:
    return max(each.snapshot.max_call_duration_ms for each in revisions)


def abandoned_agents(owned: Iterable[dict[str, Any]], kept: Iterable[str]) -> list[dict[str, Any]]:
    """Objects of agent digests that no revision in play speaks through, the Deployment first.

    Args:
        owned: live objects of the assistant.
        kept: agent Services that may still be needed; a live call keeps its revision in play (P5).
    """
    digests = {service.rsplit("-", 1)[-1] for service in kept}
    gone = []
    for each in owned:
        digest = (each["metadata"].get("labels") or {}).get(naming.LABEL_AGENT)
        if digest is not None and digest not in digests and each["kind"] in _ORDER:
            gone.append(each)
    return sorted(gone, key=lambda each: -_ORDER[each["kind"]])
