"""One finished call and one SLO → a number: 0 is a perfect call, 1 the worst, None says nothing.

The unit is the call, because the turns of a call are alike. Rescued calls and turns were served by the other arm and
are no evidence. No data is None: never zero, never a failure.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence

from understudy.api.rollout import LatencySignal, LatencySlo, RatioSignal, ScoreSignal, ScoreSlo, Slo
from understudy.base.duration import parse_ms
from understudy.domain.calls.observation import CallEnd, CallObservation, CallPart, Defect, TurnRecord


def badness(slo: Slo, call: CallObservation) -> float | None:
    """How bad `call` was by `slo`, in [0, 1]; None when the call says nothing about it.

    A long call is told in two parts; each signal is in one of them only, so that it counts once.
    """
    told_elsewhere = CallPart.TURNS if about_the_end(slo) else CallPart.END
    if call.rescued or call.part is told_elsewhere:
        return None
    if slo.latency:
        return _latency(slo.latency, call)
    if slo.ratio:
        return _RATIOS[slo.ratio.signal](call)
    if slo.score:
        return _score(slo.score, call)
    return None


def about_the_end(slo: Slo) -> bool:
    """Whether only the end of a call says something about `slo`."""
    return bool((slo.ratio and slo.ratio.signal in _ENDS) or (slo.score and slo.score.signal in _ENDS))


_ENDS = frozenset(
    {
        RatioSignal.DROPPED_CALLS,
        RatioSignal.ABANDONMENT,
        ScoreSignal.COMPLETION,
        ScoreSignal.JUDGE,
        ScoreSignal.WEBHOOK,
    }
)


def badness_of_lost(slo: Slo) -> float | None:
    """Of a call that never ended, because its proxy was gone first: it was dropped, and nothing else is known of it."""
    return 1.0 if slo.ratio and slo.ratio.signal is RatioSignal.DROPPED_CALLS else None


def _share(bad: int, total: int) -> float | None:
    return bad / total if total else None


def own_turns(call: CallObservation) -> Sequence[TurnRecord]:
    """The turns that are evidence about the call's arm.

    Left out: turns served by stable on the canary's behalf, and the last turn when the caller said goodbye and hung
    up: nobody was waiting for an answer any more.
    """
    turns = [turn for turn in call.turns if not turn.rescued]
    whole = call.part is CallPart.WHOLE
    said_goodbye = whole and call.end is CallEnd.CALLER_HUNG_UP and call.completed is True
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
    if call.completed is not None and call.part is CallPart.WHOLE:
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


def ceiling(slo: Slo) -> float | None:
    """What no canary may pass, as badness in [0, 1]; None: there is no ceiling."""
    kind = slo.latency or slo.ratio
    if kind and kind.ceiling_percent is not None:
        return kind.ceiling_percent / 100
    return 1 - slo.score.floor_percent / 100 if slo.score and slo.score.floor_percent is not None else None


def tolerance(slo: Slo) -> float:
    """How much worse than stable is no regression yet, as badness in [0, 1]."""
    kind = slo.latency or slo.ratio or slo.score
    return kind.tolerance_percent / 100 if kind else 0.0


def shown_percent(slo: Slo, bad: float) -> float:
    """Badness the way the user wrote the SLO: a score counts what is good."""
    return round(100 * (1 - bad if slo.score else bad), 3)


def signature(slo: Slo) -> str:
    """Names what is measured: while it stays the same, counts go on; when it changes they start anew."""
    if slo.prometheus:
        return f"Prometheus#{zlib.crc32(slo.prometheus.query.encode()):08x}"
    threshold = f">{slo.latency.threshold}" if slo.latency else ""
    return f"{metric(slo)}{threshold}"
