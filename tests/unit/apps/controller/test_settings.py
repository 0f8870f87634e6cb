"""What the chart tells the operator."""

import pytest

from understudy.apps.controller.settings import from_environment
from understudy.domain.revision.compliance import Restriction


@pytest.mark.parametrize("value", ["", "false", "False", "0", "no", "off", " false "])
def test_compliance_is_off_where_it_is_plainly_off(value: str) -> None:
    assert from_environment([], {"UNDERSTUDY_HIPAA": value}, "h").installation == Restriction()


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", "flase", "hipaa"])
def test_anything_else_turns_it_on(value: str) -> None:
    """A spelling mistake must not let anything out."""
    assert from_environment([], {"UNDERSTUDY_HIPAA": value}, "h").installation == Restriction(hipaa=True)
    assert from_environment([], {"UNDERSTUDY_PCI": value}, "h").installation == Restriction(pci=True)


@pytest.mark.parametrize("url", ["", "http://prometheus.monitoring:9090"])
def test_the_installations_prometheus_is_known(url: str) -> None:
    assert from_environment([], {"UNDERSTUDY_PROMETHEUS_URL": url} if url else {}, "h").prometheus_url == url
