"""The rest of a FallbackPlan: retries are built, what the caller is offered at the end is not yet."""

from collections.abc import Iterator

from tests.api.cases.case import Case, plan_accepted, plan_refused

NOT_BUILT = (
    ("spec.retries.max", 2, "list as many deployments and models"),
    ("spec.retries.budgetPercent", 20, "each deployment is tried once a turn"),
    ("spec.graceful", {"askToRepeat": {"text": "Sorry?", "maxTimes": 2}}, "say in the system prompt"),
    ("spec.graceful", {"simplerPrompt": {"text": "Keep it short."}}, "say in the system prompt"),
    ("spec.graceful", {"callback": {"offer": True}}, "say in the system prompt"),
    ("spec.circuitBreaker", {"failures": 5}, "each attempt is bounded by retries.timeout"),
)

DURATIONS = (
    ("spec.retries.timeout", ("100ms", "4s", "10s"), ("0s", "99ms", "11s", "fast")),
    ("spec.circuitBreaker.openFor", ("1s", "10m"), ("0s", "11m")),
    ("spec.graceful.transfer.ringTimeout", ("5s", "2m"), ("4s", "3m")),
    ("spec.graceful.voicemail.maxDuration", ("5s", "10m"), ("4s", "11m")),
)

AROUND = {
    "spec.graceful.transfer.ringTimeout": {"spec.graceful.transfer.number": "+15550100"},
    "spec.graceful.voicemail.maxDuration": {"spec.graceful.voicemail.text": "Please leave a message."},
}


def cases() -> Iterator[Case]:
    """Field by field."""
    yield plan_accepted("empty", {})
    for path, value, instead in NOT_BUILT:
        name = f"{path} {next(iter(value)) if isinstance(value, dict) else ''}"
        yield plan_refused(name, {path: value}, (path, f"{path} is not built yet; "), (path, instead))
    for path, good, bad in DURATIONS:
        for text in good:
            case = plan_accepted(f"{path} {text}", {**AROUND.get(path, {}), path: text})
            yield Case(case.name.replace("accepted", "fine"), case.manifest, silent=(path,))
        for text in bad:
            change = {**AROUND.get(path, {}), path: text}
            yield plan_refused(f"{path} {text}", change, (path, "write a duration from "))
    number = "spec.graceful.transfer.number"
    yield plan_refused("a local number", {number: "5550100"}, (number, "write an international number"))
    yield plan_refused(
        "breaker at once",
        {"spec.circuitBreaker.failures": 0},
        (
            "spec.circuitBreaker.failures",
            "greater than or equal to 1",
        ),
    )
