"""The rollout as branches of the tree: steps, arms, weight, what went before and what is wrong."""

from rich.text import Text
from rich.tree import Tree

from understudy.api.status import Condition, ConditionStatus, Phase, Revision
from understudy.apps.cli import words
from understudy.apps.cli.state import Agents, State
from understudy.domain.rollout import steps as stepping
from understudy.domain.rollout import waiting
from understudy.domain.rollout.table import JUDGED
from understudy.domain.rollout.times import to_seconds
from understudy.domain.rollout.waiting import in_words

BAD_WHEN_FALSE = ("Ready", "PlanValid")
"""Conditions that say something is wrong by being False."""

BAD_WHEN_TRUE = ("Degraded", "Stalled", "ProviderRetired", "TrafficTooLow", "SpecRejected")
"""Conditions that say something is wrong by being True."""


def headline(state: State) -> Text:
    """Who, in which phase, for how long."""
    rollout = state.status.rollout
    sign = words.PHASES[rollout.phase]
    text = Text.assemble((f"{state.namespace}/{state.name}", words.BOLD), " · ")
    text.append(f"{sign.text} {rollout.phase.value}", sign.style)
    if rollout.phase_since:
        text.append(f" for {waiting.ago(state.case, rollout.phase_since)}")
    if state.step:
        text.append(f" · step {state.step}")
    if state.verdict and rollout.phase in (*JUDGED, Phase.BAKING):
        text.append(f" · verdict {state.verdict}")
    return text


def steps(tree: Tree, state: State) -> None:
    """All steps with where we are, and what the one under way waits for."""
    case, phase = state.case, state.status.rollout.phase
    if phase not in (*JUDGED, Phase.PREPARING):
        return
    index = state.status.rollout.step_index if phase in JUDGED else -1
    line = Text("steps    ")
    for number, step in enumerate(case.steps):
        sign, style = ("✔", words.GOOD) if number < index else ("▶", words.BOLD) if number == index else ("○", "")
        line.append("  " if number else "")
        line.append(f"{sign} {stepping.words(step)}", style)
    branch = tree.add(line)
    if phase in JUDGED:
        waits = "someone" if phase is Phase.PAUSED else waiting.awaited(case)
        held = waiting.held(case) if phase is Phase.CANARY else ""
        branch.add(Text(held or f"waits for {waits}", words.WAIT))


def arms(tree: Tree, state: State) -> None:
    """Stable, canary and whoever live calls are still on."""
    rollout = state.status.rollout
    branch = tree.add(Text("arms"))
    if rollout.stable is None:
        branch.add(Text("no revision serves yet", words.WAIT))
    for role, revision in (("stable", rollout.stable), ("canary", rollout.canary), ("previous", rollout.previous)):
        if revision and not (role == "previous" and rollout.phase is not Phase.BAKING):
            branch.add(_arm(state, role, revision))
    shown = {each.name for each in (rollout.stable, rollout.canary, rollout.previous) if each}
    for kept in rollout.retained:
        if kept.name not in shown:
            branch.add(_arm(state, "rejected" if kept.rejected else "leaving", kept))


def _arm(state: State, role: str, revision: Revision) -> Text:
    text = Text.assemble(f"{role:<8} ", (revision.name, words.BOLD))
    if made := state.made.get(revision.name):
        text.append(f" · revision {made.number}, {in_words(max(0.0, state.at - made.at))} old")
    text.append(f" · {_pods(state.agents.get(revision.agent_service))}")
    text.append(f" · {words.count(state.live_calls(revision.name), 'live call')}")
    if role == "previous":
        text.append(" · kept warm", words.FAINT)
    return text


def _pods(agents: Agents | None) -> str:
    if agents is None:
        return "no agent pods"
    return f"agents {agents.ready}/{'?' if agents.wanted is None else agents.wanted}"


def weight(tree: Tree, state: State) -> None:
    """The canary's share of new calls, wanted and in force."""
    rollout = state.status.rollout
    if rollout.canary is None and rollout.phase is not Phase.ROLLING_BACK:
        return
    text = Text(f"weight   {words.meter(rollout.weight / 100)} {rollout.weight} % wanted, ")
    known = f"{rollout.acked_proxies} of {words.count(rollout.ready_proxies, 'proxy', 'proxies')}"
    behind = rollout.acked_proxies < rollout.ready_proxies or rollout.acked_weight != rollout.weight
    text.append(f"{rollout.acked_weight} % acknowledged ({known})", words.WAIT if behind else "")
    if rollout.lease_expires_at:
        text.append(f" · lease {in_words(max(0.0, to_seconds(rollout.lease_expires_at) - state.at))}", words.FAINT)
    tree.add(text)


def trials(tree: Tree, state: State) -> None:
    """Replay, shadow and bake, where there are any."""
    rollout, case = state.status.rollout, state.case
    if replay := rollout.replay:
        failed = replay.failed
        style = words.BAD if failed or replay.error else words.GOOD if replay.done else words.WAIT
        how = "done" if replay.done else f"on {replay.pod}"
        line = f"replay   {replay.passed} of {words.count(replay.total, 'golden call')} passed, {failed} failed · {how}"
        branch = tree.add(Text(line, style))
        if replay.error:
            branch.add(Text(f"! {replay.error}", words.BAD))
        for failure in replay.failures:
            branch.add(Text.assemble(("✘ ", words.BAD), (failure.call, words.BOLD), f": {failure.message}"))
    if shadow := rollout.shadow:
        tree.add(Text(f"shadow   {words.count(shadow.calls, 'call')}, {words.count(shadow.turns, 'turn')} mirrored"
                      f" · bad turns: canary {_share(shadow.canary_bad, shadow.calls)}"
                      f" · stable {_share(shadow.stable_bad, shadow.calls)}"))  # fmt: skip
    if rollout.phase is Phase.BAKING and case.policy.bake:
        rest = max(0.0, waiting.left(case, rollout.phase_since, case.policy.bake))
        tree.add(Text(f"bake     {in_words(rest)} of {case.policy.bake} left", words.WAIT))


def _share(total: float, calls: int) -> str:
    return words.percent(100 * total / calls if calls else None)


def troubles(tree: Tree, state: State) -> None:
    """The incident, the last rollback while it matters, and every condition that is not as it should be."""
    rollout, case = state.status.rollout, state.case
    if incident := rollout.incident:
        since = waiting.ago(case, incident.since)
        tree.add(Text.assemble(("! incident ", words.BAD), f"open for {since} · {incident.message}"))
    if rollout.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) and (last := rollout.last_rollback):
        when = waiting.ago(case, last.at)
        tree.add(
            Text.assemble(("✘ rolled back ", words.BAD), f"{last.revision} {when} ago · {last.reason}: {last.message}")
        )
    if undo := rollout.undo:
        since = waiting.ago(case, undo.since)
        tree.add(Text(f"undo     waits for agent pods of {undo.revision.name} for {since}", words.WAIT))
    if rollout.queued:
        tree.add(Text(f"waits    {rollout.queued}", words.WAIT))
    for each in state.status.conditions:
        if _wrong(each):
            label = f"! {each.type} {each.status.value}"
            tree.add(Text.assemble((label, words.BAD), f" · {each.reason}: {_unsaid(state, each.message)}"))


def _unsaid(state: State, message: str) -> str:
    """`message` without the story of the last rollback, which has a line of its own."""
    rollout = state.status.rollout
    back = rollout.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) and rollout.last_rollback
    return message.replace(back.message, "…") if back and back.message else message


def _wrong(condition: Condition) -> bool:
    if condition.type in BAD_WHEN_FALSE:
        return condition.status is not ConditionStatus.TRUE
    return condition.type in BAD_WHEN_TRUE and condition.status is ConditionStatus.TRUE
