"""What is asked of the operator, how its answer is waited for, and what is said."""

import argparse
import io
import sys
from typing import Any

import pytest

from tests.unit.apps.cli.fake_reader import CANARY, NAME, STABLE, FakeReader, assistant
from tests.unit.apps.cli.scenes import SHORT, under_way
from tests.unit.apps.cli.snapshots import document, snapshot
from understudy.apps.cli import main, verbs
from understudy.apps.cli.errors import CannotTell
from understudy.base.clock import ManualClock


class Operator(FakeReader):
    """Answers each request the moment it is asked, with what `reply` says; None: it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.reply: dict[str, Any] | None = {"message": "as you wish"}

    async def annotate(self, name: str, annotation: str, value: str) -> None:
        await super().annotate(name, annotation, value)
        if self.reply is not None:
            handled = {"verb": annotation.partition("/")[2], "id": value.partition("/")[0], **self.reply}
            self.objects = [assistant(phase="Canary", rollout=under_way(phase="Canary", requests=[handled]))]


class Impatient(ManualClock):
    """A clock that is a minute further each time it is read."""

    def monotonic(self) -> float:
        self.at += 60
        return self.at


@pytest.fixture
def operator() -> Operator:
    found = Operator()
    found.objects = [assistant(phase="Canary", rollout=under_way(phase="Canary", readings=[SHORT]))]
    found.stored = [document(1, STABLE, snapshot()), document(2, CANARY, snapshot())]
    return found


def options(*arguments: str) -> argparse.Namespace:
    return main.parser().parse_args(arguments)


async def asked(operator: Operator, *arguments: str) -> int:
    return await verbs.ask(operator, options(*arguments), Impatient())


@pytest.mark.parametrize(
    ("arguments", "annotation", "value"),
    [
        (("promote", NAME, "--id", "r1"), "understudy.dev/promote", "r1"),
        (("promote", NAME, "--full", "--id", "r1"), "understudy.dev/promote", "r1/full"),
        (("pause", NAME, "--id", "r1"), "understudy.dev/pause", "r1"),
        (("resume", NAME, "--id", "r1"), "understudy.dev/resume", "r1"),
        (("abort", NAME, "--id", "r1"), "understudy.dev/abort", "r1"),
        (("retry", NAME, "--id", "r1"), "understudy.dev/retry", "r1"),
        (("undo", NAME, "--id", "r1"), "understudy.dev/undo", "r1"),
        (("undo", NAME, "--to", "1", "--id", "r1"), "understudy.dev/undo", f"r1/{STABLE}"),
        (("undo", NAME, "--to", STABLE[:4], "--id", "r1"), "understudy.dev/undo", f"r1/{STABLE}"),
    ],
    ids=" ".join,
)
async def test_a_verb_is_an_annotation(
    operator: Operator, arguments: tuple[str, ...], annotation: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(operator, *arguments) == 0
    assert operator.annotated == [(NAME, annotation, value)]
    assert capsys.readouterr() == (f"{arguments[0]} of {NAME}: as you wish\n", "")


async def test_what_was_refused_is_said_and_is_a_failure(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.reply = {"refused": True, "message": "resume r1: the rollout is not paused"}
    assert await asked(operator, "resume", NAME, "--id", "r1") == 1
    assert capsys.readouterr() == ("", f"error: resume of {NAME} was refused: the rollout is not paused\n")


async def test_each_request_has_an_id_of_its_own(operator: Operator) -> None:
    for _ in range(2):
        await asked(operator, "pause", NAME)
    (_, _, first), (_, _, second) = operator.annotated
    assert first != second
    assert "/" not in first


async def test_a_request_that_was_answered_is_not_asked_again(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that is run twice with the same id hears the same answer twice."""
    for _ in range(2):
        assert await asked(operator, "abort", NAME, "--id", "nightly-7") == 0
    assert len(operator.annotated) == 1
    assert capsys.readouterr().out == f"abort of {NAME}: as you wish\n" * 2


async def test_an_operator_that_is_away_is_waited_for_no_longer_than_asked(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.reply = None
    assert await asked(operator, "pause", NAME, "--id", "r1", "--timeout", "30s") == verbs.EXIT_UNANSWERED
    said = capsys.readouterr().err
    assert "the operator has not answered within 30 s" in said
    assert "ask again with --id r1" in said


async def test_without_waiting_it_is_only_asked(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    operator.reply = None
    assert await asked(operator, "pause", NAME, "--id", "r1", "--wait=false") == 0
    assert capsys.readouterr().out == f"pause of {NAME} is asked for (request r1)\n"


class Keyboard(io.StringIO):
    """Someone at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
async def test_promoting_what_has_not_passed_is_asked_back(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, code: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard(typed))
    assert await asked(operator, "promote", NAME, "--full") == code
    assert len(operator.annotated) == 1 - code
    assert f"{CANARY} would take every call without having passed (verdict none yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("promote",), ("abort",), ("undo",), ("promote", "--full", "--yes")], ids=" ".join
)
async def test_nothing_else_is_asked_back(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdin", Keyboard("n\n"))
    verb, *more = arguments
    assert await asked(operator, verb, NAME, *more) == 0


async def test_a_script_is_never_asked_back(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert await asked(operator, "promote", NAME, "--full") == 0


async def test_going_back_to_what_was_taken_back_is_asked_back(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rejected = {"name": CANARY, "at": "2026-01-01T00:00:00.000Z"}
    rollout = under_way(phase="RolledBack", rejected=rejected)
    del rollout["canary"]
    operator.objects = [assistant(phase="RolledBack", rollout=rollout)]
    monkeypatch.setattr(sys, "stdin", Keyboard("n\n"))
    assert await asked(operator, "undo", NAME, "--to", "2") == 1
    assert f"{CANARY} was taken back before" in capsys.readouterr().err


async def test_a_revision_that_is_not_stored_is_said_with_those_that_are(operator: Operator) -> None:
    with pytest.raises(CannotTell, match=rf"no revision 9 of {NAME}; there are: 1 \({STABLE}\), 2 \({CANARY}\)"):
        await asked(operator, "undo", NAME, "--to", "9")
    assert operator.annotated == []


async def test_a_missing_right_to_ask_is_named(operator: Operator) -> None:
    operator.denied["annotate"] = 403
    with pytest.raises(CannotTell, match=r"you lack the right to `patch` `voiceassistants\.understudy\.dev`"):
        await asked(operator, "abort", NAME)


async def test_an_id_with_an_argument_in_it_is_refused(operator: Operator) -> None:
    with pytest.raises(CannotTell, match="has no slash"):
        await asked(operator, "promote", NAME, "--id", "r1/full")


@pytest.mark.parametrize(
    "arguments", [("pause", NAME, "--timeout", "soon"), ("pause", NAME, "--wait=perhaps"), ("pause",)]
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        options(*arguments)
    assert left.value.code == 2
    assert "usage: kubectl understudy pause" in capsys.readouterr().err
