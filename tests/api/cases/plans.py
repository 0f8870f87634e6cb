"""The rest of a FallbackPlan: attempts, breakers, and what the caller gets at the end."""

from collections.abc import Iterator
from typing import Any

from tests.api.cases.case import Case, plan_accepted, plan_refused

TRANSFER, VOICEMAIL = {"number": "+15550100"}, {"text": "Please leave a message."}

NOT_BUILT = (
    ("spec.graceful.transfer", TRANSFER),
    ("spec.graceful.voicemail", VOICEMAIL),
    ("spec.graceful.callback", {"offer": True}),
)

ACCEPTED: tuple[tuple[str, Any], ...] = (
    ("spec.retries.max", 0),
    ("spec.retries.max", 10),
    ("spec.retries.budgetPercent", 0),
    ("spec.retries.budgetPercent", 100),
    ("spec.circuitBreaker.failures", 1),
    ("spec.circuitBreaker.failures", 1000),
    ("spec.circuitBreaker", {}),
    ("spec.maxConcurrentRollouts", 1),
    ("spec.maxConcurrentRollouts", 1000),
    ("spec.graceful", {}),
    ("spec.graceful.askToRepeat", {"text": "Sorry?"}),
    ("spec.graceful.askToRepeat", {"text": "Sorry?", "maxTimes": 10}),
    ("spec.graceful.simplerPrompt", {"text": "Keep it short."}),
)

REFUSED: tuple[tuple[str, Any, str], ...] = (
    ("spec.retries.max", -1, "greater than or equal to 0"),
    ("spec.retries.max", 11, "less than or equal to 10"),
    ("spec.retries.budgetPercent", -1, "greater than or equal to 0"),
    ("spec.retries.budgetPercent", 101, "less than or equal to 100"),
    ("spec.retries.budgetPercent", "10%", "must be of type integer"),
    ("spec.circuitBreaker.failures", 0, "greater than or equal to 1"),
    ("spec.maxConcurrentRollouts", 0, "greater than or equal to 1"),
    ("spec.maxConcurrentRollouts", 1001, "less than or equal to 1000"),
    ("spec.graceful.askToRepeat.maxTimes", 0, "greater than or equal to 1"),
    ("spec.graceful.askToRepeat.maxTimes", 11, "less than or equal to 10"),
    ("spec.graceful.askToRepeat.text", "", "should be at least 1 chars long"),
    ("spec.graceful.simplerPrompt.text", "", "should be at least 1 chars long"),
)

DURATIONS = (
    ("spec.retries.timeout", ("100ms", "4s", "10s"), ("0s", "99ms", "11s", "fast")),
    ("spec.circuitBreaker.openFor", ("1s", "5s", "2m"), ("0s", "999ms", "3m")),
    ("spec.graceful.transfer.ringTimeout", ("5s", "2m"), ("4s", "3m")),
    ("spec.graceful.voicemail.maxDuration", ("5s", "10m"), ("4s", "11m")),
)

AROUND = {
    "spec.graceful.transfer.ringTimeout": {"spec.graceful.transfer": TRANSFER},
    "spec.graceful.voicemail.maxDuration": {"spec.graceful.voicemail": VOICEMAIL},
}


def cases() -> Iterator[Case]:
    """Field by field."""
    yield plan_accepted("empty", {})
    for path, value in NOT_BUILT:
        told = f"{path} is not built yet; use askToRepeat, or offer it in the system prompt"
        yield plan_refused(path, {path: value}, (path, told))
    for path, value in ACCEPTED:
        yield plan_accepted(f"{path} {value}", {path: value})
    for path, value, told in REFUSED:
        yield plan_refused(f"{path} {value}", {path: value}, (path, told))
    for path, good, bad in DURATIONS:
        for text in good:
            case = plan_accepted(f"{path} {text}", {**AROUND.get(path, {}), path: text})
            yield Case(case.name.replace("accepted", "fine"), case.manifest, silent=(path,))
        for text in bad:
            change = {**AROUND.get(path, {}), path: text}
            yield plan_refused(f"{path} {text}", change, (path, "write a duration from "))
    number = "spec.graceful.transfer.number"
    yield plan_refused("a local number", {number: "5550100"}, (number, "write an international number"))
