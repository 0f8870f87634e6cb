"""Metrics and alert rules as Prometheus reads them: its own parser and linter say so."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from tests.gotools import program
from tests.tools import metrics_page
from understudy.apps.proxy.egress.genai import CUT, ModelRequests, ShotEnd
from understudy.apps.proxy.pool_metrics import PoolGauges
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.step import Why
from understudy.domain.routing.pool.view import DeploymentView, PoolView, SharingView

ALERTS = Path(__file__).resolve().parents[3] / "helm/understudy/files/alerts.yaml"
POOL = PoolView(
    at=0, assistant="n/a", deployments=(DeploymentView(name="d", rank=1, expected_ms=1, deviation_ms=1, hang_share=0,
                                                       cut_after_ms=1, headroom=1),)
)  # fmt: skip


def prom(*arguments: str | Path, stdin: bytes = b"") -> str:
    """What our promtool complains of."""
    return subprocess.run([program("prom"), *arguments], input=stdin, capture_output=True, check=False).stdout.decode()


def exposition() -> bytes:
    """Every metric of model requests, pools and sharing."""
    registry = CollectorRegistry()
    requests = ModelRequests(registry)
    account = Account(name="a", provider="openai", base_url="http://h/v1")
    target = ModelTarget(name="d", account="a", model="m")
    for outcome in ("ok", CUT):
        end = ShotEnd(account, target, Why.FASTEST, 1.0, outcome, 0.5, "m", 1, 1, 1)
        requests.record(end)
    registry.register(PoolGauges(lambda: [POOL], lambda: SharingView(state="Shared")))
    return generate_latest(registry)


def test_names_types_and_units_pass_promtool() -> None:
    assert prom("metrics", stdin=exposition()) == ""


def test_what_promtool_would_refuse_is_found() -> None:
    """A counter without `_total` and a unit that is no base unit."""
    found = prom("metrics", stdin=b"# HELP x_milliseconds X.\n# TYPE x_milliseconds counter\nx_milliseconds 1\n")
    assert "_total" in found
    assert "base unit" in found


def test_alert_rules_pass_promtool() -> None:
    assert prom("rules", ALERTS) == ""


def test_a_broken_rule_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "alerts.yaml"
    broken.write_text(ALERTS.read_text().replace("max by (", "max of (", 1))
    assert "parse error" in prom("rules", broken)


METRICS = {metric.name: metric for metrics in metrics_page.programs().values() for metric in metrics}
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_rules_use_metrics_and_labels_that_exist(rule: dict[str, str]) -> None:
    """A renamed metric would make an alert silent for ever; `namespace` is the scraper's."""
    used = re.findall(r"understudy_\w+", rule["expr"])
    assert used
    labels = {label for name in used for label in METRICS[name].labels} | {"namespace"}
    named = re.findall(r"by \(([^)]*)\)", rule["expr"])
    assert {label.strip() for each in named for label in each.split(",")} <= labels
    assert set(re.findall(r"\$labels\.(\w+)", str(rule))) <= labels
