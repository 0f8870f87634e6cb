"""One finished call and one SLO → a number: 0 is a perfect call, 1 the worst, None says nothing.

The unit is the call, because the turns of a call are alike. Rescued calls and turns were served by the other arm and
are no evidence. No data is None: never zero, never a failure.
"""

from collections.abc import Callable, Mapping, Sequence

from understudy.api.rollout import LatencySignal, LatencySlo, RatioSignal, ScoreSignal, ScoreSlo, Slo
from understudy.base.duration import parse_ms
from understudy.domain.calls.observation import CallEnd, CallObservation, Defect, TurnRecord


def badness(slo: Slo, call: CallObservation) -> float | None:
    """How bad `call` was by `slo`, in [0, 1]; None when the call says nothing about it."""
    if call.rescued:
        return None
    if slo.latency:
        return _latency(slo.latency, call)
    if slo.ratio:
        return _RATIOS[slo.ratio.signal](call)
    if slo.score:
        return _score(slo.score, call)
    return None


def _share(bad: int, total: int) -> float | None:
    return bad / total if total else None


def own_turns(call: CallObservation) -> Sequence[TurnRecord]:
    """The turns that are evidence about the call's arm.

    Left out: turns served by stable on the canary's behalf, and the last turn when the caller said goodbye and hung
    up: nobody was waiting for an answer any more.
    """
    turns = [turn for turn in call.turns if not turn.rescued]
    said_goodbye = call.end is CallEnd.CALLER_HUNG_UP and call.completed is True
    if said_goodbye and turns and not turns[-1].answered:
        return turns[:-1]
    return turns


def _latency(slo: LatencySlo, call: CallObservation) -> float | None:
    threshold_ms = parse_ms(slo.threshold)
    if slo.signal is LatencySignal.FIRST_RESPONSE:
        return _first_response(call, threshold_ms)
    slow = [over for turn in own_turns(call) if (over := _over(turn, threshold_ms)) is not None]
    return _share(sum(slow), len(slow))


def _over(turn: TurnRecord, threshold_ms: int) -> bool | None:
    """Whether the answer was slow: an unanswered turn is; an answered one that nobody timed says nothing."""
    if not turn.answered:
        return True
    return None if turn.total_ms is None else turn.total_ms > threshold_ms


def _first_response(call: CallObservation, threshold_ms: int) -> float | None:
    if call.first_response_ms is not None:
        return float(call.first_response_ms > threshold_ms)
    waited_ms = (call.ended_at - call.started_at) * 1000
    return 1.0 if waited_ms > threshold_ms else None


def _reprompts(call: CallObservation) -> float | None:
    turns = own_turns(call)
    return _share(sum(Defect.REPROMPT in turn.defects for turn in turns), len(turns))


def _interruptions(call: CallObservation) -> float | None:
    answered = sum(turn.answered for turn in call.turns)
    return _share(min(call.interruptions, answered), answered)


def _not_completed(call: CallObservation) -> float | None:
    return None if call.completed is None else float(not call.completed)


_RATIOS: Mapping[RatioSignal, Callable[[CallObservation], float | None]] = {
    RatioSignal.DROPPED_CALLS: lambda call: float(call.end is CallEnd.DROPPED),
    RatioSignal.FAILED_TOOLS: lambda call: _share(min(call.tool_failures, call.tool_calls), call.tool_calls),
    RatioSignal.WEBHOOK_ERRORS: lambda call: _share(min(call.webhook_errors, call.webhook_calls), call.webhook_calls),
    RatioSignal.REPROMPTS: _reprompts,
    RatioSignal.ABANDONMENT: _not_completed,
    RatioSignal.CONNECT_FAILURES: lambda call: float(not call.connected),
    RatioSignal.TRANSCRIBER_FAILOVERS: lambda call: float(call.transcriber_failovers > 0),
    RatioSignal.VOICE_FAILOVERS: lambda call: float(call.voice_failovers > 0),
    RatioSignal.INTERRUPTIONS: _interruptions,
}


def _score(slo: ScoreSlo, call: CallObservation) -> float | None:
    match slo.signal:
        case ScoreSignal.COMPLETION:
            return _not_completed(call)
        case ScoreSignal.JUDGE:
            return None if call.judge_score is None else 1 - call.judge_score
        case ScoreSignal.WEBHOOK:
            return None if call.webhook_score is None else 1 - call.webhook_score
        case ScoreSignal.QUALITY:
            return _quality(call)


def _quality(call: CallObservation) -> float | None:
    """Share of bad items: a turn that went unanswered or has a defect is one, and so is an abandoned call.

    How the call ended is one item beside its turns: giving up weighs most in a short call, which is where it is most
    likely the assistant's doing.
    """
    items = [bool(turn.defects) or not turn.answered for turn in own_turns(call)]
    if call.completed is not None:
        items.append(not call.completed)
    return _share(sum(items), len(items))


def metric(slo: Slo) -> str:
    """The signal that `slo` is about, such as `Turn` or `DroppedCalls`."""
    for kind in (slo.latency, slo.ratio, slo.score):
        if kind:
            return str(kind.signal)
    return "Prometheus"


def allowed_badness(slo: Slo) -> float:
    """The objective as badness in [0, 1]: the mean over calls that is still fine."""
    if slo.latency:
        return slo.latency.max_percent_over / 100
    if slo.ratio:
        return slo.ratio.max_percent / 100
    return 1 - slo.score.min_percent / 100 if slo.score else 1.0


def margin(slo: Slo) -> float:
    """How much worse than stable the canary may be, as badness in [0, 1]."""
    kind = slo.latency or slo.ratio or slo.score
    return kind.margin_percent / 100 if kind else 1.0


def tolerance(slo: Slo) -> float:
    """How much worse than stable is no regression yet, as badness in [0, 1]."""
    kind = slo.latency or slo.ratio or slo.score
    return kind.tolerance_percent / 100 if kind else 0.0


def shown_percent(slo: Slo, bad: float) -> float:
    """Badness the way the user wrote the SLO: a score counts what is good."""
    return round(100 * (1 - bad if slo.score else bad), 3)


def signature(slo: Slo) -> str:
    """Names what is measured: while it stays the same, counts go on; when it changes they start anew."""
    threshold = f">{slo.latency.threshold}" if slo.latency else ""
    return f"{metric(slo)}{threshold}"
