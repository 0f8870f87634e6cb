"""What each SLO reads, as branches of the tree."""

from collections import defaultdict, deque
from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from understudy.api.evidence import Reading, Verdict
from understudy.api.rollout import Slo
from understudy.api.status import Phase
from understudy.apps.cli import words
from understudy.apps.cli.state import State
from understudy.domain.slo.words import measured

TRAIL = 30
"""Looks kept for a sparkline: a minute of `--watch`."""

_REASONS = {
    "NoCalls": "no canary call with data yet",
    "NotProven": "looks worse, not yet told from chance",
    "MoreProofNeeded": "no worse as far as seen, not yet proven",
    "BothArmsBad": "both arms miss the objective, so nobody is blamed",
    "Worse": "worse than stable beyond chance",
    "MissesObjective": "misses its objective beyond chance",
    "WorseThanBefore": "worse than the revision before it was",
    "CeilingReached": "beyond its ceiling",
    "OutOfBounds": "the query's value is out of bounds",
    "NoValue": "the query yields NaN",
    "NoSeries": "the query yields nothing",
    "Stale": "the query's newest sample is too old",
    "SourceDown": "the source does not answer",
}
"""`reason` of a reading → what it means."""


class Trail:
    """The canary's values that a watcher has seen, by assistant and SLO."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], deque[float | None]] = defaultdict(lambda: deque(maxlen=TRAIL))

    def add(self, state: State) -> None:
        """Remember what `state` reads."""
        for reading in state.status.rollout.readings:
            self._seen[state.name, state.canary, reading.slo].append(reading.value)

    def of(self, state: State, slo: str) -> tuple[float | None, ...]:
        """The values of one SLO, oldest first."""
        return tuple(self._seen.get((state.name, state.canary, slo), ()))


def judging(tree: Tree, state: State, trail: Trail) -> None:
    """The verdict and its readings; nothing where nothing is judged."""
    rollout = state.status.rollout
    if not rollout.readings or not (rollout.canary or rollout.phase is Phase.BAKING):
        return
    verdict = rollout.verdict or Verdict.INSUFFICIENT
    sign = words.VERDICTS[verdict]
    label = Text.assemble("verdict  ", (f"{sign.text} {verdict.value}", sign.style))
    if rollout.canary:
        label.append(f" · {rollout.canary_calls} canary and {rollout.stable_calls} stable calls counted", words.FAINT)
    branch = tree.add(label)
    slos = {slo.name: slo for slo in state.slos}
    for reading in rollout.readings:
        _reading(branch, state, reading, slos.get(reading.slo), trail)


def _reading(branch: Tree, state: State, reading: Reading, slo: Slo | None, trail: Trail) -> None:
    sign = words.VERDICTS[reading.verdict]
    label = Text.assemble((f"{sign.text} {reading.verdict.value:<12}", sign.style), " ", (reading.slo, words.BOLD))
    baking = state.status.rollout.phase is Phase.BAKING
    new, old = ("new", "before") if baking else ("canary", "stable")
    label.append(f"  {new} {words.percent(reading.value)} · {old} {words.percent(reading.stable_value)}")
    label.append(f" · wanted {'≥' if slo and slo.score else '≤'} {words.percent(reading.threshold)}")
    if reading.dry_run:
        label.append("  (dry run: without influence)", words.FAINT)
    node = branch.add(label)
    if line := _lately(trail.of(state, reading.slo)):
        node.add(Text(f"{new} lately {line}"))
    node.add(_evidence(reading, slo, _counted(reading, baking=baking)))
    # A bake ends by time: nothing but a failure or a silent source matters to it.
    needs = _needs(reading, state.policy.min_calls)
    if needs and not (baking and reading.verdict is Verdict.INSUFFICIENT):
        node.add(Text(needs))


def _counted(reading: Reading, *, baking: bool) -> str:
    if baking:
        return f"{words.count(reading.canary_calls, 'new call')} with data, {reading.stable_calls} before"
    return f"{reading.canary_calls} canary and {reading.stable_calls} stable calls with data"


def _lately(values: Sequence[float | None]) -> str:
    """What a watcher has seen, from the first value on, with the scale; empty for a single one."""
    known = [each for each in values if each is not None]
    if len(known) < 2:  # noqa: PLR2004 - one value is no line
        return ""
    first = next(n for n, each in enumerate(values) if each is not None)
    low, high = words.percent(min(known)), words.percent(max(known))
    return f"{words.sparkline(values[first:])} {low if low == high else f'{low} to {high}'}"


def _evidence(reading: Reading, slo: Slo | None, counted: str) -> Text:
    what = measured(slo) if slo else reading.metric
    text = Text(f"{what} · {counted}", words.FAINT)
    if reading.evidence_needed:
        text.append(" · evidence against ")
        text.append(words.meter(words.odds(reading.evidence, reading.evidence_needed)))
        text.append(f" {reading.evidence:.3g} of {reading.evidence_needed:.3g}")
    if reading.proof_needed is not None:
        text.append(" · proof for ")
        text.append(words.meter(words.odds(reading.proof, reading.proof_needed)))
        text.append(f" {reading.proof:.3g} of {reading.proof_needed:.3g}")
    return text


def _needs(reading: Reading, min_calls: int) -> str:
    """What is missing, in words; empty when it has passed."""
    if reading.verdict is Verdict.PASS:
        return ""
    parts = [_REASONS.get(reading.reason, reading.reason)]
    if reading.reason == "TooFewCalls":
        parts = [f"{reading.canary_calls} of {min_calls} calls: {max(0, min_calls - reading.canary_calls)} more needed"]
    elif reading.calls_needed is not None:
        parts.append(f"about {words.count(reading.calls_needed, 'more canary call')} at this pace")
    return " · ".join(part for part in parts if part)
