"""Every relative link in the documentation leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.pages import PAGES, ROOT, name, prose

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub makes of a page's headings."""
    titles = HEADING.findall(prose_with_code(page.read_text()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def prose_with_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def broken(page: Path, text: str) -> list[str]:
    """Links of `text`, read as `page`, that lead nowhere."""
    found = []
    for link in LINK.findall(prose(text)):
        path, _, fragment = link.partition("#")
        target = (page.parent / path) if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (fragment and fragment not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_resolves(page: Path) -> None:
    """To a file or folder in the repository, and to a heading where it names one."""
    assert broken(page, page.read_text()) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """By links alone: a page that nothing links to is not read."""
    reached, todo = set(), [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    while todo:
        page = todo.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose(page.read_text())))
        targets = {(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link}
        todo += targets - reached - set(todo)
    assert [name(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](no-such-page.md)", ["no-such-page.md"]),
        ("[a](CHANGELOG.md#no-such-heading)", ["CHANGELOG.md#no-such-heading"]),
        ("[a](CHANGELOG.md#unreleased) [b](https://example.com/x) `[c](code.md)`", []),
        ("```\n[a](in-code.md)\n```", []),
    ],
)
def test_a_link_that_leads_nowhere_is_found(text: str, links: list[str]) -> None:
    """The test above can fail."""
    assert broken(ROOT / "README.md", text) == links
