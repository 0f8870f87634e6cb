"""The pages of the documentation, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    """The page's path, for the names of tests."""
    return page.relative_to(ROOT).as_posix()


def fences(text: str) -> list[tuple[str, str]]:
    """(language, content) of every fenced block."""
    return [(match[1], match[2]) for match in _FENCE.finditer(text)]


def prose(text: str) -> str:
    """The text without its fenced blocks and inline code: what may hold links."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
