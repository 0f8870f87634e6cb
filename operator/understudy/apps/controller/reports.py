"""What the proxies have told us and the status does not hold yet. In memory only: after a restart it is read again.

Bounded: observations that the status counts are dropped, and so are those of an assistant that is in no rollout.
"""

from dataclasses import dataclass, field

from understudy.api.status import RolloutStatus
from understudy.apps.controller.ports import Key
from understudy.domain.calls.observation import MAX_BUFFERED, CallObservation, ProxyReport
from understudy.domain.rollout.table import WARM


@dataclass
class Process:
    """One run of one proxy, by its `boot_id`."""

    report: ProxyReport
    """The latest, without its observations."""
    read: int = 0
    """Number of the newest observation received."""
    pending: list[CallObservation] = field(default_factory=list)
    """Received and not in the status yet, oldest first."""
    present: bool = True
    """Whether the pod is still there and this is still its process."""


class Reports:
    """The latest report of every proxy process, by assistant."""

    def __init__(self) -> None:
        self._processes: dict[Key, dict[str, Process]] = {}
        self._collecting: set[Key] = set()
        self._cursors: dict[Key, dict[str, int]] = {}

    def follow(self, key: Key, rollout: RolloutStatus) -> None:
        """The status that is stored now: what it counts is dropped, and where nobody is judged nothing is evidence."""
        self._cursors[key] = {each.boot_id: each.seq for each in rollout.cursors}
        judging = rollout.canary is not None or rollout.phase in WARM
        if judging:
            self._collecting.add(key)
        else:
            self._collecting.discard(key)
        processes = self._processes.get(key, {})
        for boot_id, process in list(processes.items()):
            counted = self._cursors[key].get(boot_id, 0)
            process.pending = [each for each in process.pending if each.seq > counted and judging]
            if not process.present and not process.pending:
                del processes[boot_id]

    def receive(self, key: Key, report: ProxyReport) -> bool:
        """Take in `report`; whether it changes anything that a decision depends on."""
        processes = self._processes.setdefault(key, {})
        known = processes.get(report.boot_id)
        slim = report.model_copy(update={"observations": ()})
        if known is None:
            self._depart(key, report.pod)
            known = processes[report.boot_id] = Process(slim, self._cursors.get(key, {}).get(report.boot_id, 0))
            news = True
        else:
            news = _matters(known.report, slim) or not known.present
            known.report, known.present = slim, True
        fresh = [each for each in report.observations if each.seq > known.read]
        if fresh:
            known.read = fresh[-1].seq
        if key not in self._collecting:
            return news
        known.pending = [*known.pending, *fresh][-MAX_BUFFERED:]
        return news or bool(fresh)

    def position(self, key: Key, pod: str) -> tuple[int, int]:
        """Where to read on: (number of the newest observation received, generation last acknowledged)."""
        for process in self._processes.get(key, {}).values():
            if process.report.pod == pod and process.present:
                return (process.read, process.report.generation)
        return (0, -1)

    def retain(self, key: Key, pods: frozenset[str]) -> None:
        """Only `pods` exist now; the others' observations stay until they are counted."""
        for process in self._processes.get(key, {}).values():
            if process.report.pod not in pods:
                process.present = False

    def present(self, key: Key) -> dict[str, ProxyReport]:
        """The latest report of each pod that is there, with the observations to count, by pod name."""
        return {each.report.pod: _whole(each) for each in self._processes.get(key, {}).values() if each.present}

    def departed(self, key: Key) -> tuple[ProxyReport, ...]:
        """The last report of each process that is gone and left observations to count."""
        return tuple(
            _whole(each) for each in self._processes.get(key, {}).values() if not each.present and each.pending
        )

    def newest(self, key: Key) -> float | None:
        """When the newest observation that is not counted yet was recorded, seconds since the epoch."""
        pending = (each.pending[-1].recorded_at for each in self._processes.get(key, {}).values() if each.pending)
        return max(pending, default=None)

    def forget(self, key: Key) -> None:
        """The assistant is gone."""
        self._processes.pop(key, None)
        self._cursors.pop(key, None)
        self._collecting.discard(key)

    def _depart(self, key: Key, pod: str) -> None:
        for process in self._processes[key].values():
            if process.report.pod == pod:
                process.present = False


def _whole(process: Process) -> ProxyReport:
    return process.report.model_copy(update={"observations": tuple(process.pending)})


def _matters(old: ProxyReport, new: ProxyReport) -> bool:
    """Whether the difference is more than the number of live calls going up and down."""

    def facts(report: ProxyReport) -> tuple[object, ...]:
        live = frozenset(name for name, count in report.live_calls.items() if count)
        told = (report.problems, report.replay, report.stopped)
        return (report.generation, report.draining, report.key_id, report.public_key, live, *told)

    return facts(old) != facts(new)
