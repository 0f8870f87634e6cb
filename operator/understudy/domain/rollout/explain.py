"""Why a rollout is where it is and what would move it, in sentences, from its status and its policy alone.

What the rules in `rules.py` decide by, told to people: each function here names what the rule of the same phase waits
for. It changes nothing and asks nobody, so whoever may read the VoiceAssistant may ask.
"""

from collections.abc import Callable
from dataclasses import dataclass

from understudy.api.evidence import Verdict
from understudy.api.status import Condition, ConditionStatus, Phase, RolloutStatus
from understudy.domain.rollout import waiting
from understudy.domain.rollout.waiting import Case, in_words

COMMAND = "kubectl understudy"
"""How the verbs are called."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences.

    Attributes:
        why: why it is where it is.
        moves: what would move it, each by itself.
    """

    why: tuple[str, ...]
    moves: tuple[str, ...] = ()


def explain(case: Case) -> Explanation:
    """The whole answer: the phase's own, then what holds in any phase."""
    own = _PHASES[case.status.phase](case)
    return Explanation(tuple(_sentence(each) for each in (*own.why, *_besides(case))), own.moves)


def _sentence(text: str) -> str:
    """Messages of the status end without a full stop."""
    return text if text.endswith(".") else f"{text}."


def _verb(case: Case, verb: str) -> str:
    """The command that asks for `verb`."""
    return f"{COMMAND} {verb} {case.name}"


def condition(case: Case, kind: str) -> Condition | None:
    """The condition of that type, if it holds."""
    found = (each for each in case.status.conditions if each.type == kind)
    return next((each for each in found if each.status is ConditionStatus.TRUE), None)


def _besides(case: Case) -> tuple[str, ...]:
    """What is worth knowing in any phase."""
    rollout = case.status.rollout
    told = []
    if rollout.incident:
        since = waiting.ago(case, rollout.incident.since)
        told.append(
            f"An incident is open for {since}, and nobody is blamed while it lasts: {rollout.incident.message}."
        )
    if rollout.undo:
        since = waiting.ago(case, rollout.undo.since)
        told.append(f"An undo waits for agent pods of {rollout.undo.revision.name} for {since}.")
    plan = next((each for each in case.status.conditions if each.type == "PlanValid"), None)
    if plan and plan.status is ConditionStatus.FALSE:
        told.append(f"The spec cannot be used as it is ({plan.reason}): {plan.message}")
    if rejected := condition(case, "SpecRejected"):
        told.append(f"What was rejected comes back with every apply: {rejected.message}")
    if low := condition(case, "TrafficTooLow"):
        told.append(f"Traffic is too low for the deadline: {low.message}")
    return tuple(told)


def _named(rollout: RolloutStatus) -> str:
    return rollout.canary.name if rollout.canary else "the canary"


def _stable(rollout: RolloutStatus) -> str:
    return rollout.stable.name if rollout.stable else "stable"


def _initializing(case: Case) -> Explanation:
    ready = next((each for each in case.status.conditions if each.type == "Ready"), None)
    missing = ready.message if ready and ready.message else "the operator has not looked at it yet"
    return Explanation(
        (f"No revision serves yet: {missing}.",),
        ("A ready agent pod, and every ready proxy knowing the revision: then it serves all calls.",),
    )


def _settled(case: Case) -> Explanation:
    rollout = case.status.rollout
    why = [f"{_stable(rollout)} takes all calls and nothing is under way."]
    moves = ["A change of the spec or of its FallbackPlan starts a rollout.", f"`{_verb(case, 'undo')}` goes back."]
    if rollout.queued:
        why.append(f"The spec's revision waits its turn: {rollout.queued}")
        moves.insert(0, "Those before it in the line getting done.")
    return Explanation(tuple(why), tuple(moves))


def _preparing(case: Case) -> Explanation:
    rollout, policy = case.status.rollout, case.policy
    why = [f"{_named(rollout)} is not ready for calls yet; {_stable(rollout)} takes them all."]
    moves = []
    if rollout.not_ready_since:
        since = waiting.ago(case, rollout.not_ready_since)
        why.append(f"Its agent pods, or a key that it needs, are awaited for {since}.")
        left = in_words(waiting.left(case, rollout.not_ready_since, policy.progress_deadline))
        moves.append(
            f"Agent pods not ready within progressDeadline {policy.progress_deadline} ({left} left): taken back."
        )
    if rollout.acked_proxies < rollout.ready_proxies:
        why.append(f"{rollout.acked_proxies} of {rollout.ready_proxies} ready proxies have acknowledged it.")
    if rollout.ready_proxies == 0:
        why.append("No proxy is ready.")
    ready = "A ready agent pod and every ready proxy's acknowledgement: the first step begins."
    return Explanation(tuple(why), (ready, *moves, f"`{_verb(case, 'abort')}` gives it up."))


def _canary(case: Case) -> Explanation:
    rollout = case.status.rollout
    why = [f"{_named(rollout)} gets {rollout.weight} % of new calls; {waiting.step_title(case)}."]
    held = waiting.held(case)
    if held:
        why.append(held)
    else:
        why.append(f"It waits for {waiting.awaited(case)}.")
    why += [f"{each.slo}: {each.message}." for each in rollout.readings if each.verdict is not Verdict.PASS]
    moves = ["The end of that: it goes on."] if held else [*waiting.step_moves(case)]
    ahead = "goes to the next step" if case.step else "promotes it"
    moves += [_on_regression(case), f"`{_verb(case, 'promote')}` {ahead} now."]
    return Explanation(tuple(why), (*moves, f"`{_verb(case, 'abort')}` takes it back."))


def _on_regression(case: Case) -> str:
    return f"An SLO failing beyond chance: {waiting.worse(case)} (onRegression: {case.policy.on_regression.value})."


BLOCKING = {
    "Regression": "an SLO fails and onRegression is Pause; new calls go to stable",
    "ReplayFailed": "golden calls failed and onRegression is Pause; no caller has met the canary",
    "ShadowFailed": "mirrored turns went worse and onRegression is Pause; no caller has met the canary",
}
"""`pauseReason` that only abort and retry end → why (`facts.BLOCKING`)."""

_PAUSES = {
    **BLOCKING,
    "PauseStep": "the step is a pause that lasts until someone resumes",
    "PauseRequested": "someone asked for it",
    "InsufficientData": "the calls that would settle the verdict did not come in time",
}
"""`pauseReason` → why."""


def _paused(case: Case) -> Explanation:
    rollout = case.status.rollout
    reason = rollout.pause_reason or "Paused"
    since = waiting.ago(case, rollout.phase_since)
    why = [f"Paused for {since}: {_PAUSES.get(reason, reason)}.", f"{rollout.weight} % of new calls meet the canary."]
    failing = next((each for each in rollout.readings if each.verdict is Verdict.FAIL and not each.dry_run), None)
    moves = {"resume": "goes on", "promote": "skips what is left of the step", "abort": "takes it back"}
    if failing:
        why.append(f"{failing.slo} fails: {failing.message}.")
    if failing or reason in BLOCKING:
        moves = {"retry": "judges it afresh", "abort": "takes it back"}
    told = (f"`{_verb(case, verb)}` {does}." for verb, does in moves.items())
    return Explanation(tuple(why), (*told, "A change of the spec starts another rollout in its place."))


def _promoting(case: Case) -> Explanation:
    rollout = case.status.rollout
    known = f"{rollout.acked_proxies} of {rollout.ready_proxies} ready proxies have taken that in"
    follows = f"it bakes for {case.policy.bake}" if case.policy.bake else "it is done"
    return Explanation((f"{_stable(rollout)} was promoted; {known}.",), (f"The others' acknowledgement: {follows}.",))


def _baking(case: Case) -> Explanation:
    rollout, bake = case.status.rollout, case.policy.bake or "0s"
    before = rollout.previous.name if rollout.previous else "the one before it"
    left = in_words(waiting.left(case, rollout.phase_since, bake))
    return Explanation(
        (f"{_stable(rollout)} takes every new call and is still judged; {before} is kept warm ({left} of {bake}).",),
        (
            "The end of that time: it is done.",
            f"An SLO failing: {before} takes the calls back at once.",
            f"`{_verb(case, 'promote')}` ends it now; `{_verb(case, 'undo')}` goes back to {before} now.",
        ),
    )


def _rolling_back(case: Case) -> Explanation:
    rollout = case.status.rollout
    return Explanation(
        (*_cause(rollout), f"{rollout.acked_proxies} of {rollout.ready_proxies} ready proxies send it no more calls."),
        (f"The others' acknowledgement, or {_not_waited_for(rollout)}.",),
    )


def _not_waited_for(rollout: RolloutStatus) -> str:
    """What a proxy that cannot be reached does by itself, or how long it is waited for."""
    if rollout.lease_over_at:
        return f"the end of the canary's lease ({waiting.at(rollout.lease_over_at)})"
    return "a while: who cannot be reached is not waited for without end"


def _rolled_back(case: Case) -> Explanation:
    rollout = case.status.rollout
    rejected = rollout.rejected.name if rollout.rejected else "it"
    return Explanation(
        (*_cause(rollout), f"{_stable(rollout)} takes all calls; {rejected} is not tried again by itself."),
        ("A changed spec starts a new rollout.", f"`{_verb(case, 'retry')}` tries {rejected} again, judged afresh."),
    )


def _cause(rollout: RolloutStatus) -> tuple[str, ...]:
    last = rollout.last_rollback
    return (f"{last.revision} was taken back ({last.reason}): {last.message}.",) if last else ()


_PHASES: dict[Phase, Callable[[Case], Explanation]] = {
    Phase.INITIALIZING: _initializing,
    Phase.STABLE: _settled,
    Phase.PREPARING: _preparing,
    Phase.CANARY: _canary,
    Phase.PAUSED: _paused,
    Phase.PROMOTING: _promoting,
    Phase.BAKING: _baking,
    Phase.ROLLING_BACK: _rolling_back,
    Phase.ROLLED_BACK: _rolled_back,
}
