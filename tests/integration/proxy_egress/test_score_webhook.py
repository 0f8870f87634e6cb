"""Finished calls are scored by the user's own server."""

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from understudy.api.quality import ScoreWebhook
from understudy.domain.routing.document import Arm, QualityOrder

from .conftest import Serve
from .scored import SAID, scoring


class FakeScorer:
    """The user's server; its answers one after the other, the last one for ever."""

    def __init__(self, *answers: Callable[[], web.Response]) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._answers = list(answers)

    def route(self) -> web.RouteDef:
        return web.post("/score", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()


def scored(score: object) -> Callable[[], web.Response]:
    return lambda: web.json_response({"score": score})


def failed(status: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, headers=headers)


def order(url: str, **webhook: Any) -> QualityOrder:
    return QualityOrder(webhook=ScoreWebhook.model_validate({"url": f"{url}/score?team=desk"} | webhook))


@pytest.mark.parametrize("arm", list(Arm))
async def test_a_call_is_posted_whole_and_blind(serve: Serve, tmp_path: Path, arm: Arm) -> None:
    """What was said and how it ended; signed over time and body; nothing tells the arm."""
    server = FakeScorer(scored(0.25))
    async with scoring(tmp_path, order(await serve(server.route()), secretRef={"name": "hook"})) as proxy:
        proxy.hang_up(arm)
        (call,) = await proxy.observed()
        assert proxy.results("webhook") == {"ok": 1}
    assert (call.webhook_score, call.judge_score) == (0.25, None)
    [(headers, body)] = server.requests
    told = json.loads(body)
    assert (told["callId"], told["assistant"], told["end"]) == ("CA1", "front-desk", "CallerHungUp")
    assert (told["startedAt"], told["endedAt"], told["turns"]) == (call.started_at, call.ended_at, SAID)
    everything = body.decode() + json.dumps(headers)
    assert not [word for word in ("canary", "stable", "aaaaaaaa", "bbbbbbbb") if word in everything]
    parts = dict(part.split("=") for part in headers["X-Understudy-Signature"].split(","))
    mac = hmac.new(b"key-of-hook", f"{parts['t']}.".encode() + body, hashlib.sha256)
    assert parts["v1"] == mac.hexdigest()
    assert headers["Idempotency-Key"] == "CA1:score"


async def test_without_a_secret_it_is_not_signed(serve: Serve, tmp_path: Path) -> None:
    server = FakeScorer(scored(1))
    async with scoring(tmp_path, order(await serve(server.route()))) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
    assert call.webhook_score == 1.0
    assert "X-Understudy-Signature" not in server.requests[0][0]


@pytest.mark.parametrize(
    ("answers", "asked", "result"),
    [
        ((failed(500), failed(502)), 2, "refused"),
        ((failed(404),), 1, "refused"),
        ((failed(302, location="http://127.0.0.1:1/"),), 1, "refused"),
        ((scored(7), scored("0.7")), 2, "no_score"),
    ],
)
async def test_what_is_no_score_is_none(
    serve: Serve, tmp_path: Path, answers: tuple[Callable[[], web.Response], ...], asked: int, result: str
) -> None:
    """Asked twice where that may help; redirects are not followed."""
    server = FakeScorer(*answers)
    async with scoring(tmp_path, order(await serve(server.route()))) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
        assert proxy.results("webhook") == {result: 1}
    assert call.webhook_score is None
    assert len(server.requests) == asked


async def test_without_its_secret_it_is_not_asked(serve: Serve, tmp_path: Path) -> None:
    """An unsigned request would be taken for somebody else's."""
    server = FakeScorer(scored(1))
    told = order(await serve(server.route()), secretRef={"name": "gone"})
    async with scoring(tmp_path, told) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
        problems = await proxy.problems()
    assert (call.webhook_score, server.requests) == (None, [])
    assert ("quality.webhook", "MissingSecret") in problems


async def test_only_a_share_of_stables_calls_is_posted(serve: Serve, tmp_path: Path) -> None:
    """Of the canary's every one."""
    server = FakeScorer(scored(1))
    async with scoring(tmp_path, order(await serve(server.route()), samplePercent=1)) as proxy:
        for number in range(10):
            proxy.hang_up(Arm.STABLE, f"S{number}")
            proxy.hang_up(Arm.CANARY, f"C{number}")
        calls = await proxy.observed(20)
    scores = {arm: [call.webhook_score for call in calls if call.arm is arm] for arm in Arm}
    assert scores[Arm.CANARY] == [1.0] * 10
    assert scores[Arm.STABLE].count(None) >= 8
