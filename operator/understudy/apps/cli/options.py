"""What every command has in common: where the cluster is, and what becomes of an error."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from understudy.adapters.cluster.client import NoCluster
from understudy.adapters.cluster.errors import ClusterError
from understudy.adapters.cluster.inspection import Inspector, Whereabouts
from understudy.apps.cli.errors import CannotTell

EXIT_FAILED = 1
"""Exit status when there is nothing to show, or when a request was refused."""

REACH_IT = "choose one with --kubeconfig, --context or $KUBECONFIG; `kubectl config get-contexts` lists them"

Body = Callable[[Inspector, argparse.Namespace], Awaitable[int]]
"""A command: asks the cluster, prints, and says the exit status."""


def add_where(parser: argparse.ArgumentParser) -> None:
    """The options that say which cluster, named as kubectl's own."""
    parser.add_argument("-n", "--namespace", help="default: the context's")
    parser.add_argument("--context", help="a context of the kubeconfig; default: the current one")
    parser.add_argument("--kubeconfig", help="default: $KUBECONFIG, or ~/.kube/config")


def run(options: argparse.Namespace, body: Body) -> int:
    """The exit status of `body`; errors become a line that says what to do."""
    try:
        return asyncio.run(_connected(options, body))
    except KeyboardInterrupt:
        return 0
    except NoCluster as error:
        say_error(f"{error}; {REACH_IT}")
    except (CannotTell, ClusterError) as error:
        say_error(str(error))
    return EXIT_FAILED


async def _connected(options: argparse.Namespace, body: Body) -> int:
    where = Whereabouts(options.kubeconfig or os.environ.get("KUBECONFIG"), options.context, options.namespace)
    inspector = await Inspector.connect(where)
    try:
        return await body(inspector, options)
    finally:
        await inspector.close()


def say(text: str) -> None:
    """The command's answer."""
    print(text, flush=True)  # noqa: T201 - this is a command


def say_error(text: str) -> None:
    """Why there is none."""
    print(f"error: {text}", file=sys.stderr)  # noqa: T201 - this is a command
