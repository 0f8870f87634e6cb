"""Run programs to their end, one owner at a time."""

import fcntl
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.errors import CommandFailed
from tests.cluster.progress import say


def run(
    argv: Sequence[str | Path],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run a program and return what it printed on stdout.

    `env` is added to our own environment.

    Raises:
        CommandFailed: it returned non-zero or does not exist; the message ends with what it printed last.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, input=stdin, capture_output=True, env={**os.environ, **(env or {})}, cwd=cwd, check=False
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{words[0]} is not installed") from error
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").splitlines()[-20:]
        listing = "\n".join(f"    {line}" for line in said)
        raise CommandFailed(f"`{shlex.join(words)[:300]}` returned {done.returncode}\n{listing}")
    return done.stdout.decode(errors="replace")


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a program exists and returns zero."""
    try:
        run(argv)
    except CommandFailed:
        return False
    return True


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold `lock` so that two runs at once do the work one after the other instead of twice."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that holds {lock}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
