"""Finished calls are scored by a judge model over OpenAI's protocol, before they are reported."""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web

from understudy.api.quality import JudgeModel
from understudy.apps.proxy.scoring import scorer
from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import running
from understudy.domain.calls.observation import CallEnd
from understudy.domain.routing.document import Arm, QualityOrder

from .conftest import Serve
from .scored import SAID, judge_account, scoring

GOOD = '{"reason": "The caller got the table.", "score": 8}'
SCRIPT = parse(
    {
        "recogniserProcesses": 0,
        "deployments": {
            "judges": {
                "apiKeys": ["key-of-judges"],
                "models": {
                    "judge": {"answer": GOOD, "firstMs": 1, "tokenMs": 0},
                    "chatty": {"answer": "I would give it an 8.", "firstMs": 1, "tokenMs": 0},
                    "slow": {"answer": GOOD, "firstMs": 30_000},
                },
            },
            "models": {},
            "closed": {"apiKeys": ["another-key"], "models": {"judge": {"answer": GOOD}}},
        },
    }
)


def order(url: str, model: str = "judge", account: dict[str, Any] | None = None, **judge: Any) -> QualityOrder:
    told = {"account": "judges", "model": model, "rubric": "The caller got what he called for.", "samplePercent": 100}
    return QualityOrder(
        judge=JudgeModel.model_validate(told | judge), judge_account=judge_account(url, **(account or {}))
    )


@pytest.mark.parametrize("arm", list(Arm))
async def test_a_call_is_scored_by_its_transcript_alone(tmp_path: Path, arm: Arm) -> None:
    """The unmodified wire of OpenAI, the Secret's key; neither arm, revision, prompt nor model is told."""
    async with running(SCRIPT) as simulator, scoring(tmp_path, order(simulator.url("judges") + "/v1")) as proxy:
        proxy.hang_up(arm)
        (call,) = await proxy.observed()
        [told] = simulator.deployments.create("judges").dialogues
        assert (call.judge_score, call.webhook_score) == (0.8, None)
        assert json.loads(told[1]["content"]) == SAID
        sent = json.dumps(told[:2])
        assert "The caller got what he called for." in told[0]["content"]
        assert not [word for word in ("canary", "stable", "aaaaaaaa", "bbbbbbbb", "Secret prompt") if word in sent]
        assert proxy.results() == {"ok": 1}
        assert proxy.metric("understudy_call_score_sum", arm=arm.value, scorer="judge") == 0.8


async def test_the_transcript_is_what_was_really_said(tmp_path: Path) -> None:
    """An agent with OpenAI's own client asks the call's model; the judge reads the dialogue that came of it."""
    asked: list[Any] = [{"role": "system", "content": "The agent's own."}]
    async with running(SCRIPT) as simulator:
        url = simulator.url("judges") + "/v1"
        async with scoring(tmp_path, order(url), model=simulator.url("models") + "/v1") as proxy:
            call = proxy.open()
            async with openai.AsyncOpenAI(
                api_key=call.token_text, base_url=f"http://127.0.0.1:{proxy.proxy.port}/v1"
            ) as agent:
                for line in ("what are your opening hours", "thank you goodbye"):
                    asked.append({"role": "user", "content": line})
                    answer = await agent.chat.completions.create(model="any", messages=asked)
                    asked.append({"role": "assistant", "content": answer.choices[0].message.content})
            proxy.proxy.context.registry.close(call, CallEnd.ASSISTANT_ENDED, "")
            (observed,) = await proxy.observed()
        [told] = simulator.deployments.create("judges").dialogues
    roles = {"user": "caller", "assistant": "assistant"}
    assert json.loads(told[1]["content"]) == [
        {"role": roles[message["role"]], "text": message["content"]} for message in asked[1:]
    ]
    assert observed.judge_score == 0.8


@pytest.mark.parametrize("api_version", [None, "2024-10-21"])
async def test_the_judge_may_be_a_deployment_on_azure(tmp_path: Path, api_version: str | None) -> None:
    """Both of Azure OpenAI's APIs; the judge's model is the deployment."""
    azure = {"provider": "azure-openai", "api_version": api_version}
    async with (
        running(SCRIPT) as simulator,
        scoring(tmp_path, order(simulator.url("judges"), account=azure)) as proxy,
    ):
        proxy.hang_up()
        (call,) = await proxy.observed()
    assert call.judge_score == 0.8


@pytest.mark.parametrize(
    ("deployment", "model", "longest", "result"),
    [
        ("judges", "chatty", "20s", "no_score"),
        ("judges", "slow", "1s", "timeout"),
        ("judges", "unknown", "20s", "refused"),
        ("closed", "judge", "20s", "refused"),
    ],
)
async def test_a_call_whose_score_does_not_come_is_reported_without(
    tmp_path: Path, deployment: str, model: str, longest: str, result: str
) -> None:
    """No score is none and never 0; the call waits for it no longer than `timeout`."""
    async with running(SCRIPT) as simulator:
        url = simulator.url(deployment) + "/v1"
        async with scoring(tmp_path, order(url, model, timeout=longest)) as proxy:
            proxy.hang_up()
            (call,) = await proxy.observed()
            assert call.judge_score is None
            assert proxy.results() == {result: 1}


@pytest.mark.parametrize(
    ("end", "talk"), [(CallEnd.DROPPED, True), (CallEnd.CALLER_HUNG_UP, False)], ids=["dropped", "silent"]
)
async def test_calls_that_are_not_scored_are_reported_at_once(tmp_path: Path, end: CallEnd, talk: bool) -> None:  # noqa: FBT001
    async with running(SCRIPT) as simulator, scoring(tmp_path, order(simulator.url("judges") + "/v1")) as proxy:
        proxy.hang_up(end=end, talk=talk)
        assert proxy.assistant.finished.last == 1
        assert proxy.results() == {}


async def test_the_budget_of_a_day_ends(tmp_path: Path) -> None:
    async with (
        running(SCRIPT) as simulator,
        scoring(tmp_path, order(simulator.url("judges") + "/v1", dailyCalls=2)) as proxy,
    ):
        for number in range(3):
            proxy.hang_up(call_id=f"CA{number}")
            await proxy.observed(number + 1)
        assert [call.judge_score for call in await proxy.observed(3)] == [0.8, 0.8, None]
        assert proxy.results() == {"ok": 2, "over_budget": 1}


class FakeJudge:
    """Answers as it is told, one answer after the other, the last one for ever."""

    def __init__(self, *answers: Callable[[], web.Response]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._answers = list(answers)

    def route(self) -> web.RouteDef:
        return web.post("/v1/chat/completions", self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer()


def said(content: str, **headers: str) -> Callable[[], web.Response]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return lambda: web.json_response({"object": "chat.completion", "choices": [choice]}, headers=headers)


def refused(status: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.json_response({"error": {"code": "no"}}, status=status, headers=headers)


@pytest.mark.parametrize(
    ("first", "asked"),
    [(refused(500), 2), (refused(404), 1), (said("Well."), 2), (refused(429), 1)],
    ids=["error", "unknown", "no score", "too many"],
)
async def test_it_is_asked_twice_at_most_and_where_that_may_help(
    serve: Serve, tmp_path: Path, first: Callable[[], web.Response], asked: int
) -> None:
    judge = FakeJudge(first, first, said(GOOD))
    async with scoring(tmp_path, order(await serve(judge.route()) + "/v1")) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
    assert call.judge_score is None
    assert len(judge.bodies) == asked


async def test_a_second_try_may_succeed(serve: Serve, tmp_path: Path) -> None:
    judge = FakeJudge(refused(503), said(GOOD))
    async with scoring(tmp_path, order(await serve(judge.route()) + "/v1")) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
    assert call.judge_score == 0.8


async def test_json_is_asked_for_where_the_server_knows_how(serve: Serve, tmp_path: Path) -> None:
    """One that refuses the fields is asked without them, and from then on at once."""
    knows, plain = FakeJudge(said(GOOD)), FakeJudge(refused(400), said(f"```json\n{GOOD}\n```"))
    for judge in (knows, plain):
        root = tmp_path / str(id(judge))
        async with scoring(root, order(await serve(judge.route()) + "/v1")) as proxy:
            for number in range(2):
                proxy.hang_up(call_id=f"CA{number}")
                await proxy.observed(number + 1)
            assert [call.judge_score for call in await proxy.observed(2)] == [0.8, 0.8]
    assert [body["response_format"] for body in knows.bodies] == [{"type": "json_object"}] * 2
    assert ["response_format" in body for body in plain.bodies] == [True, False, False]
    assert set(plain.bodies[2]) == {"model", "messages"}


@pytest.mark.parametrize(
    "full",
    [
        refused(429),
        said(GOOD, **{"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "5"}),
    ],
    ids=["refused", "nearly"],
)
async def test_an_account_near_its_limit_is_left_to_live_calls(
    serve: Serve, tmp_path: Path, full: Callable[[], web.Response]
) -> None:
    judge = FakeJudge(full, full, said(GOOD))
    async with scoring(tmp_path, order(await serve(judge.route()) + "/v1")) as proxy:
        for number in range(2):
            proxy.hang_up(call_id=f"CA{number}")
            await proxy.observed(number + 1)
        assert proxy.results()["busy"] == 1
    assert len(judge.bodies) == 1


async def test_the_key_stays_where_the_secret_allows_and_the_operator_is_told(serve: Serve, tmp_path: Path) -> None:
    judge = FakeJudge(said(GOOD))
    async with scoring(tmp_path, order(await serve(judge.route()) + "/v1")) as proxy:
        (tmp_path / "secrets" / "demo" / "judges" / "allowed-hosts").write_text("api.example.com")
        proxy.hang_up()
        (call,) = await proxy.observed()
        assert proxy.results() == {"no_key": 1}
        problems = await proxy.problems()
    assert call.judge_score is None
    assert ("judges", "HostNotAllowed") in problems
    assert judge.bodies == []


async def test_tokens_of_the_judges_account_are_fetched_ahead(tmp_path: Path) -> None:
    """It may be an account that no revision names."""
    entra = {"provider": "azure-openai", "auth": "EntraToken"}
    async with scoring(tmp_path, order("http://127.0.0.1:1", account=entra)) as proxy:
        kept = [account.name for _, account in proxy.proxy._accounts()]
    assert "judges" in kept


async def test_nothing_that_was_said_is_logged(serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not by a judge that quotes it where a score or an error belongs, either."""
    quoting = FakeJudge(
        said("Mrs Smith"),
        lambda: web.json_response({"error": {"code": "about Mrs Smith", "message": "Mrs Smith"}}, status=500),
    )
    caplog.set_level(logging.DEBUG, logger="understudy")
    async with scoring(tmp_path, order(await serve(quoting.route()) + "/v1")) as proxy:
        proxy.hang_up()
        (call,) = await proxy.observed()
    assert "gives no score" in caplog.text
    assert "Smith" not in caplog.text
    assert "Smith" not in call.model_dump_json()


async def test_a_proxy_that_stops_reports_what_waits(serve: Serve, tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    url = await serve(web.post("/v1/chat/completions", hang))
    async with scoring(tmp_path, order(f"{url}/v1")) as proxy:
        proxy.hang_up()
        await asked.wait()
        assistant = proxy.assistant
        assert assistant.finished.last == 0
    assert [call.judge_score for call in assistant.finished.since(0)] == [None]


class Gate:
    """A judge that answers nobody until it is opened."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[None] = asyncio.Queue()
        self.open = asyncio.Event()

    def route(self) -> web.RouteDef:
        return web.post("/v1/chat/completions", self.handle)

    async def handle(self, _: web.Request) -> web.Response:
        self.asked.put_nowait(None)
        await self.open.wait()
        return said(GOOD)()


async def test_a_few_are_asked_for_at_a_time_and_the_line_ends_somewhere(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds no place in it is reported at once, without a score."""
    monkeypatch.setattr(scorer, "MAX_WAITING", 6)
    gate = Gate()
    async with scoring(tmp_path, order(await serve(gate.route()) + "/v1")) as proxy:
        for number in range(7):
            proxy.hang_up(call_id=f"CA{number}")
            await asyncio.sleep(0)
        first = await proxy.observed()
        for _ in range(scorer.AT_ONCE):
            await asyncio.wait_for(gate.asked.get(), 5)
        assert gate.asked.empty()
        gate.open.set()
        calls = await proxy.observed(7)
        assert proxy.results() == {"ok": 6, "queue_full": 1}
    assert [(call.call_id, call.judge_score) for call in first] == [("CA6", None)]
    assert {call.judge_score for call in calls[1:]} == {0.8}
