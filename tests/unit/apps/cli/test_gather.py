"""What the command asks, and what it makes of refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.apps.cli.fake_reader import (
    CANARY,
    NAME,
    NAMESPACE,
    STABLE,
    FakeReader,
    answer,
    assistant,
    condition,
    deployment,
    pod,
    pool,
    refusal,
    revision,
)
from understudy.apps.cli.errors import CannotTell
from understudy.apps.cli.gather import gather
from understudy.apps.cli.state import Agents
from understudy.domain import naming
from understudy.domain.naming import ADMIN_PORT

NOW = 1_800_000_000.0


@pytest.fixture
def reader() -> FakeReader:
    """Two proxies that answer."""
    found = FakeReader()
    for name in ("p-1", "p-2"):
        found.answers[name] = answering(name)
    return found


def answering(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: answer(name, pool(deployment("east", 1)))


def refusing(status: int) -> Callable[[], dict[str, Any]]:
    def refuse() -> dict[str, Any]:
        raise refusal(status)

    return refuse


async def test_every_ready_proxy_is_asked_for_this_assistant(reader: FakeReader) -> None:
    reader.running += [pod("p-3", ready=False), pod("p-4", leaving=True)]
    (state,) = await gather(reader, NAME, NOW)
    assert [each.pod for each in state.proxies] == ["p-1", "p-2"]
    assert all(each.pools and each.pools.pools[0].deployments for each in state.proxies)
    assert state.starting == 2
    assert reader.asked[0] == ("p-1", ADMIN_PORT, "/v1/pools", {"assistant": f"{NAMESPACE}/{NAME}"})


async def test_the_rollout_is_read_from_the_status(reader: FakeReader) -> None:
    phase = {"phase": "Canary", "verdict": "Insufficient"}
    rollout = {"stable": revision("a"), "canary": revision(CANARY), **phase}
    waiting = condition("Ready", "False", "no agent is ready")
    reader.objects = [assistant(phase="Canary", step="2/5", weight=10, rollout=rollout, conditions=[waiting])]
    (state,) = await gather(reader, NAME, NOW)
    assert (state.phase, state.step, state.weight, state.canary) == ("Canary", "2/5", 10, CANARY)
    assert (state.verdict, state.message) == ("Insufficient", "no agent is ready")


async def test_an_assistant_that_the_operator_has_not_seen_yet_has_a_state(reader: FakeReader) -> None:
    reader.objects, reader.running = [{"metadata": {"namespace": NAMESPACE, "name": NAME}}], []
    (state,) = await gather(reader, NAME, NOW)
    assert (state.phase, state.stable, state.proxies) == ("Initializing", "", ())


async def test_without_a_name_every_assistant_is_shown(reader: FakeReader) -> None:
    reader.objects = [assistant(), assistant("night-desk")]
    assert [state.name for state in await gather(reader, None, NOW)] == [NAME, "night-desk"]


@pytest.mark.parametrize(
    ("name", "words"), [("typo", "no VoiceAssistant typo in namespace shop"), (None, "no VoiceAssistant in namespace")]
)
async def test_that_there_is_none_is_said(reader: FakeReader, name: str | None, words: str) -> None:
    reader.objects = []
    with pytest.raises(CannotTell, match=words):
        await gather(reader, name, NOW)


@pytest.mark.parametrize(
    ("what", "name", "right"),
    [
        ("assistant", NAME, "`get` `voiceassistants.understudy.dev`"),
        ("assistants", None, "`list` `voiceassistants.understudy.dev`"),
        ("pods", NAME, "`list` `pods`"),
        ("ask", NAME, "`get` `pods/proxy`"),
    ],
)
async def test_a_missing_right_is_named(reader: FakeReader, what: str, name: str | None, right: str) -> None:
    """And the API server's own words follow."""
    reader.denied[what] = 403
    with pytest.raises(CannotTell, match=right) as caught:
        await gather(reader, name, NOW)
    assert "own words" in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refusing(404), "it is gone, or of a version"),
        (refusing(503), "own words"),
        (lambda: {"unheard": "of"}, "another version"),
    ],
    ids=["gone", "no answer", "not ours"],
)
async def test_one_proxy_that_does_not_answer_hides_no_other(
    reader: FakeReader, reply: Callable[[], dict[str, Any]], words: str
) -> None:
    reader.answers["p-1"] = reply
    (state,) = await gather(reader, NAME, NOW)
    first, second = state.proxies
    assert first.pools is None
    assert words in first.error
    assert second.pools


async def test_an_api_server_that_is_away_is_said_with_what_to_try(reader: FakeReader) -> None:
    reader.denied["assistant"] = 503
    with pytest.raises(CannotTell, match=r"does not answer: .*own words; try `kubectl get --raw /readyz`"):
        await gather(reader, NAME, NOW)


async def test_an_expired_login_is_said(reader: FakeReader) -> None:
    reader.denied["assistant"] = 401
    with pytest.raises(CannotTell, match="log in again"):
        await gather(reader, NAME, NOW)


@pytest.mark.parametrize("name", [NAME, None])
async def test_a_cluster_without_understudy_is_told_from_one_without_the_assistant(
    reader: FakeReader, name: str | None
) -> None:
    reader.objects, reader.denied["assistants"] = [], 404
    with pytest.raises(CannotTell, match="Install it with `helm install`"):
        await gather(reader, name, NOW)


async def test_the_assistants_that_are_there_are_named(reader: FakeReader) -> None:
    with pytest.raises(CannotTell, match="no VoiceAssistant typo in namespace shop; there is front-desk"):
        await gather(reader, "typo", NOW)


async def test_pods_and_revisions_are_counted_by_revision(reader: FakeReader) -> None:
    agent = pod("a-1")
    agent["metadata"]["labels"] = naming.labels(NAME, "agent")
    agent["metadata"]["labels"][naming.LABEL_AGENT] = "0a0a0a0a"
    reader.running = [agent]
    reader.agents = [{"metadata": {"name": naming.agent(NAME, "0a0a0a0a")}, "spec": {"replicas": 3}}]
    reader.stored = [
        {"metadata": {"name": "front-desk-aaaaaaaa", "creationTimestamp": "2026-01-01T00:00:00Z"}, "revision": 4}
    ]
    (state,) = await gather(reader, NAME, NOW)
    assert state.agents == {naming.agent(NAME, "0a0a0a0a"): Agents(ready=1, wanted=3)}
    assert state.made[STABLE].number == 4


async def test_rights_that_only_add_to_the_page_are_not_needed(reader: FakeReader) -> None:
    reader.denied = {"deployments": 403, "revisions": 403}
    (state,) = await gather(reader, NAME, NOW)
    assert (state.phase, state.made) == ("Stable", {})


async def test_a_status_of_another_version_is_said(reader: FakeReader) -> None:
    reader.objects = [assistant(phase="Levitating")]
    with pytest.raises(CannotTell, match="written by another version than this command's"):
        await gather(reader, NAME, NOW)
