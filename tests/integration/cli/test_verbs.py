"""Requests as the API server sees them, and the operator's answers on the way back."""

import argparse
from typing import Any

import pytest

from tests.integration.cli.api_server import CRD, ApiServer
from tests.unit.apps.cli.snapshots import document, snapshot
from understudy.adapters.cluster.inspection import MANAGER, Inspector
from understudy.apps.cli import explaining, history, main, verbs
from understudy.apps.cli.errors import CannotTell
from understudy.base.clock import ManualClock, SystemClock


def options(*arguments: str) -> argparse.Namespace:
    return main.parser().parse_args(arguments)


async def asked(inspector: Inspector, *arguments: str) -> int:
    return await verbs.ask(inspector, options(*arguments), SystemClock())


def agreeing(verb: str, value: str) -> dict[str, Any]:
    return {"message": f"{verb} carried out for {value}"}


def refusing(verb: str, _: str) -> dict[str, Any]:
    return {"message": f"{verb}: nothing is under way", "refused": True}


async def test_a_request_touches_one_annotation_in_the_plugins_name(
    server: ApiServer, inspector: Inspector, capsys: pytest.CaptureFixture[str]
) -> None:
    server.operator = agreeing
    assert await asked(inspector, "promote", "front-desk", "--full", "--id", "r1") == 0
    ((content_type, query, body),) = server.patches
    assert content_type == "application/merge-patch+json"
    assert query == {"fieldManager": MANAGER}
    assert body == {"metadata": {"annotations": {"understudy.dev/promote": "r1/full"}}}
    assert capsys.readouterr().out == "promote of front-desk: promote carried out for r1/full\n"


@pytest.mark.parametrize("verb", verbs.VERBS)
async def test_every_verb_can_be_refused(
    server: ApiServer, inspector: Inspector, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.operator = refusing
    assert await asked(inspector, verb, "front-desk") == 1
    assert f"{verb} of front-desk was refused: {verb}: nothing is under way" in capsys.readouterr().err


async def test_the_answer_is_waited_for(
    server: ApiServer, inspector: Inspector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes between two looks."""

    async def later(_: float) -> None:
        server.operator = agreeing
        server._operate("pause", "r1")

    monkeypatch.setattr(verbs.asyncio, "sleep", later)
    assert await asked(inspector, "pause", "front-desk", "--id", "r1") == 0
    assert "pause carried out" in capsys.readouterr().out


async def test_the_same_id_is_carried_out_once(server: ApiServer, inspector: Inspector) -> None:
    server.operator = agreeing
    for _ in range(3):
        assert await asked(inspector, "abort", "front-desk", "--id", "r1") == 0
    assert len(server.patches) == 1


async def test_without_an_answer_the_exit_status_says_so(inspector: Inspector) -> None:
    assert await asked(inspector, "abort", "front-desk", "--timeout", "1ms") == verbs.EXIT_UNANSWERED


async def test_a_missing_right_to_ask_is_named(server: ApiServer, inspector: Inspector) -> None:
    wanted = options("abort", "front-desk", "--id", "r1")
    server.denied.add(f"{CRD}/front-desk")
    with pytest.raises(CannotTell, match="you lack the right to `get`"):
        await verbs.ask(inspector, wanted, ManualClock())


async def test_a_cluster_without_understudy_is_said(server: ApiServer, inspector: Inspector) -> None:
    server.installed = False
    with pytest.raises(CannotTell, match="Understudy is not installed"):
        await asked(inspector, "abort", "front-desk")


async def test_history_and_explain_are_printed(
    server: ApiServer, inspector: Inspector, capsys: pytest.CaptureFixture[str]
) -> None:
    server.revisions = [document(1, "aaaaaaaa", snapshot()), document(2, "bbbbbbbb", snapshot(turnBudgetMs=900))]
    assert await history._run(inspector, options("history", "front-desk")) == 0
    assert "turnBudgetMs 1200 → 900" in capsys.readouterr().out
    assert await explaining._run(inspector, options("explain", "front-desk")) == 0
    assert "nothing is under way" in capsys.readouterr().out
