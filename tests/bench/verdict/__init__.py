"""Benchmark `verdict`: how soon the production judge finds a worse canary, and how seldom it blames one that is not.

python -m tests.bench.verdict [--quick] [--world FILE]      play, compare, print, publish
python -m tests.bench.verdict.generate                      write tests/bench/worlds/verdict
"""

from tests.bench.verdict.command import main

__all__ = ["main"]
