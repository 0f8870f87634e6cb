"""How far each proxy process has been read, and what calls it took with it when it went.

A proxy that crashes takes exactly its dropped calls with it: nobody is left to report them. So the calls in progress
are noted with each reading position, and those of a process that is gone count as dropped, each once.
"""

from collections.abc import Sequence

from understudy.api.status import MAX_CURSORS, Cursor, Phase, Revision, RolloutStatus
from understudy.domain.calls.observation import ProxyReport
from understudy.domain.rollout.inputs import Observation
from understudy.domain.routing.document import Arm


def arm_of(rollout: RolloutStatus, revision: str) -> Arm | None:
    """The arm whose evidence a call on `revision` is; None: it is none in this rollout.

    By revision and not by the arm's name: the stable of an earlier rollout is not this one's. While a promoted revision
    bakes, it is the one that is judged, and the one before it the yardstick.
    """
    judged, yardstick = rollout.canary, rollout.stable
    if rollout.phase is Phase.BAKING:
        judged, yardstick = rollout.stable, rollout.previous
    if _is(judged, revision):
        return Arm.CANARY
    return Arm.STABLE if _is(yardstick, revision) else None


def _is(revision: Revision | None, name: str) -> bool:
    return revision is not None and revision.name == name


def gone(cursor: Cursor, seen: Observation) -> bool:
    """Whether the process is no more: its pod is gone, or another process runs in it. A silent one may only be slow."""
    reports = [pod.report for pod in seen.proxies if pod.pod == cursor.pod]
    if any(report and report.boot_id == cursor.boot_id for report in reports):
        return False
    return not reports or any(report is not None for report in reports)


def lost(cursors: Sequence[Cursor], seen: Observation) -> dict[Arm, int]:
    """Calls in progress, by arm, on processes that are no more."""
    over = [cursor for cursor in cursors if gone(cursor, seen)]
    calls = {
        Arm.CANARY: sum(cursor.live_canary for cursor in over),
        Arm.STABLE: sum(cursor.live_stable for cursor in over),
    }
    return {arm: count for arm, count in calls.items() if count}


def moved(rollout: RolloutStatus, seen: Observation) -> tuple[Cursor, ...]:
    """The cursors after all that was reported; what a process that is gone had in progress is counted by now."""
    reports = [pod.report for pod in seen.proxies if pod.report]
    read = read_up_to(rollout.cursors, reports)
    live = {report.boot_id: _live(rollout, report) for report in reports}
    return tuple(_with_live(cursor, live.get(cursor.boot_id), over=gone(cursor, seen)) for cursor in read)


def _with_live(cursor: Cursor, live: dict[Arm, int] | None, *, over: bool) -> Cursor:
    if live is None and not over:
        return cursor
    now = live or {}
    return cursor.model_copy(
        update={"live_canary": now.get(Arm.CANARY, 0), "live_stable": now.get(Arm.STABLE, 0)},
    )


def _live(rollout: RolloutStatus, report: ProxyReport) -> dict[Arm, int]:
    calls: dict[Arm, int] = {}
    for revision, count in report.live_calls.items():
        if arm := arm_of(rollout, revision):
            calls[arm] = calls.get(arm, 0) + count
    return calls


def forgotten(cursors: Sequence[Cursor]) -> tuple[Cursor, ...]:
    """The cursors with no calls in progress: those of an earlier rollout are nobody's evidence in the next."""
    return tuple(cursor.model_copy(update={"live_canary": 0, "live_stable": 0}) for cursor in cursors)


def read_up_to(cursors: Sequence[Cursor], reports: Sequence[ProxyReport]) -> tuple[Cursor, ...]:
    """The cursors after `reports`.

    A process that is not heard of now keeps its cursor, because it may only be slow; of those, the ones heard of
    longest ago make room.
    """
    known = {cursor.boot_id: cursor for cursor in cursors}
    heard: dict[str, Cursor] = {}
    for report in sorted(reports, key=lambda each: (each.pod, each.boot_id)):
        before = heard.get(report.boot_id) or known.get(report.boot_id)
        last = max((call.seq for call in report.observations), default=0)
        seq = max(before.seq if before else 0, last, report.lost_before)
        heard[report.boot_id] = Cursor(boot_id=report.boot_id, pod=report.pod, seq=seq)
    silent = [cursor for cursor in cursors if cursor.boot_id not in heard]
    return tuple([*silent, *heard.values()][-MAX_CURSORS:])
