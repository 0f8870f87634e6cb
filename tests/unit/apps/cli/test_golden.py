"""Every state of a rollout as people see it, at two widths."""

import io
from pathlib import Path

import pytest

from tests.unit.apps.cli import golden
from tests.unit.apps.cli.scenes import SCENES
from understudy.api.evidence import Verdict
from understudy.api.status import Phase
from understudy.apps.cli import terminal, words
from understudy.apps.cli.page import pages
from understudy.apps.cli.readings_view import Trail


@pytest.mark.parametrize("path", golden.files(), ids=lambda path: path.stem)
def test_a_page_is_what_it_was(path: Path) -> None:
    """After a wanted change: `python -m tests.unit.apps.cli.golden`, and read the diff."""
    assert golden.files()[path] == path.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {*golden.FOLDER.iterdir()} == {*golden.files()}


def test_every_phase_has_a_scene_and_a_sign() -> None:
    assert {state.status.rollout.phase for state in SCENES.values()} == {*Phase} == {*words.PHASES}
    assert {*words.VERDICTS} == {*Verdict}
    assert len({sign.text for sign in words.VERDICTS.values()}) == len(Verdict)


@pytest.mark.parametrize("name", SCENES)
def test_a_tree_is_no_wider_than_the_terminal(name: str) -> None:
    for width in (40, *golden.WIDTHS):
        tree = golden.shown(name, width).split("\nproxies: ")[0]
        assert max(len(line) for line in tree.splitlines()) <= width


class Terminal(io.StringIO):
    """A screen."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def coloured(name: str) -> str:
    return terminal.text_of(pages([SCENES[name]], 120, Trail()), Terminal(), 120)


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("colours")
def test_a_terminal_has_colours_unless_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1;31m" in coloured("rolled-back")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in coloured("rolled-back")


class Ascii(io.StringIO):
    """A terminal of long ago."""

    encoding = "ascii"


@pytest.mark.parametrize("name", SCENES)
def test_a_terminal_without_unicode_is_shown_letters(name: str) -> None:
    text = terminal.text_of(pages([SCENES[name]], 120, Trail()), Ascii(), 120)
    assert text.isascii()
    assert "?" not in text


@pytest.mark.parametrize(
    ("values", "line"),
    [((), ""), ((None,), ""), ((5.0, 5.0), "▁▁"), ((0.0, None, 10.0), "▁ █"), ((0.0, 5.0, 10.0), "▁▅█")],
)
def test_a_sparkline_leaves_gaps_where_there_was_no_data(values: tuple[float | None, ...], line: str) -> None:
    assert words.sparkline(values) == line


@pytest.mark.parametrize(("share", "bar"), [(0.0, "░░░░"), (0.5, "██░░"), (0.99, "███░"), (1.0, "████"), (7.0, "████")])
def test_only_all_of_it_fills_a_meter(share: float, bar: str) -> None:
    assert words.meter(share, 4) == bar


def test_evidence_is_measured_as_it_adds_up() -> None:
    """Odds multiply, so half the way to 100 is 10."""
    assert words.odds(10.0, 100.0) == pytest.approx(0.5)
    assert words.odds(0.2, 100.0) == 0.0
