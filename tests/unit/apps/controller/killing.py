"""A life that is played once for each of its writes, with the operator killed before that write."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.unit.apps.controller.fake_cluster import Write
from tests.unit.apps.controller.stage import Killed, Stage

MAX_WRITES = 200
"""Of one life."""

Life = Callable[[int | None], Awaitable[tuple[dict[str, Any], bool]]]
"""Takes the number of the write before which the operator is killed (None: never); gives what is left, and whether it
was killed."""


def kill_before(stage: Stage, number: int | None) -> None:
    """The operator is killed before its write number `number` from now; None: never."""
    seen = 0

    def hook(_: Write) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Killed

    stage.cluster.before_write = hook


async def gone_on(stage: Stage) -> bool:
    """Settles, by another process if this one is killed; whether it was."""
    try:
        await stage.settle()
    except Killed:
        stage.restart()
        await stage.settle()
        return True
    return False


async def same_whenever_killed(life: Life) -> tuple[dict[str, Any], int]:
    """Play `life` undisturbed, and killed before each write in turn; how it ends, and how often it was killed.

    Raises:
        AssertionError: it ended otherwise after a kill.
    """
    wanted, _ = await life(None)
    for number in range(1, MAX_WRITES):
        found, killed = await life(number)
        assert found == wanted, f"killed before write {number}"
        if not killed:
            return wanted, number - 1
    raise AssertionError(f"more than {MAX_WRITES} writes")
