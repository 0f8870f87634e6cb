"""Benchmark `speech`: transcribers and voices that fail at any instant of a call, and what the caller notices of it.

python -m tests.bench.speech [--quick]          compare, print, publish
python -m tests.bench.speech --case N           one case again, with all that was seen
python -m tests.bench.speech --first-audio      what the first audio of a healthy turn waits for
"""


def main(arguments: list[str]) -> int:
    """As `command.main`; loaded when it is run, since a proxy process imports this package as well."""
    from tests.bench.speech import command  # noqa: PLC0415 - see above

    return command.main(arguments)
