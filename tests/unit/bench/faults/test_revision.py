"""The revision that our proxy gets at the wall of faults."""

from tests.bench.faults_calls import snapshot
from tests.bench.peers import Upstream
from understudy.domain.revision.snapshot import Pool


def test_the_pool_has_its_defaults_and_every_upstream() -> None:
    """The peers are tuned; ours is as a user gets it."""
    revision = snapshot([Upstream("a", "http://127.0.0.1:1/a/v1"), Upstream("b", "http://127.0.0.1:1/b/v1")])
    assert [target.account for target in revision.model.targets] == ["a", "b"]
    assert revision.model.pool == Pool()
    assert not revision.model.fallbacks
    assert revision.accounts["b"].base_url == "http://127.0.0.1:1/b/v1"
