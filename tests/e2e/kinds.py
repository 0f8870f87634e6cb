"""Rollouts of each kind, from the change to the end, with or without somebody being killed on the way."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.demo import shell
from tests.demo.stage import say
from tests.demo.watch import Watch
from tests.e2e import night_desk
from understudy.domain import naming

LONGEST_S = 240
"""Longest wait for one thing to happen: three times what the slowest takes on two idle cores."""

HALF = 50
"""Percent: the one weight of night-desk's rollouts."""

ABSENT = {
    "agent": {"image": None},
    "quality": None,
    "rollout": {"bake": None, "dataDeadline": None, "onStableFailing": None},
}
"""What some kind sets and night-desk's manifest does not have."""

Assistant = dict[str, Any]


def rollout(va: Assistant) -> dict[str, Any]:
    """The rollout's state."""
    found: dict[str, Any] = va["status"]["rollout"]
    return found


def canary_of(va: Assistant) -> str:
    """Short digest of the canary; empty without one."""
    return str(va["status"].get("canaryRevision", ""))


def in_phase(phase: str) -> Callable[[Assistant], bool]:
    """Whether the assistant is in `phase`."""
    return lambda va: bool(va["status"]["phase"] == phase)


def weighed(va: Assistant) -> bool:
    """Whether the proxies send half of the calls to the canary."""
    state = rollout(va)
    return bool(state["phase"] == "Canary" and state.get("weight", 0) == state.get("ackedWeight") == HALF)


def holds(condition: str) -> Callable[[Assistant], bool]:
    """Whether `condition` is True."""
    return lambda va: any(
        each["type"] == condition and each["status"] == "True" for each in va["status"].get("conditions", ())
    )


def ask(verb: str, argument: str = "", name: str = night_desk.NAME) -> None:
    """Make a request by annotation, as the plugin does."""
    words = f"{uuid.uuid4().hex[:8]}{argument and '/' + argument}"
    night_desk.kubectl("annotate", "va", name, "--overwrite", f"{naming.GROUP}/{verb}={words}")


@dataclass(frozen=True)
class Act:
    """Something that someone does when the assistant shows a state."""

    when: Callable[[Assistant], bool]
    what: str
    how: Callable[[], None]


@dataclass(frozen=True)
class Kind:
    """One kind of rollout.

    Attributes:
        patch: what the spec is asked to become.
        wait: `kubectl wait --for=` of its outcome.
        end: the phase that it ends in.
        reason: of the rollback; empty: there is none.
        acts: what is done on the way, in order.
        calls: whether callers are needed.
        phases: where it can be disturbed, besides before and after.
        promoted: whether the spec's revision serves at the end.
        given: the spec of stable, where it is not night-desk's.
        objects: what is applied before.
        slo: that is to blame.
    """

    name: str
    patch: dict[str, Any]
    wait: str
    end: str
    reason: str = ""
    acts: tuple[Act, ...] = ()
    calls: bool = False
    phases: tuple[str, ...] = ("Preparing", "Canary")
    promoted: bool = False
    given: dict[str, Any] = field(default_factory=dict)
    objects: tuple[dict[str, Any], ...] = ()
    slo: str = ""

    def __str__(self) -> str:
        """As tests are called."""
        return self.name.replace(" ", "-")


@dataclass(frozen=True)
class Ended:
    """What was seen of a rollout.

    Attributes:
        first: the canary that the patch made.
        stable: what was stable before.
        dropped: callers' reports of calls that the line failed.
    """

    kind: Kind
    first: str
    stable: str
    seen: list[Assistant]
    dropped: list[dict[str, Any]]

    @property
    def end(self) -> Assistant:
        """The assistant at the end."""
        return self.seen[-1]

    def weights(self) -> list[int]:
        """Weights that were wanted, in order, each once in a row."""
        found: list[int] = []
        for va in self.seen:
            weight = int(rollout(va).get("weight", 0))
            if not found or found[-1] != weight:
                found.append(weight)
        return found


def settle(given: dict[str, Any] | None = None) -> Assistant:
    """Bring night-desk back to how it was made, with `given` laid over; returns it when that serves alone."""
    night_desk.apply()
    night_desk.patch(ABSENT)
    if given:
        night_desk.patch(given)
    generation = night_desk.get()["metadata"]["generation"]
    with night_desk.watched() as watch:
        seen = watch.until(lambda va: _looked(va, generation), LONGEST_S, "a look at the spec")
        if not _alone(seen, generation):
            watch.until(lambda va: _alone(va, generation) or weighed(va), LONGEST_S, "something to promote")
            ask("promote", "full")
        return watch.until(lambda va: _alone(va, generation), LONGEST_S, "a quiet start")


def _looked(va: Assistant, generation: int) -> bool:
    return bool(va["status"].get("observedGeneration", 0) >= generation)


def _alone(va: Assistant, generation: int) -> bool:
    promoted = next((each for each in va["status"].get("conditions", ()) if each["type"] == "Promoted"), None)
    settled = promoted and promoted["status"] == "True" and promoted.get("observedGeneration", 0) >= generation
    return bool(settled and va["status"]["phase"] == "Stable")


def play(kind: Kind, disturbances: tuple[Act, ...] = ()) -> Ended:
    """Play one rollout to its end."""
    before = settle(kind.given)
    for document in kind.objects:
        shell.kubectl("-n", night_desk.NAMESPACE, "apply", "-f", "-", stdin=json.dumps(document))
    with ExitStack() as running:
        load = running.enter_context(night_desk.load()) if kind.calls else None
        watch = running.enter_context(night_desk.watched())
        first = len(watch.seen) - 1
        night_desk.patch(kind.patch)
        canary = canary_of(watch.until(lambda va: bool(canary_of(va)), LONGEST_S, "a canary"))
        todo = [*disturbances]
        for act in kind.acts:
            _act(watch, act, todo)
        for act in todo:
            _do(watch, act)
        watch.until(lambda va: _over(va, kind, canary), LONGEST_S, f"{kind.end} of {kind.name}")
        night_desk.kubectl("wait", f"va/{night_desk.NAME}", f"--for={kind.wait}", "--timeout=60s")
        seen = [va for _, va in watch.seen[first:]]
    dropped = load.dropped() if load else []
    return Ended(kind, canary, before["status"]["stableRevision"], seen, dropped)


def _act(watch: Watch, act: Act, todo: list[Act]) -> None:
    """Wait for `act`'s time, while disturbances whose time comes first are carried out."""
    while todo:
        watch.until(lambda va: act.when(va) or todo[0].when(va), LONGEST_S, act.what)
        if not todo[0].when(watch.seen[-1][1]):
            break
        _do(watch, todo.pop(0))
    _do(watch, act)


def _do(watch: Watch, act: Act) -> None:
    watch.until(act.when, LONGEST_S, act.what)
    say(f"  {act.what}")
    act.how()


def _over(va: Assistant, kind: Kind, canary: str) -> bool:
    if va["status"]["phase"] != kind.end:
        return False
    if kind.end == "RolledBack":
        rejected = rollout(va).get("rejected") or {}
        return bool(rejected.get("name") == canary)
    return bool(va["status"]["stableRevision"] == canary) == kind.promoted


@contextmanager
def two_proxies() -> Iterator[None]:
    """Night-desk with two proxies for so long, so that one may be killed."""
    night_desk.patch({"proxy": {"replicas": 2}})
    deployment = f"deployment/{naming.proxy(night_desk.NAME)}"
    night_desk.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", deployment, "--timeout=120s")
    yield
    night_desk.patch({"proxy": {"replicas": 1}})
