"""HIPAA or PCI for the whole installation: lists that would not be used are refused when they are applied (T4)."""

from collections.abc import Iterator

import pytest

from tests.api.manifests import Manifest, account, assistant, plan
from tests.api.policies import apply, in_force
from tests.api.server import Kube
from tests.cluster.apiserver import Server

pytestmark = pytest.mark.apiserver

INLINE = "spec.transcriber.fallbackPlan.transcribers"
GLADIA, AZURE = {"provider": "gladia"}, {"provider": "azure"}
ACCOUNTS = {
    "spec.accounts[3]": account("gladia"),
    "spec.accounts[4]": account("azure") | {"region": "eastus"},
}


def _status(kube: Kube, manifest: Manifest) -> int:
    return apply(kube, manifest, dryRun="All").status_code


def test_without_a_restriction_nothing_is_refused(kube: Kube) -> None:
    assert _status(kube, plan({"spec.transcribers": [GLADIA]})) in (200, 201)


@pytest.fixture(scope="module", params=["hipaa", "pci"])
def restricted(request: pytest.FixtureRequest, server: Server, kube: Kube) -> Iterator[tuple[Kube, str]]:
    """The server with the chart's policy in force, and the restriction's name."""
    unfit = plan({"spec.transcribers": [GLADIA]})
    kept = assistant({**ACCOUNTS, INLINE: [GLADIA], "metadata.name": "kept"})
    assert apply(kube, kept).status_code in (200, 201)
    value = f"compliance.{request.param}=true"
    with in_force(server, kube, "understudy-compliance", value, shows=lambda: _status(kube, unfit) == 403):
        yield kube, request.param.upper()


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (assistant({**ACCOUNTS, INLINE: [AZURE, GLADIA]}), INLINE),
        (plan({"spec.transcribers": [AZURE, GLADIA]}), "spec.transcribers"),
    ],
    ids=["assistant", "plan"],
)
def test_a_list_that_would_not_be_used_is_refused(restricted: tuple[Kube, str], manifest: Manifest, field: str) -> None:
    """Whatever the assistant itself says of compliance."""
    kube, why = restricted
    answer = apply(kube, manifest, dryRun="All")
    assert answer.status_code == 403
    told = f"{field}: this installation is under {why}, so only deepgram and azure may be fallback transcribers"
    assert told in " ".join(answer.json()["message"].split())


@pytest.mark.parametrize(
    "manifest",
    [
        assistant(),
        assistant({**ACCOUNTS, INLINE: [AZURE, {"provider": "deepgram"}]}),
        assistant({INLINE: []}),
        assistant({"spec.transcriber.fallbackPlan.autoFallback.enabled": True}),
        assistant({**ACCOUNTS, "spec.transcriber": GLADIA}),
        plan({"spec.transcribers": [AZURE]}),
        plan({"spec.voices": [{"provider": "cartesia", "voiceId": "v"}]}),
        plan(),
    ],
    ids=["none", "fit", "empty", "automatic", "first", "plan fits", "voices", "empty plan"],
)
def test_what_fits_is_accepted(restricted: tuple[Kube, str], manifest: Manifest) -> None:
    assert _status(restricted[0], manifest) in (200, 201)


def test_what_was_there_before_can_be_labelled_but_not_kept_on_changing(restricted: tuple[Kube, str]) -> None:
    """The operator does not use its list; nobody is kept from touching the rest of the object."""
    kube, _ = restricted
    kept = {**ACCOUNTS, INLINE: [GLADIA], "metadata.name": "kept"}
    assert _status(kube, assistant({**kept, "metadata.labels": {"a": "b"}})) == 200
    assert _status(kube, assistant({**kept, "spec.turnBudget": "1s"})) == 403
