"""`kubectl-understudy`: what kubectl runs for `kubectl understudy …` when it is on the PATH."""

import argparse

from understudy.apps.cli import status


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="kubectl understudy", description="Looks into voice assistants.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    looking = commands.add_parser("status", help="how model requests are routed right now", description=status.__doc__)
    status.add_arguments(looking)
    looking.set_defaults(run=status.run)
    options = parser.parse_args()
    return int(options.run(options))
