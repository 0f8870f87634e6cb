"""A reading as a sentence, for `kubectl describe`, events and the reason of a rollback."""

from understudy.api.evidence import Reading, Verdict
from understudy.api.rollout import Slo

_NOUNS = {
    "FirstResponse": "first responses",
    "DroppedCalls": "dropped calls",
    "FailedTools": "failed tool calls",
    "WebhookErrors": "webhook errors",
    "Reprompts": "reprompts",
    "Abandonment": "abandoned calls",
    "ConnectFailures": "calls without an agent",
    "TranscriberFailovers": "calls with a transcriber failover",
    "VoiceFailovers": "calls with a voice failover",
    "Interruptions": "interrupted answers",
    "Quality": "quality",
    "Judge": "the judge model's score",
    "Webhook": "the webhook's score",
    "Completion": "completed calls",
}

_ENDINGS = {
    "BothArmsBad": "both arms miss the objective, so this is no fault of the canary",
    "NotProven": "not yet told from chance",
    "MissesObjective": "beyond chance above the objective, be it lately",
    "WorseThanBefore": "worse than what the revision before it read",
    "MoreProofNeeded": "no worse as far as seen, not yet proven",
}


def percent(value: float | None) -> str:
    """`12.3 %`, or `no data`."""
    return "no data" if value is None else f"{value:.4g} %"


def measured(slo: Slo) -> str:
    """What is measured, such as `turns over 1200ms`."""
    if slo.latency:
        noun = "turns" if slo.latency.signal == "Turn" else _NOUNS[slo.latency.signal]
        return f"{noun} over {slo.latency.threshold}"
    kind = slo.ratio or slo.score
    return _NOUNS[kind.signal] if kind else "query"


def _ending(reading: Reading, min_calls: int) -> str:
    if reading.reason in ("NoCalls", "TooFewCalls"):
        return f"{reading.canary_calls} of {min_calls} canary calls"
    return _ENDINGS.get(reading.reason, "")


def _proof(reading: Reading) -> str:
    """How far the proof is; of interest where it is asked for and the canary is not failing."""
    if reading.proof_needed is None or reading.verdict is Verdict.FAIL:
        return ""
    return f"proof that it is not worse by {percent(reading.margin)} {reading.proof:.4g} of {reading.proof_needed:.4g}"


def _pace(reading: Reading) -> str:
    """Calls still needed, where that is more than what is missing of `minCalls`."""
    if reading.calls_needed is None or reading.reason == "TooFewCalls":
        return ""
    return f"about {reading.calls_needed} more canary calls at this pace"


def sentence(slo: Slo, reading: Reading, min_calls: int) -> str:
    """The reading with metric, value, stable's value, objective, samples and evidence."""
    sign = "≥" if slo.score else "≤"
    parts = [
        f"{measured(slo)}: canary {percent(reading.value)}, stable {percent(reading.stable_value)}",
        f"objective {sign} {percent(reading.threshold)}",
        f"{reading.canary_calls} canary and {reading.stable_calls} stable calls",
        f"evidence {reading.evidence:.4g} of {reading.evidence_needed:.4g}",
        _proof(reading),
        _ending(reading, min_calls),
        _pace(reading),
        "dry run: without influence" if reading.dry_run else "",
    ]
    return "; ".join(part for part in parts if part)
