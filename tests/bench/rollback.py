"""`rollback`: from the observation that tips the verdict to the last proxy's acknowledgement, under live calls.

On the cluster: a bad model is rolled out again and again to several small assistants. The clock starts when a proxy
records the call that made the verdict Fail (`recordedAt`) and stops when the last proxy has put the rollback's routing
document in force (`appliedAt`); proxies, operator and benchmark share one machine and so one clock.

    python -m tests.bench.rollback [--quick] [--keep] [--rollbacks N]
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.bench import rollback_stage
from tests.bench.report import percentile, publish, rounded
from tests.bench.rollback_calls import Callers
from tests.bench.rollback_measure import STAGES, Policy, Rollback, measure
from tests.bench.rollback_stage import NAMESPACE, Stage
from tests.bench.rollback_watch import Cluster, Seen, following
from tests.demo import shell
from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.status import Phase
from understudy.base.clock import SystemClock
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.routing.document import LEASE_S

FULL, QUICK = 200, 20
"""Rollbacks."""
LIMIT_S = {FULL: 2400.0, QUICK: 30.0}
"""No rollback begins later than this; what was measured by then is what is reported."""
ROLLBACK_S = 60.0
"""Longest wait for one rollback: ten times what its calls take."""
LAST_S = 8.0
"""How long after the limit the last rollbacks may end."""
SETTLE_S = 5.0
"""Longest wait for the benchmark's own watches to have shown all of a rollback that is over."""
WARM_UP_S = 3.0
"""Before the first rollback: the callers are spread out by then."""


@dataclass
class Run:
    """How much is wanted, what was measured and what went wrong.

    Attributes:
        wanted: rollbacks.
        deadline: on the monotonic clock; none begins later.
        lost: rollbacks that could not be measured, and why.
    """

    wanted: int
    deadline: float
    rollbacks: list[Rollback] = field(default_factory=list)
    begun: int = 0
    lost: list[str] = field(default_factory=list)

    def next(self) -> bool:
        """Whether one more is to begin; counts it."""
        more = self.begun < self.wanted and SystemClock().monotonic() < self.deadline
        self.begun += more
        return more

    def patience_s(self) -> float:
        """Longest wait for the rollback that begins now."""
        return min(ROLLBACK_S, self.deadline - SystemClock().monotonic() + LAST_S)


async def drive(stage: Stage, cluster: Cluster, seen: Seen, run: Run) -> None:
    """Roll out one bad revision after the other to one assistant until there were enough."""
    spec = VoiceAssistantSpec.model_validate(shell.get("va", stage.name, NAMESPACE)["spec"])
    policy = Policy(spec.rollout, spec.slos or ())
    while run.next():
        try:
            run.rollbacks.append(await one(stage, cluster, seen, policy, run.patience_s()))
        except (TimeoutError, LookupError) as error:
            run.lost.append(f"{stage.name}: {error!r}")


async def one(stage: Stage, cluster: Cluster, seen: Seen, policy: Policy, patience_s: float) -> Rollback:
    """Roll out a bad revision and wait until it is taken back.

    Raises:
        TimeoutError: it was not, or part of it was not seen.
        LookupError: it was, but not for what was measured.
    """
    del seen.versions[:-1]
    rejected = seen.versions[0].rollout.rejected
    await cluster.change_model(stage.name, "slow", f"You answer the phone. {random.getrandbits(64):016x}")

    def revision() -> str:
        """The one that was rejected since."""
        last = seen.versions[-1].rollout
        return last.rejected.name if last.rejected and last.phase is Phase.ROLLED_BACK else ""

    await seen.until(lambda: revision() not in {"", rejected.name if rejected else ""}, patience_s)
    found: list[Rollback] = []

    def measured() -> bool:
        rollback = measure(revision(), seen, frozenset(stage.proxies), policy)
        found.extend([rollback] if rollback else [])
        return bool(found)

    await seen.until(measured, SETTLE_S)
    return found[0]


async def play(stages: list[Stage], wanted: int) -> dict[str, Any]:
    """The whole measurement."""
    clock, callers = SystemClock(), [Callers(stage.front_door) for stage in stages]
    async with following(stages) as (cluster, seen):
        calling = [asyncio.create_task(each.run()) for each in callers]
        await asyncio.sleep(WARM_UP_S)
        rescued = {boot: count for each in seen.values() for boot, count in each.rescued.items()}
        started, since = clock.monotonic(), clock.now()
        run = Run(wanted, started + LIMIT_S.get(wanted, LIMIT_S[FULL]))
        await asyncio.gather(*(drive(stage, cluster, seen[stage.name], run) for stage in stages))
        seconds = clock.monotonic() - started
        for each in callers:
            each.stopping.set()
        await asyncio.gather(*calling)
        await asyncio.sleep(1)  # the last calls' observations
        return result(run, callers, evidence(seen, since, rescued)) | {"seconds": round(seconds)}


@dataclass(frozen=True)
class Evidence:
    """What the proxies recorded during the run."""

    calls: list[CallObservation]
    rescued_calls: int


def evidence(seen: dict[str, Seen], since: float, rescued_before: dict[str, int]) -> Evidence:
    """Everything recorded after `since`, seconds since the epoch."""
    every = [call for each in seen.values() for calls in each.calls.values() for call in calls]
    now = {boot: count for each in seen.values() for boot, count in each.rescued.items()}
    rescued = sum(count - rescued_before.get(boot, 0) for boot, count in now.items())
    return Evidence([call for call in every if call.recorded_at >= since], rescued)


def result(run: Run, callers: list[Callers], recorded: Evidence) -> dict[str, Any]:
    """What is published."""
    rescued = [turn for call in recorded.calls for turn in call.turns if turn.rescued]
    ended: Counter[str] = sum((each.ended for each in callers), Counter())
    faults: Counter[str] = sum((each.faults for each in callers), Counter())
    by_proxy = sum(call.end is CallEnd.DROPPED for call in recorded.calls)
    return {
        "evidence_to_all_proxies_ms": _spread([each.total_ms for each in run.rollbacks]),
        "rollbacks": len(run.rollbacks),
        "lease_ms": 1000 * LEASE_S,  # what it takes when the operator is gone
        "dropped_calls": max(ended["dropped"], by_proxy),
        "rescued_calls": recorded.rescued_calls,
        "rescued_turns": {"of": len(rescued), "answered": sum(turn.answered for turn in rescued)},
        "stages_ms": {name: _spread([each.stages_ms[name] for each in run.rollbacks]) for name in STAGES},
        "calls": ended.total(),
        "callers_gave_up": ended["given up"],
        "turns": {"spoken": sum(e.turns for e in callers), "unanswered": sum(e.unanswered for e in callers)},
        "canary_calls_to_verdict": rounded(percentile([each.canary_calls for each in run.rollbacks], 50), 0),
        **({"not_measured": run.lost} if run.lost else {}),
        **({"faults": dict(faults)} if faults else {}),
    }


def _spread(values: list[float]) -> dict[str, float | None]:
    return {f"p{share}": rounded(percentile(values, share)) for share in (50, 95, 99)}


def main(arguments: list[str]) -> int:
    """Set the stage, measure, publish; 1 when nothing could be measured."""
    parser = argparse.ArgumentParser(description="Evidence of a bad revision to its end on every proxy.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rollbacks, within 45 s once the stage is set")
    parser.add_argument("--rollbacks", type=int, help="how many instead; the result is not written into the docs")
    parser.add_argument("--keep", action="store_true", help=f"leave namespace {NAMESPACE} for the next run")
    options = parser.parse_args(arguments)
    wanted = options.rollbacks or (QUICK if options.quick else FULL)
    stages = rollback_stage.prepare()
    try:
        found = asyncio.run(play(stages, wanted))
    finally:
        if not options.keep:
            rollback_stage.remove()
    publish("rollback", found, quick=options.quick or options.rollbacks is not None)
    return 0 if found["rollbacks"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
