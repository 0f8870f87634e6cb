"""Benchmark `routing`: which deployment each request goes to, in virtual time, by the production code and by others.

python -m tests.bench.routing [--quick] [--world FILE]      compare, print, publish
python -m tests.bench.routing.tune                          the loop for whoever changes the brain
python -m tests.bench.routing.explain                       why turns were slow
python -m tests.bench.routing.generate                      write tests/bench/worlds
"""


def main(arguments: list[str]) -> int:
    """As `command.main`; what the benchmark needs is not loaded for its parts."""
    from tests.bench.routing import command  # noqa: PLC0415 - LiteLLM's interpreter imports this package without numpy

    return command.main(arguments)
