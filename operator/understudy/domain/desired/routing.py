"""The ConfigMap by which the operator speaks to the proxies."""

from typing import Any

from understudy.base.digest import canonical_json
from understudy.domain import naming
from understudy.domain.desired.kinds import CONFIG_MAP
from understudy.domain.desired.owner import Owner, make_object
from understudy.domain.routing.document import KEY, RoutingDocument


def make_routing(owner: Owner, document: RoutingDocument, resource_version: str | None) -> dict[str, Any]:
    """The routing ConfigMap.

    Args:
        owner: the assistant.
        document: what the proxies shall do.
        resource_version: of the ConfigMap that was read before deciding, or None if there was none. The write fails
            when somebody else wrote in between, so that a leader that lost its lease puts nothing back.
    """
    made = make_object(
        CONFIG_MAP, owner, naming.routing(owner.name), "routing", data={KEY: canonical_json(document.to_json())}
    )
    if resource_version:
        made["metadata"]["resourceVersion"] = resource_version
    return made


def parse_routing(config_map: dict[str, Any] | None) -> RoutingDocument | None:
    """The document in `config_map`; None when there is none or it cannot be read."""
    text = ((config_map or {}).get("data") or {}).get(KEY)
    if not text:
        return None
    try:
        return RoutingDocument.model_validate_json(text)
    except ValueError:
        return None
