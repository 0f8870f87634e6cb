"""HIPAA and PCI: who may be a fallback transcriber in the assistant's own list (T4)."""

import itertools
from collections.abc import Iterator
from typing import Any, get_args

from tests.api.cases.case import Case, accepted, plan_accepted, refused
from tests.api.cases.transcribers import transcriber
from tests.api.manifests import account, assistant, edit
from understudy.api.transcriber import TranscriberProvider

LISTED = "spec.transcriber.fallbackPlan.transcribers"
TOLD = "with compliance.hipaa or pci only deepgram and azure may be fallback transcribers"
FIT = ("deepgram", "azure")


def cases() -> Iterator[Case]:
    """Each switch, each provider, and what is not restricted."""
    for hipaa, pci in itertools.product((True, False), repeat=2):
        said: dict[str, Any] = {"spec.compliance": {"hipaa": hipaa, "pci": pci}}
        for provider in get_args(TranscriberProvider):
            manifest = edit(transcriber(assistant, f"{LISTED}[0]", provider), said)
            allowed = not (hipaa or pci) or provider in FIT
            name = f"{'accepted' if allowed else 'refused'}: hipaa {hipaa}, pci {pci}: {provider} takes over"
            yield Case(name, manifest, () if allowed else ((LISTED, TOLD),))
    for name in ("hipaa", "pci"):
        on = {f"spec.compliance.{name}": True}
        yield accepted(f"{name}: no fallback", on)
        yield accepted(f"{name}: nothing listed", {**on, LISTED: []})
        yield accepted(f"{name}: automatic", {**on, "spec.transcriber.fallbackPlan.autoFallback.enabled": True})
        yield accepted(f"{name}: any first transcriber", {**on, "spec.transcriber.provider": "cartesia"})
        yield accepted(f"{name}: any voice takes over", {**on, "spec.voice.fallbackPlan.voices": [VOICE]})
        yield accepted(f"{name}: zones too", {**on, "spec.compliance.dataZones": ["eu"], **IN_THE_ZONE})
        judge = {"account": "openai", "model": "gpt-4o", "rubric": "The caller was served."}
        spare = {"spec.accounts[3]": account("spare", "openai"), "spec.voice.account": "openai"}
        two = {**spare, "spec.quality.judge": judge}
        pool = "spec.model.deployments"
        yield accepted(f"{name}: who talks judges", {**on, **two, pool: [{"name": "one", "account": "openai"}]})
        yield refused(
            f"{name}: another judges",
            {**on, **two, pool: [{"name": "one", "account": "spare"}]},
            ("spec.quality.judge.account", "only an account of spec.model may judge calls"),
        )
        yield accepted(f"{name}: the only model judges", {**on, "spec.quality.judge": judge})
        mixed = [{"provider": "deepgram"}, {"provider": "cartesia"}]
        yield refused(f"{name}: one of two does not fit", {**on, LISTED: mixed}, (LISTED, TOLD))
        yield refused(
            f"{name}: neither on nor off", {f"spec.compliance.{name}": "yes"}, (f"spec.compliance.{name}", "boolean")
        )
    yield plan_accepted("a plan knows no compliance", {"spec.transcribers": [{"provider": "cartesia"}]})


VOICE = {"provider": "cartesia", "voiceId": "v"}
IN_THE_ZONE = {f"spec.accounts[{index}].region": "eu" for index in range(3)}
