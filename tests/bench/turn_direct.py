"""The `turn` benchmark's direct half: the agent wired to the providers themselves, with no proxy between.

The same program, settings and callers as behind a proxy, so that the difference is the proxy's. The providers are fakes
that answer after exactly 50 ms; they and the callers share this process and its clock, the agent has one of its own.

    python -m tests.bench.turn_direct [--turns N] [--calls N] [--end-of-turn SmartTurn|Silence]
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.caller import Caller
from tests.integration.agent.fake_proxy import Event, FakeProxy, Script
from tests.integration.agent.speech import spoken
from understudy.apps.agent import settings

PROVIDER_SECONDS = 0.05
UTTERANCES = (
    "can you tell me the price",
    "what time do you open tomorrow",
    "a table for two please",
    "it is maple street in springfield",
    "yes that is right",
    "do you have anything without meat",
)
GREETING = "Hello, this is the front desk. How can I help you?"
REPLY = "Okay then, thank you. What else can I do?"
PAUSE_SECONDS = 1.0
"""Between the end of the assistant's reply and the caller's next utterance."""
QUIET_SECONDS = 0.4
"""Without a message of audio: the reply is over."""
SILENCE_MS = 200
"""End of turn by silence, for callers that are synthetic voices."""
LEAD_SECONDS = 0.25
"""How long before the caller's last frame the first stage may begin."""
STAGES = ("finalize", "transcript", "model", "voice", "audio")
"""The providers' events of a turn, in order; the last stage ends when the caller hears."""
NAMES = ("end_of_turn", "transcriber", "agent_to_model", "model", "voice", "out")
"""What lies before each of `STAGES`, and after the last."""


@dataclass(frozen=True)
class Turn:
    """One answered utterance, in milliseconds from the caller's last frame."""

    total_ms: float
    stages_ms: dict[str, float]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie: nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def script() -> Script:
    """Providers that answer in `PROVIDER_SECONDS`."""
    return Script(heard=list(UTTERANCES), replies=[GREETING, REPLY], delay_seconds=PROVIDER_SECONDS)


def start_agent(end_of_turn: str = "Silence", calls: int = 40) -> AgentProcess:
    """The agent under test, ready. The caller stops it."""
    silence = str(SILENCE_MS) if end_of_turn == "Silence" else str(settings.DEFAULT_SILENCE_MS)
    return AgentProcess(
        **{
            settings.ENV_END_OF_TURN: end_of_turn,
            settings.ENV_SILENCE_MS: silence,
            settings.ENV_CALLS: str(calls),
        }
    )


async def converse(caller: Caller, turns: int, first: int = 0) -> list[float]:
    """Hold `turns` turns of a call whose greeting is still to come; milliseconds of each answered one."""
    await caller.seen("heard", seconds=30)
    answered = []
    for number in range(turns):
        await _quiet(caller)
        heard = len(caller.named("heard"))
        caller.say(spoken(UTTERANCES[(first + number) % len(UTTERANCES)]))
        sent = await caller.seen("sent", number + 1)
        try:
            first_audio = await caller.seen("heard", heard + 1, seconds=6)
        except TimeoutError:
            continue
        answered.append((first_audio.at - sent.at) * 1000)
    return answered


async def _quiet(caller: Caller) -> None:
    count = -1
    while count != len(caller.named("heard")):
        count = len(caller.named("heard"))
        await asyncio.sleep(QUIET_SECONDS)
    await asyncio.sleep(PAUSE_SECONDS)


def split(proxy: FakeProxy, caller: Caller) -> list[Turn]:
    """The turns of the only call that `proxy` served, each split by stage."""
    turns = []
    for sent in caller.named("sent"):
        heard = next((event.at for event in caller.named("heard") if event.at > sent.at), None)
        marks = _marks(proxy.events, sent.at, heard) if heard else []
        if heard and len(marks) == len(STAGES):
            edges = [sent.at, *marks, heard]
            spans = [(after - before) * 1000 for before, after in itertools.pairwise(edges)]
            turns.append(Turn((heard - sent.at) * 1000, dict(zip(NAMES, spans, strict=True))))
    return turns


def _marks(events: Sequence[Event], sent: float, heard: float) -> list[float]:
    inside = [event for event in events if sent - LEAD_SECONDS < event.at < heard]
    last = {event.name: event.at for event in inside}
    return [last[name] for name in STAGES if name in last]


async def latency(agent: AgentProcess, turns: int) -> dict[str, object]:
    """One caller's turns with no proxy between; as `measure`."""
    async with FakeProxy(script()) as providers:
        return await measure(agent.media, providers, turns)


async def measure(media: str, providers: FakeProxy, turns: int) -> dict[str, object]:
    """One caller's turns: percentiles and the median of each stage, in milliseconds.

    Args:
        media: where the caller connects to: the agent itself, or a proxy's front door.
        providers: that serve this call and no other.
        turns: how many utterances to speak.
    """
    async with Caller(media, providers.url) as caller:
        await converse(caller, turns)
        split_turns = split(providers, caller)
    totals = [turn.total_ms for turn in split_turns]
    stages = {name: round(statistics.median(turn.stages_ms[name] for turn in split_turns), 1) for name in NAMES}
    return {
        "turns": len(totals),
        "p50_ms": round(percentile(totals, 0.5), 1),
        "p95_ms": round(percentile(totals, 0.95), 1),
        "totals_ms": [round(total, 1) for total in totals],
        "stages_p50_ms": stages,
        "caller_late_ms": round(caller.late * 1000, 1),
    }


async def load(agent: AgentProcess, calls: int, turns: int, idle_bytes: int) -> dict[str, object]:
    """`calls` callers at a time: share of a core for each call, memory for each, latency under load.

    Args:
        agent: with room for all of them.
        calls: how many, started 0.2 s apart, as the carrier would not start them at once either.
        turns: of each call.
        idle_bytes: resident size of the agent before its first call.
    """
    async with FakeProxy(script()) as proxy:
        callers = [Caller(agent.media, proxy.url, f"CA{number}") for number in range(calls)]
        for caller in callers:
            await caller.__aenter__()
            await asyncio.sleep(0.2)
        began, cpu = asyncio.get_running_loop().time(), agent.cpu_seconds()
        answered = await asyncio.gather(*(converse(caller, turns, n) for n, caller in enumerate(callers)))
        elapsed = asyncio.get_running_loop().time() - began
        busy = agent.cpu_seconds() - cpu
        peak = agent.resident_bytes()
        late = max(caller.late for caller in callers)
        await asyncio.gather(*(caller.__aexit__() for caller in callers))
    every = [value for each in answered for value in each]
    return {
        "calls": calls,
        "turns": len(every),
        "unanswered": calls * turns - len(every),
        "p50_ms": round(percentile(every, 0.5), 1),
        "p95_ms": round(percentile(every, 0.95), 1),
        "core_share": round(busy / elapsed, 3),
        "calls_per_core": round(calls / (busy / elapsed), 1),
        "mib_per_call": round((peak - idle_bytes) / calls / 2**20, 2),
        "caller_late_ms": round(late * 1000, 1),
    }


def main(arguments: Sequence[str]) -> int:
    """Print one JSON object: latency of one call, then the load of many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--calls", type=int, default=0, help="also measure this many calls at a time")
    parser.add_argument("--end-of-turn", default="Silence", choices=["Silence", "SmartTurn"])
    options = parser.parse_args(arguments)
    agent = start_agent(options.end_of_turn)
    try:
        idle_bytes = agent.resident_bytes()
        result: dict[str, object] = {"bench": "turn_direct", "end_of_turn": options.end_of_turn}
        result["one_call"] = asyncio.run(latency(agent, options.turns))
        if options.calls:
            result["load"] = asyncio.run(load(agent, options.calls, options.turns, idle_bytes))
    finally:
        agent.stop()
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
