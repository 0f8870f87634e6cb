"""Pages as they are shown, kept as files: `python -m tests.unit.apps.cli.golden` writes them anew; look at the diff."""

import io
import sys
from functools import cache
from pathlib import Path

from tests.unit.apps.cli.scenes import SCENES
from understudy.apps.cli import explaining, terminal
from understudy.apps.cli.page import pages
from understudy.apps.cli.readings_view import Trail

FOLDER = Path(__file__).parent / "golden"
WIDTHS = (80, 120)


class File(io.StringIO):
    """Not a terminal."""

    encoding = "utf-8"


def shown(name: str, width: int) -> str:
    """`status` of a scene."""
    return terminal.text_of(pages([SCENES[name]], width, Trail()), File(), width) + "\n"


def explained(name: str) -> str:
    """`explain` of a scene."""
    return terminal.text_of(explaining.page(SCENES[name]), File(), WIDTHS[-1]) + "\n"


@cache
def files() -> dict[Path, str]:
    """Every file and what belongs in it."""
    found = {FOLDER / f"{name}-{width}.txt": shown(name, width) for name in SCENES for width in WIDTHS}
    return found | {FOLDER / f"{name}-explain.txt": explained(name) for name in SCENES}


def main() -> int:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
