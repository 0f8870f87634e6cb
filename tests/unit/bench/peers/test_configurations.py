"""The peers' configurations and locks."""

import json
import re
from pathlib import Path

import pytest

from tests.bench import peers
from tests.bench.peers import PeerUnavailable, Upstream, install, litellm, portkey

POOLS = {"desk": [Upstream("a", "http://127.0.0.1:1/a/v1", "k", "maitre"), Upstream("b", "http://127.0.0.1:1/b/v1")]}


def test_litellm_has_every_deployment_in_the_pool_and_once_more_as_a_fallback() -> None:
    """Retries within the pool, then each deployment by itself, in order; the timeouts are the caller's."""
    config = litellm.configuration(POOLS, 0.6)
    groups = [each["model_name"] for each in config["model_list"]]
    first = config["model_list"][0]["litellm_params"]
    assert groups == ["desk", "desk", "desk-backup-0", "desk-backup-1"]
    assert (first["model"], first["api_base"], first["api_key"]) == ("openai/maitre", "http://127.0.0.1:1/a/v1", "k")
    assert first["timeout"] == first["stream_timeout"] == 0.6
    assert [each["litellm_params"]["num_retries"] for each in config["model_list"]] == [3, 3, 0, 0]
    assert config["router_settings"]["routing_strategy"] == "latency-based-routing"
    assert config["router_settings"]["fallbacks"] == [{"desk": ["desk-backup-0", "desk-backup-1"]}]


def test_without_a_timeout_litellm_waits_as_it_does_by_default() -> None:
    """Ten minutes."""
    parameters = litellm.configuration(POOLS, None)["model_list"][0]["litellm_params"]
    assert parameters["stream_timeout"] == 600.0


def test_portkey_falls_back_in_order_with_the_callers_timeout() -> None:
    """In milliseconds; none when there is none."""
    config = portkey.configuration(POOLS["desk"], 0.6)
    assert config["strategy"] == {"mode": "fallback"}
    assert [target["custom_host"] for target in config["targets"]] == [
        "http://127.0.0.1:1/a/v1",
        "http://127.0.0.1:1/b/v1",
    ]
    assert config["targets"][0]["override_params"] == {"model": "maitre"}
    assert {target["request_timeout"] for target in config["targets"]} == {600}
    assert "request_timeout" not in portkey.configuration(POOLS["desk"], None)["targets"][0]


def test_every_package_of_the_peers_is_held_by_a_hash() -> None:
    """And the locks name no registry."""
    packages = re.split(r"\n(?=\S)", litellm.LOCK.read_text().strip())
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    locked = json.loads(portkey.LOCKS[1].read_text())["packages"]
    assert all("integrity" in package for name, package in locked.items() if name)
    assert not any("resolved" in package for package in locked.values())
    assert "index-url" not in litellm.LOCK.read_text()


def test_the_versions_are_those_that_the_locks_hold() -> None:
    """They are told with the results."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", litellm.version())
    locked = json.loads(portkey.LOCKS[1].read_text())["packages"]
    assert portkey.version() == locked["node_modules/@portkey-ai/gateway"]["version"]


def test_a_missing_program_is_named_with_the_line_that_installs_it() -> None:
    """The benchmark says so and goes on."""
    with pytest.raises(PeerUnavailable, match="sudo apt-get install -y --no-install-recommends nodejs"):
        install.program("no-such-program-anywhere", "nodejs")


def test_an_install_is_made_once_for_each_lock_and_again_when_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed one left behind is taken away first."""
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    lock = tmp_path / "lock"
    lock.write_text("one")
    built: list[Path] = []

    def failing(folder: Path) -> None:
        (folder / "half").touch()
        install.run(["false"], folder)

    def build(folder: Path) -> None:
        built.append(folder)

    with pytest.raises(PeerUnavailable, match="false failed"):
        install.installed("peer", [lock], failing)
    first = install.installed("peer", [lock], build)
    again = install.installed("peer", [lock], build)
    lock.write_text("two")
    second = install.installed("peer", [lock], build)
    assert first == again != second
    assert built == [first, second]
    assert not (first / "half").exists()


def test_the_kinds_are_those_of_the_issue() -> None:
    """Each has a module that starts it."""
    assert peers.KINDS == ("litellm", "portkey")
