"""The model of a revision: its pool, what follows when that is out, and how both are used."""

from collections.abc import Iterator
from typing import Any

from understudy.api.base import milliseconds
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.api.language_model import Deployment
from understudy.api.language_model import Model as Wanted
from understudy.base.errors import InvalidInput
from understudy.domain.revision import defaults
from understudy.domain.revision.chains import Source
from understudy.domain.revision.snapshot import Graceful, Model, ModelTarget, Pool, Slack, Tool
from understudy.domain.routing.providers import AZURE_OPENAI

_DEPLOYMENTS = "spec.model.deployments"


def model(source: Source, prompt: str) -> Model:
    """The model with its pool.

    Raises:
        InvalidInput: an account that is not there or may not be used, or a name that both lists use for different
            things.
    """
    wanted, plan = source.spec.model, source.plan
    targets = tuple(_targets(source))
    tools = (Tool(name=t.name, description=t.description, parameters=t.parameters) for t in wanted.tools)
    timeout = {"attempt_timeout_ms": milliseconds(plan.retries.timeout)} if plan.retries else {}
    return Model(
        targets=targets,
        fallbacks=tuple(_fallbacks(source, targets)),
        system_prompt=prompt,
        tools=tuple(tools),
        temperature=wanted.temperature,
        max_tokens=wanted.max_tokens,
        reasoning_effort=wanted.reasoning_effort,
        pool=_pool(wanted, plan),
        graceful=_graceful(plan),
        slack=_slack(wanted, targets),
        **timeout,
    )


def _targets(source: Source) -> Iterator[ModelTarget]:
    """The assistant's deployments; without any, its only account that serves models."""
    listed = source.spec.model.deployments
    if listed is None:
        account = source.directory.find(_DEPLOYMENTS, None, defaults.MODEL_PROVIDERS).name
        yield _target(source, _DEPLOYMENTS, Deployment(name=account, account=account))
    for index, entry in enumerate(listed or ()):
        yield _target(source, f"{_DEPLOYMENTS}[{index}]", entry)


def _fallbacks(source: Source, targets: tuple[ModelTarget, ...]) -> Iterator[ModelTarget]:
    """The plan's models; one that is in the pool already is not tried twice."""
    pool = {target.name: target for target in targets}
    for index, entry in enumerate(source.plan.models or ()):
        field = f"{source.plan_field}.models[{index}]"
        target = _target(source, field, entry)
        if pool.get(target.name, target) != target:
            message = f"{target.name} is already a deployment of the assistant; give this one another name"
            raise InvalidInput(f"{field}.name", message)
        if target.name not in pool:
            yield target


def _target(source: Source, field: str, entry: Deployment) -> ModelTarget:
    account = source.directory.find(field, entry.account, defaults.MODEL_PROVIDERS)
    name = entry.model or source.spec.model.name
    if account.provider == AZURE_OPENAI:
        return ModelTarget(name=entry.name, account=account.name, model=name, deployment=entry.deployment or name)
    if entry.deployment is not None:
        message = f"{account.name} is no Azure OpenAI; name what is sent to the provider in model"
        raise InvalidInput(f"{field}.deployment", message)
    return ModelTarget(name=entry.name, account=account.name, model=name)


def _pool(wanted: Wanted, plan: FallbackPlanSpec) -> Pool:
    """The assistant says how requests are spread, the plan what may be spent when they fail."""
    routing = wanted.routing
    values: dict[str, Any] = {}
    if plan.retries:
        values["max_extra_percent"] = plan.retries.budget_percent
        values["max_attempts"] = None if plan.retries.max is None else plan.retries.max + 1
    if plan.circuit_breaker:
        values["breaker_failures"] = plan.circuit_breaker.failures
        values["breaker_open_ms"] = milliseconds(plan.circuit_breaker.open_for)
    return Pool(explore_percent=routing.explore_percent, hedge=routing.hedge, hold=routing.hold, **values)


def _graceful(plan: FallbackPlanSpec) -> Graceful | None:
    graceful = plan.graceful
    if graceful is None or not (graceful.ask_to_repeat or graceful.simpler_prompt):
        return None
    again, simpler = graceful.ask_to_repeat, graceful.simpler_prompt
    said = {"ask_to_repeat": again.text, "ask_to_repeat_max": again.max_times} if again else {}
    return Graceful(simpler_prompt=simpler.text if simpler else None, **said)


def _slack(wanted: Wanted, targets: tuple[ModelTarget, ...]) -> Slack | None:
    slack = wanted.slack
    if slack is None:
        return None
    if slack.better_deployment and slack.better_deployment not in {target.name for target in targets}:
        message = f"{slack.better_deployment} is not one of spec.model.deployments; add it there, or name another"
        raise InvalidInput("spec.model.slack.betterDeployment", message)
    return Slack(
        better_target=slack.better_deployment,
        better_voice_model=slack.better_voice_model,
        early_ms=milliseconds(slack.early_by),
        filler=slack.filler,
    )
