"""The command line: `python -m tests.cluster up|down|status|images|load|env|kubectl|helm|leftovers|apiserver-…`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster import apiserver, backend, embedded, paths
from tests.cluster.errors import ClusterError
from tests.cluster.shell import exclusive


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    if argv and argv[0] in ("kubectl", "helm"):  # before argparse, which would take their options for ours
        return _guarded(lambda: backend.become(argv[0], argv[1:]))
    options = _parser().parse_args(argv)
    return _guarded(lambda: _dispatch(options))


def _dispatch(options: argparse.Namespace) -> int | None:
    lock = paths.cache() / "cluster.lock"
    match options.command:
        case "up":
            with exclusive(lock):
                backend.up(with_images=not options.no_images)
        case "down":
            with exclusive(lock):
                backend.down()
        case "images":
            backend.refresh(options.names)
        case "load":
            backend.load_archive(options.archive)
        case "status":
            return 0 if backend.status() else 1
        case "env":
            print(backend.exports())
        case "leftovers":
            found = embedded.leftovers()
            print("\n".join(found) or "nothing left")
            return 1 if found else 0
        case "apiserver-up":
            server = apiserver.up(apiserver.shared())
            print(f"export KUBECONFIG={server.kubeconfig}\nexport PATH={server.programs}:$PATH")
        case "apiserver-down":
            apiserver.down(apiserver.shared())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="bring the cluster up, or what of it is missing, with the images loaded")
    up.add_argument("--no-images", action="store_true", help="only the cluster")
    commands.add_parser("down", help="take it away; only the cache of builds stays")
    commands.add_parser("status", help="what runs; exits 1 if anything should and does not")
    refresh = commands.add_parser("images", help="build what changed and load it; prints the exact names")
    refresh.add_argument("names", nargs="*", help="understudy, simulator, agent; all if none is named")
    load = commands.add_parser("load", help="load an image archive made elsewhere")
    load.add_argument("archive", type=Path)
    commands.add_parser("env", help="shell exports: KUBECONFIG, PATH with kubectl and helm, image names")
    commands.add_parser("leftovers", help="list what a cluster that is down left behind; exits 1 if anything")
    commands.add_parser("apiserver-up", help="only etcd and an API server on loopback, without root")
    commands.add_parser("apiserver-down", help="stop them")
    commands.add_parser("kubectl", help="kubectl, pointed at the cluster")
    commands.add_parser("helm", help="helm, pointed at the cluster")
    return parser


def _guarded(action: Callable[[], int | None]) -> int:
    try:
        return action() or 0
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run the same command to go on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
