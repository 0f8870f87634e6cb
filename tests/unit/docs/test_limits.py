"""docs/reference/limits.md says what the source says, and the source says why."""

from pathlib import Path
from typing import Any

import pytest

from tests.tools import limits
from tests.tools.generate import ROOT, files
from tests.tools.limits import Row

PAGE = ROOT / "docs/reference/limits.md"
ROWS = limits.rows()


def write(folder: Path, **modules: str) -> Path:
    """A package of these modules; a double underscore in a name is a folder."""
    for name, text in modules.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_page_is_up_to_date() -> None:
    """`make generate` brings it up to date."""
    assert PAGE.read_text() == limits.page(ROWS) == files()[PAGE]


def test_every_number_has_a_reason() -> None:
    """A docstring right below it: what it bounds, in which unit, and why so much."""
    assert [f"{row.module}: {row.name}" for row in ROWS if limits.is_number(row.value) and not row.reason] == []


def test_every_row_belongs_to_a_program() -> None:
    """So that the page leaves nothing out."""
    assert [row for row in ROWS if not row.module.startswith(tuple(f"{folder}/" for folder in limits.PROGRAMS))] == []


@pytest.mark.parametrize(
    "row",
    [
        "| `LEASE_S` | 30 | s | Seconds a canary weight holds without renewal",
        "| `MAX_MESSAGE_BYTES` | 65 536 | bytes |",
        "| `Settings.calls` | 10 | calls | Calls served at a time",
        "| `BETS` | 0.1, 0.3, 0.5, 0.75, 0.95 | number |",
        "| `RESYNC_SILENT_S` | 120 | s |",
        "| `Settings.admin_port` | 9 090 | TCP port |",
    ],
)
def test_a_limit_is_shown_with_value_unit_and_reason(row: str) -> None:
    """Also one that is worked out from others, and one that comes from another module."""
    assert row in limits.page(ROWS)


def test_a_constant_without_a_docstring_is_found_and_not_shown(tmp_path: Path) -> None:
    """An own row with an empty reason, which the test above refuses."""
    package = write(tmp_path, apps__proxy__x='A_S = 3\n\nB_S = A_S * 2\n"""Twice."""\nc_s = 1\nD = open("x")\n')
    found = limits.rows(package)
    assert found == [Row("apps/proxy/x.py", "A_S", 3, ""), Row("apps/proxy/x.py", "B_S", 6, "Twice.")]
    assert "`B_S`" in limits.page(found)
    assert "`A_S`" not in limits.page(found)


def test_a_settings_class_is_read_field_by_field(tmp_path: Path) -> None:
    """Numbers always, other defaults when they are explained; values of other modules are followed."""
    package = write(
        tmp_path,
        base__names='PORT = 80\n"""Where."""\n',
        apps__proxy__settings=(
            "from understudy.base import names\nfrom understudy.base.names import PORT\nclass Settings:\n"
            "    port: int = names.PORT\n    admin: int = PORT + 1\n    name: str = 'x'\n    required: int\n"
        ),
    )
    shown = {row.name: row.value for row in limits.rows(package) if row.module.endswith("settings.py")}
    assert shown == {"Settings.port": 80, "Settings.admin": 81, "Settings.name": "x"}


@pytest.mark.parametrize(
    ("name", "value", "reason", "unit"),
    [
        ("WAIT_S", 1.0, "Why.", "s"),
        ("WAIT_MS", 1, "Why.", "ms"),
        ("Settings.max_call_ms", 1, "Why.", "ms"),
        ("MAX_BODY", 1, "Why.", "bytes"),
        ("MAX_BUFFERED", 1, "Calls kept.", "calls"),
        ("MAX_TOOLS", 1, "Tools of one assistant.", "number"),
        ("NAME", "x", "Seconds of no number.", ""),
        ("NONE", (), "Nothing.", ""),
    ],
)
def test_the_unit_comes_from_the_name_or_the_first_word(name: str, value: Any, reason: str, unit: str) -> None:
    """Texts have none."""
    assert Row("m.py", name, value, reason).unit == unit
