"""Warnings about a pool that is valid but may surprise: sentences that begin with the field's path."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from understudy.domain.revision.chains import Source
from understudy.domain.revision.snapshot import Account, Model
from understudy.domain.routing.providers import AZURE_OPENAI

_ROUTING = "spec.model.routing"


def about_model(source: Source, model: Model, accounts: Mapping[str, Account]) -> Iterator[str]:
    """What may surprise the caller, or whoever pays.

    Args:
        source: what was written.
        model: what it resolved to.
        accounts: those that the revision uses, by name.
    """
    yield from _mixed(model)
    yield from _fallbacks(source, model, accounts)
    yield from _hedge(model)
    yield from _azure_zones(source, model, accounts)


def _mixed(model: Model) -> Iterator[str]:
    """Models of a pool take turns, so that a call is answered by several; a better one for slack is meant to differ."""
    better = model.slack.better_target if model.slack else None
    found = sorted({target.model for target in model.targets if target.name != better})
    if len(found) > 1:
        yield (
            f"spec.model.deployments: {' and '.join(found)} answer the same call in turn, whichever is faster; move "
            "those that should only step in to the models of a FallbackPlan"
        )


def _fallbacks(source: Source, model: Model, accounts: Mapping[str, Account]) -> Iterator[str]:
    hosts = {_host(accounts[target.account]) for target in model.targets}
    for target in model.fallbacks:
        host = _host(accounts[target.account])
        if hosts == {host}:
            yield f"{source.plan_field}.models: {target.name} is also at {host}; an outage there takes it with the pool"


def _hedge(model: Model) -> Iterator[str]:
    if model.pool.hedge and not model.pool.max_extra_percent:
        yield f"{_ROUTING}.hedge: retries.budgetPercent is 0, so nothing is ever fired twice"


def _azure_zones(source: Source, model: Model, accounts: Mapping[str, Account]) -> Iterator[str]:
    """A region says where the resource is; only the deployment's type says where it computes."""
    used = {target.account for target in (*model.targets, *model.fallbacks)}
    azure = sorted(name for name in used if accounts[name].provider == AZURE_OPENAI)
    if source.directory.zones is not None and azure:
        yield (
            f"spec.compliance.dataZones: Global deployments of {', '.join(azure)} may be computed anywhere; see that "
            "they are Standard or Data Zone deployments"
        )


def _host(account: Account) -> str:
    return urlsplit(account.base_url).hostname or ""
