"""The story: a first call, a slow model, a worse model, a good model; each act returns what was seen."""

import time
from dataclasses import dataclass, field
from typing import Any

from tests.demo import callers, shell, stage, timeline
from tests.demo.stage import say, step
from tests.demo.watch import Watch

VERDICT_S = 300
"""Longest wait for a verdict: three times what it takes on two idle cores."""


@dataclass(frozen=True)
class Act:
    """One change of the model and what became of it.

    Attributes:
        revision: the canary's short digest.
        stable: the digest that was stable before.
        seen: versions of the assistant, (seconds since the epoch, object), from the change to its end.
        calls: callers' summaries of the calls that ended meanwhile.
        seconds: from the change to its end.
    """

    name: str
    revision: str
    stable: str
    seen: list[tuple[float, dict[str, Any]]]
    calls: list[dict[str, Any]]
    seconds: float

    @property
    def end(self) -> dict[str, Any]:
        """The rollout's state at the end."""
        rollout: dict[str, Any] = self.seen[-1][1]["status"]["rollout"]
        return rollout

    def dropped(self) -> list[dict[str, Any]]:
        """Calls that the line failed."""
        return [call for call in self.calls if call["dropped"]]


@dataclass
class Story:
    """Everything that was seen, in order."""

    started: float = field(default_factory=time.time)
    first_call: dict[str, Any] = field(default_factory=dict)
    first_turns: list[dict[str, Any]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)


def first_call(story: Story) -> None:
    """A recorded call of several turns, with the latency of each turn split over its stages."""
    with step("a phone call (Twilio Media Streams, 8 kHz μ-law)"):
        story.first_call = callers.place_one("first-call", "booking")
        call_id = story.first_call["call_id"]
        story.first_turns = next((each["turns"] for each in callers.observations() if each["callId"] == call_id), [])
    text = transcript(story)
    callers.save(callers.OUT / "first-call.txt", text)
    say(text)
    say(f"  {story.first_call['ended']}; out/first-call.wav (caller left, assistant right), .txt, .json")


def transcript(story: Story) -> str:
    """Both sides of the first call: what was said, what the transcriber made of it, what the assistant answered."""
    dialogue = callers.last_dialogue()
    answers = [message["content"] for message in dialogue if message["role"] == "assistant"]
    heard = [message["content"] for message in dialogue if message["role"] == "user"]
    told = [f"  assistant: {answers[0]}"]
    for number, turn in enumerate(story.first_call["turns"]):
        told.append(f"  caller:    {turn['said']}   (heard as: {_at(heard, number)})")
        told.append(f"  assistant: {_at(answers, number + 1)}")
        told.append(f"             {turn['latency_ms'] or 0:.0f} ms at the caller's ear{_split(story, number)}")
    return "\n".join(told)


def _at(texts: list[str], position: int) -> str:
    return texts[position] if position < len(texts) else "-"


def _split(story: Story, number: int) -> str:
    if number >= len(story.first_turns):
        return ""
    turn = story.first_turns[number]
    parts = [f"{name} {turn[f'{name}Ms']:.0f}" for name in ("transcriber", "model", "voice") if f"{name}Ms" in turn]
    return f" ({', '.join(parts)} ms)"


def patch(name: str) -> None:
    """`kubectl patch` with one of the demo's patches."""
    command = ("patch", "va", stage.ASSISTANT, "--type", "merge", "--patch-file", f"examples/demo/patch-{name}.yaml")
    say(f"  $ kubectl {' '.join(command)}")
    shell.kubectl("-n", stage.NAMESPACE, *command)


def change(name: str, phase: str, load: callers.Load, watch: Watch) -> Act:
    """Change the model under live calls and wait until the rollout ends in `phase`.

    Raises:
        TimeoutError: it did not; the message holds the last status.
    """
    before = watch.seen[-1][1]["status"]["rollout"]
    first_call, first_seen, started = len(load.calls), len(watch.seen) - 1, time.time()
    patch(name)
    started_on = watch.until(lambda va: _canary(va) not in (None, (before.get("canary") or {}).get("name")), 60,
                             "a canary")  # fmt: skip
    revision = str(_canary(started_on))
    watch.until(lambda va: _ended(va, phase, revision), VERDICT_S, f"{phase} of {revision}")
    act = Act(
        name, revision, before["stable"]["name"], watch.seen[first_seen:], load.calls[first_call:],
        time.time() - started,
    )  # fmt: skip
    say(timeline.render(timeline.lines(act.seen), started))
    say(f"  {phase} after {act.seconds:.0f} s; {len(act.calls)} calls ended meanwhile, {len(act.dropped())} dropped")
    return act


def _canary(va: dict[str, Any]) -> str | None:
    canary = va.get("status", {}).get("rollout", {}).get("canary")
    return canary["name"] if canary else None


def _ended(va: dict[str, Any], phase: str, revision: str) -> bool:
    rollout = va.get("status", {}).get("rollout", {})
    if rollout.get("phase") != phase:
        return False
    rejected = (rollout.get("rejected") or {}).get("name")
    return revision in (rejected, rollout["stable"]["name"])


def rollouts(story: Story) -> None:
    """Slow, worse, good; under calls that never stop."""
    with Watch("va", stage.ASSISTANT, stage.NAMESPACE) as watch:
        watch.until(lambda va: va.get("status", {}).get("phase") in ("Stable", "RolledBack"), 60, "a stable start")
        with callers.Load() as load:
            for name, title, phase in (
                ("slow", "a slower model, under live calls", "RolledBack"),
                ("worse", "a model that is fast and worse", "RolledBack"),
                ("good", "a good model", "Stable"),
            ):
                say(f"▸ {title}")
                story.acts.append(change(name, phase, load, watch))
            say("▸ the last calls end")
        story.observations = callers.observations()
