"""Run `litellm_child.py` in the interpreter that LiteLLM is installed in."""

import pickle
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.bench.peers import litellm
from tests.bench.peers.install import installed
from tests.bench.peers.peer import PeerUnavailable
from tests.bench.routing.engine import Tally
from tests.bench.routing.world import World

ROOT = Path(__file__).resolve().parents[3]

LONGEST_S = 600.0
"""A run takes half a millisecond a request with forty deployments."""

VARIANTS: dict[str, Mapping[str, object]] = {"litellm": {}, "litellm_buffer": {"lowest_latency_buffer": 0.5}}
"""The strategy's own defaults, and the buffer of its documentation's example."""


def tally(world: World, variant: str, seed: int) -> Tally:
    """One run.

    Raises:
        PeerUnavailable: LiteLLM cannot be installed, or the run failed.
    """
    python = installed("litellm", [litellm.LOCK], litellm._build) / "bin/python"
    done = subprocess.run(
        [python, "-m", "tests.bench.routing.litellm_child"],
        input=pickle.dumps((world, dict(VARIANTS[variant]), seed)),
        capture_output=True,
        cwd=ROOT,
        env={**litellm.ENVIRONMENT, "PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}"},
        timeout=LONGEST_S,
        check=False,
    )
    if done.returncode:
        raise PeerUnavailable(f"litellm failed: {done.stderr.decode()[-1000:]}")
    found: Tally = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    return found
