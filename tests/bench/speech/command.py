"""`speech`: what a caller notices of a transcriber or a voice that fails, at any instant, of any provider.

Simulated providers with their own protocols behind a network of 40 ms; the real proxy; calls in real time. The caller
speaks numbered words and hears watermarked ones, so that each word, and each 20 ms of it, is accounted for.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from tests.bench.peers.peer import PeerUnavailable
from tests.bench.report import publish
from tests.bench.speech import cases as cases_
from tests.bench.speech import first, lag, listen, real, speak, tally, told, world
from tests.bench.speech.cases import Case, Part
from tests.bench.speech.peers import baseline

FAILURES, QUICK_FAILURES = 2100, 100
TOGETHER, QUICK_TOGETHER = 24, 58
"""Calls at a time: each sends fifty messages a second through four hops on this machine's two cores."""
STAGGER_S = 0.05
ROUNDS = 4
"""Times that a case is played at most, if the machine does not keep up with it."""
MOST_AGAIN = 200
"""Cases that are played again at most; if there are more, this is not the machine for it: they count, times do not."""
TOLD = 100

PEER_FAILURES, PEERS_TOGETHER = 100, 10
"""Failures for each peer; their libraries take more of a core for each call."""


async def run(cases: Sequence[Case], together: int, rounds: int = ROUNDS) -> tally.Tally:
    """All cases; those during which the machine did not keep up again, in the next round."""
    result = tally.Tally()
    left = list(cases)
    for number in range(rounds):
        judged = await _round(left, together)
        again = number + 1 < rounds and sum(disturbed for _, disturbed in judged) <= MOST_AGAIN
        for verdict, disturbed in judged:
            if not (disturbed and again):
                result.add(verdict, disturbed=disturbed)
        left = [verdict.case for verdict, disturbed in judged if disturbed and again]
        if not left:
            break
        print(f"· {len(left)} cases again: this machine did not keep up", flush=True)
    return result


async def _round(cases: Sequence[Case], together: int) -> list[tuple[tally.Verdict, bool]]:
    """Verdicts, and whether they were disturbed."""
    judged: list[tuple[tally.Verdict, float, float]] = []
    stalls: list[lag.Stall] = []
    waiting = iter(cases)
    async with world.running(cases) as there:
        watching = asyncio.create_task(lag.watch(stalls.append))

        async def one_after_another(slot: int) -> None:
            await asyncio.sleep(slot * STAGGER_S)
            for case in waiting:
                began = time.monotonic()
                judged.append((await _one(case, there), began, time.monotonic()))
                if len(judged) % TOLD == 0:
                    print(f"· {len(judged)} of {len(cases)}", flush=True)

        await asyncio.gather(*(one_after_another(slot) for slot in range(together)))
        watching.cancel()
        stalls += lag.read(there.folder / told.STALLS)
    return [(verdict, lag.disturbed(stalls, began, ended)) for verdict, began, ended in judged]


async def baselines(number: int) -> dict[str, Any]:
    """What the peers make of such failures."""
    results: dict[str, Any] = {}
    for system, providers in baseline.PROVIDERS.items():
        plan = cases_.plan(number, ["transcriber", "voice"], providers)
        judged = tally.Tally()
        try:
            for verdict in await baseline.measure(system, plan, PEERS_TOGETHER):
                judged.add(verdict)
        except PeerUnavailable as reason:
            results[system] = {"missing": str(reason)[:200]}
            continue
        results[system] = judged.brief()
        print(f"· {system}: {len(judged.verdicts)} of {len(plan)} cases", flush=True)
    return results


async def _one(case: Case, there: world.World) -> tally.Verdict:
    try:
        verdict = (await (listen if case.part == "transcriber" else speak).run(case, there))[0]
    except Exception as error:  # noqa: BLE001 - one case that could not be run is told as such
        return tally.Broken(case, f"{type(error).__name__}: {error}")
    there.forget(case.name)
    return verdict


async def show(case: Case) -> None:
    """One case, with all that was seen."""
    async with world.running([case], log_level="DEBUG") as there:
        print(case, case.faults(), "connected" if case.connected else "cold")
        if case.part == "transcriber":
            verdict, heard = await listen.run(case, there)
            for at, message in heard.messages:
                print(f"{at - heard.began:7.3f} {tally.brief(message)}")
        else:
            verdict, spoken, chords = await speak.run(case, there)
            print("told", " ".join(spoken.timed))
            for chord in chords:
                print(
                    f"{chord.start - spoken.asked:7.3f}-{chord.end - spoken.asked:.3f} w{chord.number} {chord.rms:.0f}"
                )
        for which, sight in zip("ab", there.sights[case.name], strict=True):
            print(which, "struck", sight.struck, "streams", [(s.asked, s.arrivals[:1]) for s in sight.streams.values()])
        print((there.folder / told.LOG).read_text())
        print(verdict)


def main(arguments: list[str]) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description="Speech that fails in mid-call.")
    parser.add_argument("--quick", action="store_true", help="100 failures, ends within 45 s")
    parser.add_argument("--first-audio", action="store_true", help="what a healthy turn waits for; not published")
    parser.add_argument("--case", type=int, help="only this case of the plan, with all that was seen")
    parser.add_argument("--failures", type=int, help="how many; not published")
    parser.add_argument("--together", type=int, help="calls at a time, on a machine with other work")
    parser.add_argument("--part", choices=["transcriber", "voice"], help="only these; not published")
    parser.add_argument("--provider", action="append", help="only these; not published")
    parser.add_argument("--kind", action="append", help="only these; not published")
    options = parser.parse_args(arguments)
    if options.first_audio:
        print(json.dumps(asyncio.run(first.run())))
        return 0
    number = options.failures or (QUICK_FAILURES if options.quick else FAILURES)
    parts: list[Part] = [options.part] if options.part else ["transcriber", "voice"]
    plan = cases_.plan(number, parts, _providers(options.provider))
    if options.kind:
        plan = [case for case in plan if case.kind in options.kind]
    if options.case is not None:
        asyncio.run(show(plan[options.case]))
        return 0
    began = time.monotonic()
    together = options.together or (QUICK_TOGETHER if options.quick else TOGETHER)
    result = asyncio.run(run(plan, together, rounds=1 if options.quick else ROUNDS))
    partial = bool(options.quick or options.part or options.provider or options.kind or options.failures)
    found = result.to_json()
    if not partial:
        print(f"· so far {json.dumps(found)}", flush=True)
        found |= {
            "real_speech": asyncio.run(real.run(cases_.transcriber_providers())),
            "baselines": asyncio.run(baselines(PEER_FAILURES)),
        }
    print(f"· {time.monotonic() - began:.0f} s", flush=True)
    for line in result.complaints():
        print(line, flush=True)
    print(result.table(), flush=True)
    publish("speech", found, quick=partial, table=result.table())
    return 0


def _providers(only: Sequence[str] | None) -> dict[Part, list[str]]:
    there: dict[Part, list[str]] = {
        "transcriber": cases_.transcriber_providers(),
        "voice": cases_.voice_providers(),
    }
    if not only:
        return there
    return {part: [name for name in names if name in only] for part, names in there.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
