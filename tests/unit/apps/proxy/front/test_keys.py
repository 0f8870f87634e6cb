import pytest

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import DETACHED_MAX, Registry
from understudy.apps.proxy.keys import Keys
from understudy.base.clock import ManualClock
from understudy.base.errors import Unauthorized
from understudy.domain.calls.observation import CallEnd
from understudy.domain.revision.snapshot import Agent, Model, Snapshot
from understudy.domain.routing.document import Arm, PeerKey, RevisionRef, RoutingDocument

SNAPSHOT = Snapshot(
    accounts={}, model=Model(targets=(), system_prompt=""), transcribers=(), voices=(), agent=Agent(image="i")
)
STABLE = RevisionRef(name="aaaaaaaa", object_name="x-aaaaaaaa", agent_service="s")


class Pod:
    """A proxy's calls, with its assistants serving one revision."""

    def __init__(self, clock: ManualClock, *names: str) -> None:
        self.keys = Keys(clock)
        self.registry = Registry({f"ns/{name}": Assistant("ns", name) for name in names}, self.keys, clock)
        for assistant in self.registry.assistants.values():
            assistant.snapshots[STABLE.name] = SNAPSHOT
            self.trust(assistant.name)

    def trust(self, name: str, *peers: "Pod") -> None:
        """Apply a document that lists these peers for the assistant `name`."""
        listed = tuple(PeerKey(key_id=peer.keys.key_id, public_key=peer.keys.public_key) for peer in peers)
        routing = RoutingDocument(namespace="ns", assistant=name, generation=1, stable=STABLE, peers=listed)
        self.registry.assistants[f"ns/{name}"].apply(routing, 0)

    def call(self, call_id: str = "CA1", name: str = "x") -> str:
        """Open a call; its token."""
        return self.registry.open(self.registry.assistants[f"ns/{name}"], call_id, Arm.STABLE, STABLE.name).token_text


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_a_token_speaks_for_its_call_until_the_call_ends(clock: ManualClock) -> None:
    pod = Pod(clock, "x")
    token = pod.call()
    call = pod.registry.authenticate(token)
    closed: list[str] = []
    call.resources.add(lambda: closed.append("upstream"))
    assert (call.id, call.detached) == ("CA1", False)
    pod.registry.close(call, CallEnd.CALLER_HUNG_UP, "")
    assert closed == ["upstream"]
    with pytest.raises(Unauthorized):
        pod.registry.authenticate(token)


def test_a_token_expires_some_time_after_the_longest_call(clock: ManualClock) -> None:
    pod = Pod(clock, "x")
    token = pod.call()
    clock.advance(1800)
    assert pod.registry.authenticate(token)
    clock.advance(61)
    with pytest.raises(Unauthorized, match="expired"):
        pod.registry.authenticate(token)


def test_a_peer_speaks_for_the_calls_of_a_proxy_that_died(clock: ManualClock) -> None:
    dead, peer = Pod(clock, "x"), Pod(clock, "x")
    token = dead.call()
    with pytest.raises(Unauthorized):
        peer.registry.authenticate(token)
    peer.trust("x", dead)
    call = peer.registry.authenticate(token)
    assert (call.detached, call.token.revision) == (True, STABLE.name)
    assert peer.registry.authenticate(token) is call
    assert peer.registry.live() == ()


def test_a_peer_that_does_not_serve_an_assistant_cannot_sign_for_it(clock: ManualClock) -> None:
    both, foreign = Pod(clock, "x", "y"), Pod(clock, "x", "y")
    both.trust("y", foreign)
    assert both.registry.authenticate(foreign.call(name="y"))
    with pytest.raises(Unauthorized):
        both.registry.authenticate(foreign.call(name="x"))


def test_a_ticket_is_no_key(clock: ManualClock) -> None:
    """Neither where it was issued nor at a peer."""
    pod, peer = Pod(clock, "x"), Pod(clock, "x")
    peer.trust("x", pod)
    ticket = pod.keys.ticket(pod.registry.assistants["ns/x"], "CA1", Arm.STABLE, STABLE.name)
    assert peer.keys.verify(ticket, peer.registry.assistants.values()).call_id == "CA1"
    for each in (pod, peer):
        with pytest.raises(Unauthorized):
            each.registry.authenticate(ticket)


def test_calls_of_dead_peers_are_bounded(clock: ManualClock) -> None:
    dead, peer = Pod(clock, "x"), Pod(clock, "x")
    peer.trust("x", dead)
    first = peer.registry.authenticate(dead.call("CA-first"))
    closed: list[str] = []
    first.resources.add(lambda: closed.append("first"))
    for number in range(DETACHED_MAX):
        peer.registry.authenticate(dead.call(f"CA{number}"))
    assert closed == ["first"]
