"""`understudy PROGRAM …`: starts one of the programs; each is imported only when it is asked for.

The images carry different dependencies, so importing all of them here would fail in every image.
"""

import importlib
import sys

PROGRAMS = {
    "controller": "the operator",
    "proxy": "the routing-proxy",
    "agent": "the conversation",
    "simulator": "simulated providers and callers, for the demo and tests",
    "status": "show how an assistant's model requests are routed right now",
    "crds": "print the CustomResourceDefinitions",
}
_MODULES = {
    "controller": "understudy.apps.controller.main",
    "proxy": "understudy.apps.proxy.main",
    "agent": "understudy.apps.agent.main",
    "simulator": "understudy.apps.simulator.main",
    "status": "understudy.apps.cli.status",
    "crds": "understudy.api.crds",
}


def usage() -> str:
    """The programs, a line each."""
    return "\n".join(["usage: understudy PROGRAM [options]", *(f"  {n:<11} {t}" for n, t in PROGRAMS.items())])


def main() -> int:
    """Run the program named first in `sys.argv`; its exit status is ours."""
    program = next(iter(sys.argv[1:]), None)
    if program not in PROGRAMS:
        print(usage(), file=sys.stderr)
        return 2
    sys.argv.pop(1)
    return int(importlib.import_module(_MODULES[program]).main() or 0)


if __name__ == "__main__":
    sys.exit(main())
