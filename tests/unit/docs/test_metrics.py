"""docs/reference/metrics.md lists the metrics that the programs have."""

import pytest
from prometheus_client import CollectorRegistry, Counter

from tests.tools import metrics_page
from tests.tools.generate import ROOT, files
from tests.tools.metrics_page import LABELS, Metric

PAGE = ROOT / "docs/reference/metrics.md"
FOUND = metrics_page.programs()
ALL = [metric for metrics in FOUND.values() for metric in metrics]


def test_the_page_is_up_to_date() -> None:
    """`make generate` brings it up to date."""
    assert PAGE.read_text() == metrics_page.page(FOUND) == files()[PAGE]


@pytest.mark.parametrize(
    ("program", "metric"),
    [
        ("proxy", Metric("understudy_calls_started_total", "counter", ("assistant", "arm"), "Calls admitted.")),
        ("proxy", Metric("understudy_calls_live", "gauge", ("assistant", "arm"), "Calls in progress.")),
        ("controller", Metric("understudy_controller_leader", "gauge", (), "1 while this process holds the lease.")),
        ("agent", Metric("understudy_agent_calls", "gauge", (), "Calls in progress")),
    ],
)
def test_counters_gauges_and_what_is_read_when_asked_are_found(program: str, metric: Metric) -> None:
    """With name, type, labels and help."""
    assert metric in FOUND[program]


def test_every_metric_has_our_prefix_help_and_known_labels() -> None:
    """A label nobody explains is missing from the page's table; one that no metric has is too much in it."""
    assert all(metric.name.startswith(("understudy_", "gen_ai_client_")) and metric.text for metric in ALL)
    assert {label for metric in ALL for label in metric.labels} == set(LABELS)


def test_a_new_metric_would_be_listed() -> None:
    """Whatever is on the registry."""
    registry = CollectorRegistry()
    Counter("understudy_new", "New.", ["arm"], registry=registry)
    assert list(metrics_page._of(registry)) == [Metric("understudy_new_total", "counter", ("arm",), "New.")]
