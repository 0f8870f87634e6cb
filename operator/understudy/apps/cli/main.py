"""`kubectl-understudy`: what kubectl runs for `kubectl understudy …` when it is on the PATH."""

import argparse

from understudy.apps.cli import differing, explaining, history, status, verbs


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    found = argparse.ArgumentParser(
        prog="kubectl understudy", description="Looks into voice assistants, and moves their rollouts."
    )
    commands = found.add_subparsers(required=True, metavar="COMMAND")
    for name, module in (("status", status), ("explain", explaining), ("history", history), ("diff", differing)):
        text = (module.__doc__ or "").split(": ", 1)[-1].rstrip(".\n")
        command = commands.add_parser(name, help=text.split("\n")[0].rstrip("."), description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    verbs.add_commands(commands)
    return found


def main() -> int:
    """Run the command; its exit status."""
    options = parser().parse_args()
    return int(options.run(options))
