"""What reaches standard output."""

import logging
import sys
from collections.abc import Iterator

import pytest
from loguru import logger as library

from understudy.apps.agent import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Both logging systems as they were."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    library.remove()
    library.add(sys.stderr)


def test_what_a_caller_says_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The library's errors show where they happened and of which kind, not their text."""
    logs.configure("INFO")
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        library.exception("could not book for Jane Doe")
    library.warning("Jane Doe said hello")
    printed = capsys.readouterr().out
    assert "Jane" not in printed
    assert "test_what_a_caller_says_is_not_printed" in printed
    assert "ZeroDivisionError" in printed
    assert printed.count("\n") == 1


def test_a_developer_may_see_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    """DEBUG is asked for, by name."""
    logs.configure("DEBUG")
    library.debug("the transcript")
    assert "the transcript" in capsys.readouterr().out


def test_our_own_records_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, level, logger, text."""
    logs.configure("INFO")
    logs.log.info("call %s: started", "CA1")
    assert capsys.readouterr().out.endswith("INFO understudy.agent call CA1: started\n")
