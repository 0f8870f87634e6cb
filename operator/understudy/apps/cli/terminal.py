"""Where a page goes: a terminal as wide as it is, with colours; a file or a pipe as plain text."""

import io
import os
import re
import shutil
from pathlib import Path
from typing import TextIO

from rich.console import Console, RenderableType

from understudy.apps.cli import words

CLEAR = "\x1b[H\x1b[J"
"""Cursor to the corner, and everything below it away: no flicker, and no scrolled-up copies."""

PIPED_WIDTH = 160
"""Characters of a line that goes to a file or a pipe: every column of the routing table fits."""

SVG_WIDTH = 110
"""Characters of a line in a screenshot: what a page of documentation shows without shrinking it."""


_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""What would make whoever looks at a picture fetch a font from somewhere; any monospaced one will do."""


def width_of(out: TextIO) -> int:
    """Characters of a line: the terminal's; `COLUMNS` wins, as for other commands."""
    if "COLUMNS" in os.environ or out.isatty():
        return shutil.get_terminal_size().columns
    return PIPED_WIDTH


def text_of(page: RenderableType, out: TextIO, width: int) -> str:
    """`page` as text: coloured for a terminal (unless `NO_COLOR` is set), in ASCII where nothing else can be shown."""
    console = Console(
        file=io.StringIO(), width=width, force_terminal=out.isatty(), highlight=False, markup=False, emoji=False,
        legacy_windows=False, no_color="NO_COLOR" in os.environ or None,
    )  # fmt: skip
    with console.capture() as capture:
        console.print(page)
    text = "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))
    unicode = (out.encoding or "utf-8").lower().replace("-", "").startswith("utf")
    return text if unicode else words.plain(text)


def cropped(text: str, height: int) -> str:
    """As many lines as a screen has: what scrolls out at the top cannot be cleared again."""
    lines = text.split("\n")
    if len(lines) < height:
        return text
    kept = lines[: max(1, height - 2)]
    return "\n".join([*kept, f"  … {len(lines) - len(kept)} more lines: a larger window, or without --watch"])


def write_svg(page: RenderableType, path: Path, title: str) -> None:
    """`page` as a picture of a terminal."""
    console = Console(
        file=io.StringIO(), width=SVG_WIDTH, record=True, force_terminal=True, highlight=False, markup=False,
        color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    console.print(page)
    path.write_text(_FONTS.sub("", console.export_svg(title=title)), encoding="utf-8")
