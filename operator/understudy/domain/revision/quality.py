"""Who scores finished calls: `spec.quality` with the judge's account followed, and held to what is allowed.

No part of the revision: callers hear nothing of it, so a change of it starts no rollout.
"""

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.quality import JudgeModel
from understudy.base.errors import InvalidInput
from understudy.domain.revision import compliance
from understudy.domain.revision.compliance import UNRESTRICTED, Restriction
from understudy.domain.revision.defaults import MODEL_PROVIDERS
from understudy.domain.revision.directory import Directory
from understudy.domain.routing.document import QualityOrder

_JUDGE = "spec.quality.judge"


def resolve_quality(
    spec: VoiceAssistantSpec, installation: Restriction = UNRESTRICTED
) -> tuple[QualityOrder | None, InvalidInput | None]:
    """What the proxies are told about scores, and why a judge is not used though one is written.

    A judge that is not allowed is left out and the webhook stays: this fails closed, and keeps nobody from being
    served.

    Args:
        spec: the assistant.
        installation: HIPAA or PCI for every assistant of the installation.
    """
    quality = spec.quality
    if quality is None:
        return None, None
    without = QualityOrder(webhook=quality.webhook) if quality.webhook else None
    if quality.judge is None:
        return without, None
    try:
        return _with_judge(spec, quality.judge, without or QualityOrder(), installation), None
    except InvalidInput as error:
        return without, error


def _with_judge(
    spec: VoiceAssistantSpec, judge: JudgeModel, order: QualityOrder, installation: Restriction
) -> QualityOrder:
    zones = spec.compliance.data_zones if spec.compliance else None
    directory = Directory(spec.accounts, zones)
    account = directory.find(_JUDGE, judge.account, MODEL_PROVIDERS)
    restriction = compliance.in_force(spec.compliance, installation)
    if restriction.on and account.name not in _speaks_for(spec):
        raise _not_fit(account.name, restriction)
    resolved = directory.used([account.name])[account.name]
    return order.model_copy(update={"judge": judge, "judge_account": resolved})


def _speaks_for(spec: VoiceAssistantSpec) -> frozenset[str]:
    """Accounts that the assistant's own model is asked at: they hear the caller whether or not they judge."""
    if spec.model.deployments is not None:
        return frozenset(each.account for each in spec.model.deployments)
    return frozenset(each.name for each in spec.accounts if each.provider in MODEL_PROVIDERS)


def _not_fit(account: str, restriction: Restriction) -> InvalidInput:
    message = (
        f"{account} would read what callers said, which under {restriction.why} only an account that serves spec.model "
        "may; name one of those, or remove the judge. Until then no call is judged by a model"
    )
    return InvalidInput(f"{_JUDGE}.account", message, "ComplianceNotAllowed")
