"""Golden calls: who plays them, what came of them, and what follows.

They are no observations: no live caller spoke, so they enter no judge, no cap and no count of calls.
"""

import json
import math

from understudy.api.evidence import MAX_GOLDEN_FAILURES, GoldenFailure, ReplayStatus
from understudy.api.rollout import ReplayStep
from understudy.api.status import Phase, RolloutStatus
from understudy.base.digest import short_digest
from understudy.domain.calls.observation import GoldenResult, ReplayReport
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout.facts import Facts, counts
from understudy.domain.rollout.inputs import Observation
from understudy.domain.rollout.shortening import shortened
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_text


def heard(rollout: RolloutStatus, seen: Observation) -> RolloutStatus:
    """`rollout` after what the player reports of the replay under way; other replays' results are nobody's."""
    replay = rollout.replay
    if replay is None or replay.done or replay.error:
        return rollout
    reports = (pod.report.replay for pod in seen.proxies if pod.report and pod.report.replay)
    told = next((each for each in reports if each.id == replay.id), None)
    return rollout.model_copy(update={"replay": _with_results(replay, told)}) if told else rollout


def _with_results(replay: ReplayStatus, told: ReplayReport) -> ReplayStatus:
    failed = [each for each in told.results if each.failures]
    return replay.model_copy(
        update={
            "passed": len(told.results) - len(failed),
            "failed": len(failed),
            "failures": tuple(map(_failure, failed))[:MAX_GOLDEN_FAILURES],
            "done": told.done,
            "error": shortened(told.error),
        }
    )


def _failure(result: GoldenResult) -> GoldenFailure:
    return GoldenFailure(call=result.name, message=shortened("; ".join(result.failures)))


def ordered(facts: Facts) -> ReplayStatus | None:
    """The replay that is to be played: the one under way, or a new attempt where nobody plays, or other calls."""
    current, step = facts.rollout.replay, facts.step
    if facts.phase is not Phase.CANARY or step is None or step.replay is None or not facts.seen.golden:
        return current
    digest = _digest(facts.seen)
    if current and (current.done or current.error or (current.digest == digest and _plays(facts, current))):
        return current
    player = _player(facts)
    if player is None or facts.rollout.canary is None:
        return current
    return ReplayStatus(
        id=short_digest(f"{facts.rollout.canary.name}/{player}/{digest}/{facts.rollout.generation}/{facts.now}"),
        digest=digest,
        pod=player,
        since=to_text(facts.now),
        total=len(facts.seen.golden),
    )


def _digest(seen: Observation) -> str:
    return short_digest(json.dumps([call.model_dump(mode="json") for call in seen.golden], sort_keys=True))


def _plays(facts: Facts, replay: ReplayStatus) -> bool:
    """Whether its player is still there. One that does not answer may be busy; the step's deadline bounds the wait."""
    return any(pod.pod == replay.pod and counts(pod) for pod in facts.seen.proxies)


def _player(facts: Facts) -> str | None:
    """The first proxy by name that takes new calls and knows the canary."""
    generation = facts.rollout.generation
    able = (p.pod for p in facts.seen.proxies if counts(p) and p.report and p.report.generation >= generation)
    return min(able, default=None)


def failure(facts: Facts) -> str:
    """Why the replay under way has failed; empty: it has not."""
    step = facts.step
    if facts.phase not in JUDGED or step is None or step.replay is None:
        return ""
    replay = facts.rollout.replay
    if replay and replay.error:
        return f"the golden calls could not be played: {replay.error}"
    if replay and (too_many := _too_many(replay, step.replay)):
        return too_many
    if facts.since(facts.rollout.step_since) < stepping.seconds(step.replay.max_duration) or passed(facts):
        return ""
    return f"{_missing(facts)}, longer than maxDuration {step.replay.max_duration}"


def _too_many(replay: ReplayStatus, step: ReplayStep) -> str:
    """Told as soon as the rest cannot make up for it."""
    needed = _needed(replay, step)
    possible = replay.passed if replay.done else replay.total - replay.failed
    if possible >= needed:
        return ""
    first = replay.failures[0] if replay.failures else None
    story = f"; {first.call}: {first.message}" if first else ""
    return f"{replay.passed} of {replay.total} golden calls passed, {needed} have to{story}"


def _needed(replay: ReplayStatus, step: ReplayStep) -> int:
    return math.ceil(replay.total * step.min_pass_percent / 100)


def _missing(facts: Facts) -> str:
    """What the replay waits for."""
    if facts.seen.golden_error:
        return facts.seen.golden_error
    replay = facts.rollout.replay
    if replay is None:
        return "no ready proxy that knows the canary could play the golden calls"
    return f"{replay.passed + replay.failed} of {replay.total} golden calls are over on {replay.pod}"


def passed(facts: Facts) -> bool:
    """Whether the replay of this step is over and enough golden calls met every expectation."""
    replay, step = facts.rollout.replay, facts.step
    if replay is None or not replay.done or step is None or step.replay is None:
        return False
    return not replay.error and replay.passed >= _needed(replay, step.replay)


def in_words(replay: ReplayStatus | None) -> str:
    """`12 of 12 golden calls passed`; empty where none were played to the end."""
    return f"{replay.passed} of {replay.total} golden calls passed" if replay and replay.done else ""
