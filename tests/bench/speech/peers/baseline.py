"""Running the peers' drivers on cases, and judging what they heard and said as if it were ours."""

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import soxr

from tests.bench.peers.install import REQUIREMENTS, installed, run
from tests.bench.peers.peer import PeerUnavailable
from tests.bench.speech import listen, speak, world
from tests.bench.speech.cases import Case, Part
from tests.bench.speech.peers import jobs
from tests.bench.speech.wire import network
from understudy.apps.simulator import server
from understudy.apps.simulator.audio import mulaw, pcm
from understudy.apps.simulator.caller.playback import Playback
from understudy.apps.simulator.script import parse

HERE = Path(__file__).parent
LIVEKIT = REQUIREMENTS / "livekit.lock"
LONGEST_S = 1500.0

PROVIDERS: Mapping[str, Mapping[Part, Sequence[str]]] = MappingProxyType(
    {
        "livekit": {
            "transcriber": ("deepgram", "cartesia", "assembly-ai", "gladia", "11labs"),
            "voice": ("cartesia", "deepgram", "openai", "11labs"),
        },
        "pipecat": {
            "transcriber": ("deepgram", "assembly-ai", "gladia"),
            "voice": ("cartesia", "deepgram", "openai"),
        },
    }
)
"""Those whose classes take the address of another server than the provider's, with a path."""

Verdict = listen.Verdict | speak.Verdict


async def measure(system: str, cases: Sequence[Case], together: int) -> list[Verdict]:
    """What a peer makes of the cases.

    Raises:
        PeerUnavailable: it cannot be had on this machine.
    """
    python = _livekit() if system == "livekit" else sys.executable
    script: dict[str, Any] = {"seed": 5, "recogniserProcesses": 0, "deployments": {}}
    for case in cases:
        script["deployments"] |= world.deployments(case)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(server.running(parse(script)))
        far = await stack.enter_async_context(network(simulator.port))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-peer-")))
        sights = {case.name: world.watched(simulator, case) for case in cases}
        plan = {"together": together, "jobs": [_job(case, far, folder) for case in cases]}
        (folder / "jobs.json").write_text(json.dumps(plan))
        lines = await _drive([python, str(HERE / f"{system}_driver.py"), str(folder / "jobs.json")])
    told = {line["name"]: line for line in lines}
    return [_judge(case, told[case.name], sights[case.name]) for case in cases if case.name in told]


def _livekit() -> str:
    """The interpreter of LiveKit's environment, made once."""

    def build(folder: Path) -> None:
        run([sys.executable, "-m", "venv", str(folder)], folder)
        pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--require-hashes", "--no-deps", "-r", str(LIVEKIT)], folder)

    return str(installed("livekit", [LIVEKIT], build) / "bin/python")


def _job(case: Case, port: int, folder: Path) -> jobs.Job:
    providers = [
        {"provider": provider, "url": f"http://127.0.0.1:{port}/{case.name}-{which}"}
        for which, provider in (("a", case.primary), ("b", case.fallback))
    ]
    job: jobs.Job = {"name": case.name, "part": case.part, "providers": providers}
    if case.part == "voice":
        return job | {"tokens": speak.text(case)}
    said = listen.speech(case)
    sound = soxr.resample(pcm.samples(b"".join(said.frames)), listen.RATE, jobs.RATE)
    (folder / f"{case.name}.pcm").write_bytes(pcm.to_pcm(sound))
    pauses = sorted((frame + 1) * listen.FRAME_S for frame in said.finalizes)
    starts = [said.words[0].start]
    starts += [next(word.start for word in said.words if word.start > pause) for pause in pauses[:-1]]
    return job | {"sound": str(folder / f"{case.name}.pcm"), "pauses": pauses, "starts": starts}


async def _drive(command: Sequence[str]) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**26
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            out, complaint = await process.communicate()
    except TimeoutError as late:
        process.kill()
        raise PeerUnavailable(f"did not end within {LONGEST_S:.0f} s") from late
    lines = [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
    if not lines:
        raise PeerUnavailable(complaint.decode(errors="replace")[-1000:])
    return lines


def _judge(case: Case, told: dict[str, Any], sights: Any) -> Verdict:
    if case.part == "voice":
        return _judge_voice(case, told, sights)
    heard = listen.Heard(began=told["began"], closed=told["closed"])
    heard.messages = [(at, _results(text, final=True)) for at, text in told["finals"]]
    heard.messages += [(at, _results(text, final=False)) for at, text in told["interims"]]
    heard.messages.sort(key=lambda message: message[0])
    verdict = listen.judge(case, listen.speech(case), heard, sights)
    verdict.answers = 0  # a peer is not asked for them
    return verdict


def _results(text: str, *, final: bool) -> dict[str, Any]:
    return {"type": "Results", "is_final": final, "channel": {"alternatives": [{"transcript": text}]}}


def _judge_voice(case: Case, told: dict[str, Any], sights: Any) -> speak.Verdict:
    playback = Playback()
    stream = soxr.ResampleStream(told["rate"], speak.RATE, 1, dtype="int16") if told["rate"] else None
    for at, data in told["audio"]:
        if stream is not None:
            samples = pcm.samples(base64.b64decode(data)).astype("int16")
            playback.receive(mulaw.encode(stream.resample_chunk(samples).tobytes()), at)
    tokens = speak.text(case)
    spoken = speak.Spoken(asked=told["began"], done=not told["closed"], error=told["closed"])
    return speak.judge(case, tokens, spoken, speak.ear(playback), sights)
