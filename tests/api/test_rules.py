"""No rule of the CRDs goes untried: each has a manifest that it refuses and one that it lets pass."""

from collections.abc import Callable

import pytest
import yaml

from tests.api.cases import CASES
from tests.api.rules import Located, instances, located
from tests.api.server import CRDS, Outcome

pytestmark = pytest.mark.apiserver

CRD_RULES = tuple(rule for path in sorted(CRDS.glob("*.yaml")) for rule in located(yaml.safe_load(path.read_text())))


def _untried(tried: Callable[[Located, str, object, str], bool]) -> list[str]:
    missing = []
    for rule in CRD_RULES:
        manifests = (case for case in CASES if case.manifest["kind"] == rule.kind)
        hits = (
            tried(rule, field, value, case.name)
            for case in manifests
            for field, value in instances(case.manifest, rule.path)
        )
        if not any(hits):
            missing.append(str(rule))
    return missing


def test_there_are_rules() -> None:
    """An empty list would make the next two tests pass."""
    assert len(CRD_RULES) > 150


def test_every_rule_refuses_something(outcomes: dict[str, Outcome]) -> None:
    """Each CEL rule spoke, with its own message and at its own field, about at least one manifest."""
    assert _untried(lambda rule, field, _, case: rule.spoke(field, outcomes[case])) == []


def test_every_rule_lets_something_pass(outcomes: dict[str, Outcome]) -> None:
    """Each CEL rule was evaluated on a value that it had nothing against."""
    assert _untried(lambda rule, field, value, case: rule.passed(field, value, outcomes[case])) == []
